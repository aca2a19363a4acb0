/**
 * One shard's events of one name, as the schema reads them: what is known when the reading begins, then column by column. Events do not
 * change, so all columns are read up to the length of the beginning, however much later.
 */

import { joinPath } from '../../base/path.ts';
import { CALL_OF_EVENT } from '../../model/call-event.ts';
import type { EventTable } from '../../profile/event-table.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { ValueColumn } from '../../profile/value-column.ts';
import { ArrayPaths } from './array-paths.ts';
import { type LibraryColumn, scanColumn } from './column-scan.ts';
import { FieldTally } from './field-tally.ts';
import type { Slices } from './slices.ts';

/** Calls that are kept as an event of a fixed name; a `track` of that name looks the same. */
const CONTEXT_PREFIX = 'context.';
/** More are no libraries but somebody's free text. */
const LIBRARY_COUNT_MAX = 1_000;
/** Of libraries that are named. */
export const SOURCE_COUNT_MAX = 20;

/** What one shard knows of its events of one name as a whole. Times are infinite where none is known. */
export interface EventHead {
  readonly name: string;
  readonly count: number;
  readonly profiles: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly libraries: readonly string[];
}

/** The kind of call that makes such events. */
export function callOf(event: string): string {
  return CALL_OF_EVENT.get(event) ?? 'track';
}

export class TableReading {
  readonly head: EventHead;
  /** Events that are looked at. */
  readonly length: number;
  readonly #table: EventTable;
  readonly #data: ShardData;
  readonly #library: ReturnType<typeof libraryOf>;

  /** `length`: as of an earlier reading, which this one goes on with. */
  constructor(data: ShardData, table: EventTable, length = table.eventCount) {
    this.#data = data;
    this.#table = table;
    this.length = length;
    this.#library = libraryOf(table);
    const { mins, maxs } = table.times;
    let firstMs = Number.POSITIVE_INFINITY;
    let lastMs = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < mins.length; c++) {
      firstMs = Math.min(firstMs, mins[c]);
      lastMs = Math.max(lastMs, maxs[c]);
    }
    this.head = {
      name: table.name,
      count: table.livingEventCount,
      profiles: table.livingParticipantCount,
      firstMs,
      lastMs,
      libraries: this.#library?.all() ?? [],
    };
  }

  property(column: ValueColumn, slices: Slices, isWhole: boolean): Promise<readonly FieldTally[]> {
    return this.#read(column, '', slices, isWhole);
  }

  context(column: ValueColumn, slices: Slices, isWhole: boolean): Promise<readonly FieldTally[]> {
    return this.#read(column, CONTEXT_PREFIX, slices, isWhole);
  }

  /** The column's own field, then those inside its arrays. */
  async #read(column: ValueColumn, prefix: string, slices: Slices, isWhole: boolean): Promise<readonly FieldTally[]> {
    const table = this.#table;
    const library = this.#library;
    const own = new FieldTally(prefix + joinPath(column.segments));
    own.sources.add(callOf(table.name));
    const fields = new Map([[own.name, own]]);
    const libraries = library === undefined ? undefined : { codes: library.codes, seen: library.fresh() };
    await scanColumn(column, own, {
      slices,
      length: this.length,
      isWhole,
      isDead: table.deadEventCount === 0 ? undefined : (index) => this.#data.isDead(table.rows.get(index)),
      times: table.times,
      libraries,
      paths: new ArrayPaths(fields, prefix),
    });
    if (library !== undefined && libraries !== undefined) {
      for (const text of library.names(libraries)) own.sources.add(text);
    }
    return [...fields.values()];
  }
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
