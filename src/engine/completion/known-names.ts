/** Names of traits, events and properties over all shards, with how often they are met, for completion. */
import { joinPath } from '../../base/path.ts';
import type { EventTable } from '../../profile/event-table.ts';
import type { ValueColumn } from '../../profile/value-column.ts';
import type { Shard } from '../../shard/shard.ts';
import { PathWalk } from '../schema/array-paths.ts';

/** Indexes of a column that are looked at to tell how usual it is. */
const LOOK_COUNT = 64;
/** More columns are only named. */
const LOOKED_COLUMN_COUNT_MAX = 2_000;
const ARRAY_COUNT = 32;
const CONTEXT_PREFIX = 'context.';

/** Name → how usual it is, for the order; no count. */
export type Usage = Map<string, number>;

export function traitUsage(shards: readonly Shard[]): Usage {
  const usage: Usage = new Map();
  for (const { data } of shards) {
    addColumns(usage, data.profiles.traits, data.profiles.count);
    for (const name of ['first_seen', 'last_seen']) usage.set(name, usage.get(name) ?? 0);
  }
  return usage;
}

/** Events of the name. */
export function eventCounts(shards: readonly Shard[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { data } of shards)
    for (const table of data.tables) counts.set(table.name, (counts.get(table.name) ?? 0) + table.livingEventCount);
  return counts;
}

/** Of one event, or of all where none is named. */
export function propertyUsage(shards: readonly Shard[], event: string | undefined): Usage {
  const usage: Usage = new Map();
  const contexts: Usage = new Map();
  for (const { data } of shards) {
    const tables: readonly EventTable[] =
      event === undefined ? data.tables : [data.tableOf(event)].filter((table) => table !== undefined);
    for (const table of tables) {
      addColumns(usage, table.properties, table.eventCount);
      if (event !== undefined) addColumns(contexts, table.contexts, table.eventCount);
    }
  }
  // After all properties, however usual.
  for (const [name, weight] of contexts)
    usage.set(CONTEXT_PREFIX + name, usage.get(CONTEXT_PREFIX + name) ?? weight - 2);
  return usage;
}

function addColumns(usage: Usage, columns: readonly ValueColumn[], length: number): void {
  const isLooked = columns.length <= LOOKED_COLUMN_COUNT_MAX;
  for (const column of columns) {
    const name = joinPath(column.segments);
    const weight = isLooked ? shareOf(column, length) : 0;
    usage.set(name, (usage.get(name) ?? 0) + weight);
    if (isLooked && column.arrays !== undefined) addArrayPaths(usage, column, weight);
  }
}

function shareOf(column: ValueColumn, length: number): number {
  const step = Math.max(1, Math.floor(length / LOOK_COUNT));
  let found = 0;
  let looked = 0;
  for (let index = length - 1; index >= 0 && looked < LOOK_COUNT; index -= step) {
    looked += 1;
    if (column.has(index)) found += 1;
  }
  return looked === 0 ? 0 : found / looked;
}

/** `products.sku`: what the newest arrays hold. */
function addArrayPaths(usage: Usage, column: ValueColumn, weight: number): void {
  const { dictionary } = column.arrays!;
  const walk = new PathWalk(column.segments);
  for (let code = dictionary.count; code > Math.max(0, dictionary.count - ARRAY_COUNT); code--) {
    dictionary.locate(code);
    const { block, start, size } = dictionary.heap;
    walk.run(block, start, size, (path) => usage.set(joinPath(path), Math.max(usage.get(joinPath(path)) ?? 0, weight)));
  }
}
