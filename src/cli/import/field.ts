/**
 * Named values of a row gathered into one object: the traits or the properties of an item. A dot in a name nests
 * (`address.city`), `\\.` is a dot in the name itself.
 */
import type { Read } from './source.ts';

export interface Field<Row> {
  readonly path: readonly string[];
  readonly read: Read<Row>;
}

/** Undefined when every field is blank. Objects without a prototype, so that `__proto__` is a name like any other. */
export function readFields<Row>(fields: readonly Field<Row>[], row: Row): object | undefined {
  let root: Record<string, unknown> | undefined;
  for (const { path, read } of fields) {
    const value = read(row);
    if (value === undefined) continue;
    root ??= Object.create(null) as Record<string, unknown>;
    let target = root;
    for (let step = 0; step < path.length - 1; step++) {
      const inner = target[path[step]];
      if (typeof inner === 'object' && inner !== null) target = inner as Record<string, unknown>;
      else {
        const made = Object.create(null) as Record<string, unknown>;
        target[path[step]] = made;
        target = made;
      }
    }
    target[path[path.length - 1]] = value;
  }
  return root;
}

/** `address.city` → two steps; `\.` is a dot in a name. */
export function splitPath(name: string): string[] {
  return name.split(/(?<!\\)\./).map((step) => step.replaceAll('\\.', '.').replaceAll('\\\\', '\\'));
}

/** A column's own name as a name that `splitPath` gives back whole. */
export function escapeName(name: string): string {
  return name.replaceAll('\\', '\\\\').replaceAll('.', '\\.');
}
