/** Names of traits, events and properties that one shard knows and that fit what was typed, with how often they are met, for completion. */
import { joinPath } from '../../base/path.ts';
import type { EventTable } from '../../profile/event-table.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { ValueColumn } from '../../profile/value-column.ts';
import { PathWalk } from '../schema/array-paths.ts';
import type { Slices } from '../schema/slices.ts';
import { matchRank } from './match.ts';

/** Indexes of a column that are looked at to tell how usual it is. */
const LOOK_COUNT = 64;
/** More columns are only named. */
const LOOKED_COLUMN_COUNT_MAX = 2_000;
const ARRAY_COUNT = 32;
/** Of one shard. Past it those are left out that fit worst and are least usual. */
const NAME_COUNT_MAX = 20_000;

/** Name → how usual it is, for the order; of an event, how many there are. */
export type Usage = Map<string, number>;

export type NameWeights = readonly (readonly [name: string, weight: number])[];

export interface NamesPart {
  readonly names: NameWeights;
  /** Paths in the context, without `context.`. */
  readonly contexts: NameWeights;
}

export async function traitNames({ profiles }: ShardData, typed: string, slices: Slices): Promise<NamesPart> {
  const usage: Usage = new Map();
  await addColumns(usage, profiles.traits, profiles.count, slices);
  for (const name of ['first_seen', 'last_seen']) usage.set(name, usage.get(name) ?? 0);
  return { names: fitting(usage, typed), contexts: [] };
}

/** With how many events there are of the name. */
export function eventNames({ tables }: ShardData, typed: string): NamesPart {
  const counts: Usage = new Map(tables.map((table) => [table.name, table.livingEventCount]));
  return { names: fitting(counts, typed), contexts: [] };
}

/** Of one event, or of all where none is named. */
export async function propertyNames(
  data: ShardData,
  event: string | undefined,
  typed: string,
  slices: Slices,
): Promise<NamesPart> {
  const usage: Usage = new Map();
  const contexts: Usage = new Map();
  const tables: readonly EventTable[] =
    event === undefined ? data.tables : [data.tableOf(event)].filter((table) => table !== undefined);
  for (const table of [...tables]) {
    await addColumns(usage, table.properties, table.eventCount, slices);
    if (event !== undefined) await addColumns(contexts, table.contexts, table.eventCount, slices);
  }
  return { names: fitting(usage, typed), contexts: fitting(contexts, typed, 'context.') };
}

/** Those that fit, in the order of first sight; past the bound in the order of how well. */
function fitting(usage: Usage, typed: string, prefix = ''): NameWeights {
  const ranked: { readonly name: string; readonly weight: number; readonly rank: number }[] = [];
  for (const [name, weight] of usage) {
    const rank = matchRank(prefix + name, typed);
    if (rank !== undefined) ranked.push({ name, weight, rank });
  }
  const isCut = ranked.length > NAME_COUNT_MAX;
  const given = isCut ? ranked.sort((a, b) => a.rank - b.rank || b.weight - a.weight).slice(0, NAME_COUNT_MAX) : ranked;
  return given.map(({ name, weight }) => [name, weight]);
}

async function addColumns(
  usage: Usage,
  columns: readonly ValueColumn[],
  length: number,
  slices: Slices,
): Promise<void> {
  const isLooked = columns.length <= LOOKED_COLUMN_COUNT_MAX;
  for (const column of [...columns]) {
    if (slices.isDue) await slices.pause();
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
