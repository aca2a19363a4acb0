/** A JSON document → rows, one for every value at every path; the opposite direction of the naive model's walk. */
import { isJsonObject, type JsonValue } from '../naive/json-value.ts';

export type NodeKind = 'number' | 'string' | 'boolean' | 'null' | 'array' | 'object';
export interface NodeRow {
  /** The keys on the way, as JSON text. */
  readonly path: string;
  readonly ordinal: number;
  readonly kind: NodeKind;
  readonly value: JsonValue;
  readonly isInArray: boolean;
}

function kindOf(value: JsonValue): NodeKind {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value as NodeKind;
}

export function shred(document: JsonValue): readonly NodeRow[] {
  const rows: NodeRow[] = [];
  const pending: { keys: readonly string[]; value: JsonValue; isInArray: boolean }[] = [
    { keys: [], value: document, isInArray: false },
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { keys, value, isInArray } = next;
    rows.push({ path: pathKey(keys), ordinal: rows.length, kind: kindOf(value), value, isInArray });
    // Pushed backwards, so that elements come off in their order.
    if (Array.isArray(value))
      for (const element of value.toReversed()) pending.push({ keys, value: element, isInArray: true });
    else if (isJsonObject(value))
      for (const [key, member] of Object.entries(value))
        pending.push({ keys: [...keys, key], value: member, isInArray });
  }
  return rows;
}

export function pathKey(keys: readonly string[]): string {
  return JSON.stringify(keys);
}

/** `a\.b.c` → its keys, by taking the text apart into escapes, dots and plain runs. */
export function keysOf(path: string): readonly string[] {
  const keys: string[] = [''];
  for (const [, escaped, dot, plain] of path.matchAll(/\\(.)|(\.)|([^\\.]+)/gsu)) {
    if (dot !== undefined) keys.push('');
    else keys.push(`${keys.pop()}${escaped ?? plain}`);
  }
  return keys;
}
