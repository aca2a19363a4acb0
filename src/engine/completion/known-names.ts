/**
 * Names of traits, events and properties that one shard knows and that fit what was typed, with how many profiles or events have each, for completion.
 * Counts are exact where the columns are short, else scaled up from an even part of them; paths inside arrays are counted as the arrays are.
 */
import { joinPath } from '../../base/path.ts';
import type { EventTable } from '../../profile/event-table.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import { MARK_NULL, type ValueColumn } from '../../profile/value-column.ts';
import { PathWalk } from '../schema/array-paths.ts';
import type { Slices } from '../schema/slices.ts';
import { matchRank } from './match.ts';

/** Indexes of a column that are looked at; those of a short one all are. */
const LOOK_COUNT = 256;
const WHOLE_COUNT_MAX = 8_192;
/** More columns are only named. */
const LOOKED_COLUMN_COUNT_MAX = 2_000;
const ARRAY_COUNT = 32;
/** Of one shard. Past it those are left out that fit worst and are least usual. */
const NAME_COUNT_MAX = 20_000;

export interface KnownName {
  readonly count: number;
  readonly isEstimate: boolean;
}
/** Name → how many profiles or events have it. */
export type Usage = Map<string, KnownName>;

/** As plain data. */
export type NameCounts = readonly (readonly [name: string, count: number, isEstimate: boolean])[];

export interface NamesPart {
  readonly names: NameCounts;
  /** Paths in the context, without `context.`. */
  readonly contexts: NameCounts;
}

/** Counts of several columns or shards under one name. */
export function addName(usage: Usage, name: string, { count, isEstimate }: KnownName): void {
  const before = usage.get(name);
  usage.set(name, { count: (before?.count ?? 0) + count, isEstimate: isEstimate || before?.isEstimate === true });
}

/** What is looked at of each of several columns. */
interface Stretch {
  readonly length: number;
  readonly isDead?: ((index: number) => boolean) | undefined;
}

export async function traitNames(data: ShardData, typed: string, slices: Slices): Promise<NamesPart> {
  const { profiles } = data;
  const usage: Usage = new Map();
  await addColumns(usage, profiles.traits, { length: profiles.count }, slices);
  // Everybody has them; they come last, since nobody chose them.
  for (const name of ['first_seen', 'last_seen']) if (!usage.has(name)) usage.set(name, { count: 0, isEstimate: true });
  return { names: fitting(usage, typed), contexts: [] };
}

/** With how many events there are of the name. */
export function eventNames({ tables }: ShardData, typed: string): NamesPart {
  const counts: Usage = new Map(
    tables.map(({ name, livingEventCount }) => [name, { count: livingEventCount, isEstimate: false }]),
  );
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
    const stretch: Stretch = {
      length: table.eventCount,
      isDead: table.deadEventCount === 0 ? undefined : (index) => data.isDead(table.rows.get(index)),
    };
    await addColumns(usage, table.properties, stretch, slices);
    if (event !== undefined) await addColumns(contexts, table.contexts, stretch, slices);
  }
  return { names: fitting(usage, typed), contexts: fitting(contexts, typed, 'context.') };
}

/** Those that fit, in the order of first sight; past the bound in the order of how well. */
function fitting(usage: Usage, typed: string, prefix = ''): NameCounts {
  const ranked: { readonly name: string; readonly known: KnownName; readonly rank: number }[] = [];
  for (const [name, known] of usage) {
    const rank = matchRank(prefix + name, typed);
    if (rank !== undefined) ranked.push({ name, known, rank });
  }
  const isCut = ranked.length > NAME_COUNT_MAX;
  const byFit = (a: (typeof ranked)[number], b: (typeof ranked)[number]): number =>
    a.rank - b.rank || b.known.count - a.known.count;
  const given = isCut ? ranked.sort(byFit).slice(0, NAME_COUNT_MAX) : ranked;
  return given.map(({ name, known }) => [name, known.count, known.isEstimate]);
}

async function addColumns(
  usage: Usage,
  columns: readonly ValueColumn[],
  stretch: Stretch,
  slices: Slices,
): Promise<void> {
  const isLooked = columns.length <= LOOKED_COLUMN_COUNT_MAX;
  for (const column of [...columns]) {
    if (slices.isDue) await slices.pause();
    const known = isLooked ? countOf(column, stretch) : { count: 0, isEstimate: true };
    addName(usage, joinPath(column.segments), known);
    if (isLooked && column.arrays !== undefined) addArrayPaths(usage, column, known.count);
  }
}

function countOf(column: ValueColumn, { length, isDead }: Stretch): KnownName {
  const isWhole = length <= WHOLE_COUNT_MAX;
  const step = isWhole ? 1 : Math.floor(length / LOOK_COUNT);
  let found = 0;
  let looked = 0;
  for (let index = length - 1; index >= 0; index -= step) {
    looked += 1;
    if (column.has(index) && column.marks?.get(index) !== MARK_NULL && isDead?.(index) !== true) found += 1;
  }
  return { count: looked === 0 ? 0 : Math.round((found / looked) * length), isEstimate: !isWhole };
}

/** `products.sku`: what the newest arrays hold. */
function addArrayPaths(usage: Usage, column: ValueColumn, count: number): void {
  const { dictionary } = column.arrays!;
  const walk = new PathWalk(column.segments);
  for (let code = dictionary.count; code > Math.max(0, dictionary.count - ARRAY_COUNT); code--) {
    dictionary.locate(code);
    const { block, start, size } = dictionary.heap;
    walk.run(block, start, size, (path) => {
      const name = joinPath(path);
      usage.set(name, { count: Math.max(usage.get(name)?.count ?? 0, count), isEstimate: true });
    });
  }
}
