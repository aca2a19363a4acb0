/**
 * The catalogue of everything that was ever sent, made from the columns when asked and kept nowhere. It is read in slices, so writes
 * go on meanwhile: all figures of one event are of the moment at which its reading began, those of traits may differ by what was
 * written during the reading. A trait has no times: when a value was set is not kept. Examples are people's data: they go to who
 * asked, with a key that may read profiles, and nowhere else.
 */
import { formatIsoDate } from '../../base/iso-date.ts';
import { joinPath } from '../../base/path.ts';
import type { EventSchema, FieldSchema, Schema, SchemaNarrowing } from '../../model/schema.ts';
import type { EventTable } from '../../profile/event-table.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { ValueColumn } from '../../profile/value-column.ts';
import type { Shard } from '../../shard/shard.ts';
import { ArrayPaths } from './array-paths.ts';
import { type LibraryColumn, scanColumn } from './column-scan.ts';
import { FieldTally } from './field-tally.ts';
import type { Slices } from './slices.ts';

/** Calls that are kept as an event of a fixed name; a `track` of that name looks the same. */
const CALL_OF_EVENT: ReadonlyMap<string, string> = new Map([
  ['Page Viewed', 'page'],
  ['Screen Viewed', 'screen'],
  ['Group Joined', 'group'],
]);
const CONTEXT_PREFIX = 'context.';
/** More are no libraries but somebody's free text. */
const LIBRARY_COUNT_MAX = 1_000;
const SOURCE_COUNT_MAX = 20;

/** With an event named only its fields are read; with a trait only that one, and what is below it. */
export async function readSchema(
  shards: readonly Shard[],
  slices: Slices,
  narrowing: SchemaNarrowing = {},
): Promise<Schema> {
  const { event, trait } = narrowing;
  const isAll = event === undefined && trait === undefined;
  const events = isAll || event !== undefined ? await readEvents(shards, slices, event) : [];
  const traits = isAll || trait !== undefined ? await readTraits(shards, slices, trait) : [];
  return { profiles: shards.reduce((sum, shard) => sum + shard.data.profileCount, 0), events, traits };
}

/** A table and the shard whose it is. */
interface OwnedTable {
  readonly table: EventTable;
  readonly data: ShardData;
}

async function readEvents(
  shards: readonly Shard[],
  slices: Slices,
  only: string | undefined,
): Promise<readonly EventSchema[]> {
  const tables = new Map<string, OwnedTable[]>();
  for (const { data } of shards) {
    for (const table of data.tables) {
      if (only === undefined || table.name === only) groupOf(tables, table.name).push({ table, data });
    }
  }
  const events: EventSchema[] = [];
  for (const [name, parts] of tables) {
    // All who did it moved to other shards.
    if (parts.every(({ table }) => table.livingEventCount === 0)) continue;
    events.push(await readEvent(name, parts, slices, shards.length === 1));
  }
  return events.sort((a, b) => b.count - a.count);
}

async function readEvent(
  name: string,
  tables: readonly OwnedTable[],
  slices: Slices,
  isWhole: boolean,
): Promise<EventSchema> {
  const parts = tables.map(({ table, data }) => ({
    table,
    length: table.eventCount,
    count: table.livingEventCount,
    isDead: table.deadEventCount === 0 ? undefined : (index: number) => data.isDead(table.rows.get(index)),
    library: libraryOf(table),
  }));
  const call = CALL_OF_EVENT.get(name) ?? 'track';
  const fields = new Map<string, FieldTally>();
  const contextFields = new Map<string, FieldTally>();
  const paths = new ArrayPaths(fields);
  const contextPaths = new ArrayPaths(contextFields, CONTEXT_PREFIX);
  let firstMs = Number.POSITIVE_INFINITY;
  let lastMs = Number.NEGATIVE_INFINITY;
  let profiles = 0;
  for (const { table, length, library, isDead } of parts) {
    profiles += table.livingParticipantCount;
    const { mins, maxs } = table.times;
    for (let c = 0; c < mins.length; c++) {
      firstMs = Math.min(firstMs, mins[c]);
      lastMs = Math.max(lastMs, maxs[c]);
    }
    const read = async (column: ValueColumn, tally: FieldTally, inside: ArrayPaths): Promise<void> => {
      const libraries = library === undefined ? undefined : { codes: library.codes, seen: library.fresh() };
      await scanColumn(column, tally, {
        slices,
        length,
        isWhole,
        isDead,
        times: table.times,
        libraries,
        paths: inside,
      });
      if (library === undefined || libraries === undefined) return;
      for (const text of library.names(libraries)) tally.sources.add(text);
    };
    for (const column of [...table.properties]) {
      await read(column, tallyOf(fields, joinPath(column.segments), call), paths);
    }
    for (const column of [...table.contexts]) {
      const name = CONTEXT_PREFIX + joinPath(column.segments);
      await read(column, tallyOf(contextFields, name, call), contextPaths);
    }
  }
  const libraryNames = new Set(parts.flatMap(({ library }) => library?.all() ?? []));
  const properties = [...fields.values(), ...contextFields.values()];
  for (const tally of properties) tally.sources.add(call);
  return {
    name,
    count: parts.reduce((sum, part) => sum + part.count, 0),
    profiles,
    firstAt: Number.isFinite(firstMs) ? formatIsoDate(firstMs) : null,
    lastAt: Number.isFinite(lastMs) ? formatIsoDate(lastMs) : null,
    sources: [call, ...libraryNames].slice(0, SOURCE_COUNT_MAX),
    properties: properties.map((tally) => tally.toSchema()).filter((field) => field.types.length > 0),
  };
}

async function readTraits(
  shards: readonly Shard[],
  slices: Slices,
  only: string | undefined,
): Promise<readonly FieldSchema[]> {
  const fields = new Map<string, FieldTally>();
  const paths = new ArrayPaths(fields);
  const isWanted = (name: string): boolean => only === undefined || name === only || name.startsWith(`${only}.`);
  for (const shard of shards) {
    const { profiles } = shard.data;
    for (const column of [...profiles.traits]) {
      const name = joinPath(column.segments);
      // A path through an array is asked for by the array.
      const isAbove = only?.startsWith(`${name}.`) === true && column.arrays !== undefined;
      if (!isWanted(name) && !isAbove) continue;
      const context = { slices, length: profiles.count, isWhole: shards.length === 1, paths };
      const tally = tallyOf(fields, name, 'identify');
      tally.see(column.firstSetMs, column.lastSetMs);
      await scanColumn(column, tally, context);
    }
  }
  const all = [...fields.values()].filter((tally) => isWanted(tally.name));
  for (const tally of all) tally.sources.add('identify');
  return all
    .map((tally) => tally.toSchema())
    .filter((field) => field.types.length > 0)
    .sort((a, b) => b.count - a.count);
}

/** The column of `context.library.name`, where it holds texts. */
function libraryOf(table: EventTable) {
  const isLibrary = ({ segments }: ValueColumn): boolean =>
    segments.length === 2 && segments[0] === 'library' && segments[1] === 'name';
  const strings = table.contexts.find(isLibrary)?.strings;
  if (strings === undefined || strings.dictionary.count > LIBRARY_COUNT_MAX) return undefined;
  const { dictionary, codes } = strings;
  const count = dictionary.count + 1;
  const textsOf = (isThere: (code: number) => boolean): string[] => {
    const texts: string[] = [];
    for (let code = 1; code < count && texts.length < SOURCE_COUNT_MAX; code++)
      if (isThere(code)) texts.push(dictionary.text(code).slice(0, 64));
    return texts;
  };
  return {
    codes,
    fresh: () => new Uint8Array(count),
    names: ({ seen }: LibraryColumn) => textsOf((code) => seen[code] === 1),
    all: () => textsOf(() => true),
  };
}

/** `source` is the first of its sources. */
function tallyOf(fields: Map<string, FieldTally>, name: string, source: string): FieldTally {
  let tally = fields.get(name);
  if (tally === undefined) {
    tally = new FieldTally(name);
    tally.sources.add(source);
    fields.set(name, tally);
  }
  return tally;
}

function groupOf<Value>(groups: Map<string, Value[]>, key: string): Value[] {
  let group = groups.get(key);
  if (group === undefined) {
    group = [];
    groups.set(key, group);
  }
  return group;
}
