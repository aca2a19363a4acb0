/**
 * The columns that a path reaches: the one at exactly this path, those below it (for `exists` of an object), and arrays at or
 * above it, which are walked along the rest of the path. At one index at most one of them holds a value, because writing
 * a value at a path removes what stood above and below it.
 */
import { splitPath } from '../../base/path.ts';
import type { EventTable } from '../../profile/event-table.ts';
import type { ValueColumn } from '../../profile/value-column.ts';

export interface PathReach {
  readonly exact: ValueColumn | undefined;
  readonly below: readonly ValueColumn[];
  readonly through: readonly { readonly column: ValueColumn; readonly rest: readonly string[] }[];
}

export function reachPath(columns: readonly ValueColumn[], segments: readonly string[]): PathReach {
  let exact: ValueColumn | undefined;
  const below: ValueColumn[] = [];
  const through: { column: ValueColumn; rest: readonly string[] }[] = [];
  for (const column of columns) {
    const own = column.segments;
    const shared = Math.min(own.length, segments.length);
    let i = 0;
    while (i < shared && own[i] === segments[i]) i += 1;
    if (i < shared) continue;
    if (own.length > segments.length) {
      below.push(column);
      continue;
    }
    if (own.length === segments.length) exact = column;
    if (column.arrays !== undefined) through.push({ column, rest: segments.slice(own.length) });
  }
  return { exact, below, through };
}

export function isNothing(reach: PathReach): boolean {
  return reach.exact === undefined && reach.below.length === 0 && reach.through.length === 0;
}

/** `contexts` only where the path may fall through to the context. */
export function reachProperty(
  table: EventTable,
  path: string,
): { properties: PathReach; contexts: PathReach | undefined } {
  const segments = splitPath(path);
  const properties = reachPath(table.properties, segments);
  if (segments.length < 2 || segments[0] !== 'context') return { properties, contexts: undefined };
  const contexts = reachPath(table.contexts, segments.slice(1));
  if (isNothing(contexts)) return { properties, contexts: undefined };
  return { properties, contexts };
}
