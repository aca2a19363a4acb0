/**
 * Reads one column into a tally, chunk by chunk with turns between. Events do not change once written, so all properties of an event
 * are read up to one length; traits do change, and a column whose codes were renumbered meanwhile is read again.
 */
import { parseIsoDateBytesMs } from '../../base/iso-date.ts';
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import { type CodeColumn, NUMBER_MISSING, type NumberColumn, numberOf } from '../../memory/ladder-column.ts';
import type { TimeColumn } from '../../memory/time-column.ts';
import type { TextColumn } from '../../profile/text-column.ts';
import { BOOLEAN_FALSE, BOOLEAN_TRUE, MARK_EMPTY, MARK_NULL, type ValueColumn } from '../../profile/value-column.ts';
import { type ArrayPaths, type CodeTimes, SAMPLE_COUNT } from './array-paths.ts';
import type { FieldTally } from './field-tally.ts';
import type { Slices } from './slices.ts';
import { exampleText, TopKeys } from './top-values.ts';

/** Candidates that one shard's column brings. */
const TOP_CODE_COUNT = 64;
const ENTRIES_PER_LOOK = 256;
const NUMBERS_PER_LOOK = 2_048;
/** Numbers whose occurrences are counted, for examples: those met first. */
const COUNTED_NUMBER_COUNT_MAX = 8_192;
/** Chunks of a number column whose values are all counted. */
const FULL_CHUNK_COUNT = 8;

export interface ScanContext {
  readonly slices: Slices;
  /** Indexes [0, length) are read. */
  readonly length: number;
  /** There is no other shard: its dictionaries tell how many texts are distinct. */
  readonly isWhole: boolean;
  /** Of events: whether the profile is gone; absent = none is. */
  readonly isDead?: ((index: number) => boolean) | undefined;
  /** Of events. */
  readonly times?: TimeColumn | undefined;
  /** Of events: which library sent each. */
  readonly libraries?: LibraryColumn | undefined;
  /** Given each array column, to look for paths inside. */
  readonly paths: ArrayPaths;
}

export interface LibraryColumn {
  readonly codes: CodeColumn;
  /** 1 where the code was met; as many as there were libraries when the scan began. */
  readonly seen: Uint8Array;
}

type View = { readonly length: number; readonly [index: number]: number };

export async function scanColumn(column: ValueColumn, tally: FieldTally, context: ScanContext): Promise<void> {
  const { numbers, strings, booleans, arrays, marks } = column;
  if (numbers !== undefined) await scanNumbers(numbers, tally, context);
  if (strings !== undefined) {
    const counts = await countCodes(strings, tally, context);
    tally.count('string', await readTexts(strings, counts, tally, context));
  }
  if (booleans !== undefined) {
    const counts = new Uint32Array(3);
    await scanCodes(booleans, counts, tally, context);
    for (const code of [BOOLEAN_TRUE, BOOLEAN_FALSE]) {
      if (counts[code] === 0) continue;
      tally.values.add(code === BOOLEAN_TRUE, counts[code]);
      tally.distinct.addBoolean(code === BOOLEAN_TRUE);
    }
    tally.count('boolean', counts[BOOLEAN_TRUE] + counts[BOOLEAN_FALSE]);
  }
  if (arrays !== undefined) {
    const counts = await countCodes(arrays, tally, context);
    tally.count('array', await readArrays(arrays, counts, tally, context));
    await context.paths.read(
      column.segments,
      { column: arrays, counts, times: await codeTimes(arrays, context) },
      tally,
      context.slices,
    );
  }
  if (marks !== undefined) {
    const counts = new Uint32Array(3);
    await scanCodes(marks, counts, undefined, context);
    tally.count('null', counts[MARK_NULL]);
    tally.count('object', counts[MARK_EMPTY]);
  }
}

/** How often each code stands, of one numbering. */
async function countCodes(column: TextColumn, tally: FieldTally, context: ScanContext): Promise<Uint32Array> {
  for (;;) {
    const { generation } = column;
    const counts = new Uint32Array(column.dictionary.count + 1);
    await scanCodes(column.codes, counts, tally, context);
    if (column.generation === generation) return counts;
  }
}

/** When the first and the last event of each code were, where so few codes are known that each of them is looked into. */
async function codeTimes(
  column: TextColumn,
  { times, isDead, length, slices }: ScanContext,
): Promise<CodeTimes | undefined> {
  const { generation, dictionary, codes } = column;
  if (times === undefined || dictionary.count > SAMPLE_COUNT) return undefined;
  const firstMs = new Float64Array(dictionary.count + 1).fill(Number.POSITIVE_INFINITY);
  const lastMs = new Float64Array(dictionary.count + 1).fill(Number.NEGATIVE_INFINITY);
  for (let c = 0; c < codes.chunkCount; c++) {
    if (slices.isDue) await slices.pause();
    const view = codes.chunk(c);
    if (view === undefined) continue;
    const first = c * CHUNK_ROWS;
    const until = Math.min(view.length, length - first, times.length - first);
    for (let i = 0; i < until; i++) {
      const code = view[i];
      if (code === 0 || isDead?.(first + i) === true) continue;
      const ms = times.get(first + i);
      if (ms < firstMs[code]) firstMs[code] = ms;
      if (ms > lastMs[code]) lastMs[code] = ms;
    }
  }
  return column.generation === generation ? { firstMs, lastMs } : undefined;
}

async function scanCodes(
  column: CodeColumn,
  counts: Uint32Array,
  tally: FieldTally | undefined,
  context: ScanContext,
): Promise<void> {
  const { slices } = context;
  for (let c = 0; c < column.chunkCount; c++) {
    if (slices.isDue) await slices.pause();
    const view = column.chunk(c);
    const length = Math.min(view?.length ?? 0, context.length - c * CHUNK_ROWS);
    if (view === undefined || length <= 0) continue;
    // Codes given out since the counts were made fall off their end.
    const { isDead } = context;
    const first = c * CHUNK_ROWS;
    if (isDead === undefined) for (let i = 0; i < length; i++) counts[view[i]] += 1;
    else for (let i = 0; i < length; i++) if (!isDead(first + i)) counts[view[i]] += 1;
    if (tally !== undefined) seeEvents(view, 0, c, length, tally, context);
  }
  counts[0] = 0;
}

async function scanNumbers(column: NumberColumn, tally: FieldTally, context: ScanContext): Promise<void> {
  const { slices } = context;
  const counts = new Map<number, number>();
  // Examples of a long column are taken from a part of it.
  const stride = column.chunkCount > FULL_CHUNK_COUNT ? 16 : 1;
  let found = 0;
  for (let c = 0; c < column.chunkCount; c++) {
    const whole = Math.min(column.chunk(c)?.length ?? 0, context.length - c * CHUNK_ROWS);
    // A chunk of numbers is hashed value by value: many slices.
    for (let from = 0; from < whole; from += NUMBERS_PER_LOOK) {
      if (slices.isDue) await slices.pause();
      const view = column.chunk(c) as View;
      const rung = column.rungs[c];
      const missing = NUMBER_MISSING[rung];
      const until = Math.min(whole, from + NUMBERS_PER_LOOK);
      for (let i = from; i < until; i++) {
        const element = view[i];
        if (element === missing || Number.isNaN(element) || context.isDead?.(c * CHUNK_ROWS + i) === true) continue;
        const value = numberOf(element, rung);
        found += 1;
        tally.distinct.addNumber(value);
        if (i % stride !== 0) continue;
        const before = counts.get(value);
        if (before !== undefined) counts.set(value, before + 1);
        else if (counts.size < COUNTED_NUMBER_COUNT_MAX) counts.set(value, 1);
      }
    }
    const view = column.chunk(c);
    if (view !== undefined && whole > 0) seeEvents(view, NUMBER_MISSING[column.rungs[c]], c, whole, tally, context);
  }
  const top = new TopKeys(TOP_CODE_COUNT);
  for (const [value, count] of counts) top.consider(value, count);
  for (const value of top.keys) tally.values.add(value, counts.get(value) ?? 0);
  tally.count('number', found);
}

/** The times and libraries of the events of the chunk that have a value. */
function seeEvents(
  view: View,
  missing: number,
  chunk: number,
  length: number,
  tally: FieldTally,
  { times, libraries }: ScanContext,
): void {
  if (times !== undefined && chunk < times.chunkCount) {
    const start = chunk * CHUNK_ROWS;
    let first = Number.POSITIVE_INFINITY;
    let last = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < length; i++) {
      const value = view[i];
      if (value === missing || Number.isNaN(value)) continue;
      const timeMs = times.get(start + i);
      if (timeMs < first) first = timeMs;
      if (timeMs > last) last = timeMs;
    }
    tally.see(first, last);
  }
  const codes = libraries?.codes.chunk(chunk);
  if (libraries === undefined || codes === undefined) return;
  const { seen } = libraries;
  const until = Math.min(length, codes.length);
  for (let i = 0; i < until; i++) if (view[i] !== missing && !Number.isNaN(view[i])) seen[codes[i]] = 1;
}

/** Distinct texts, the most frequent ones, and whether all are dates. Gives how many values there are. */
async function readTexts(
  column: TextColumn,
  counts: Uint32Array,
  tally: FieldTally,
  { slices, isWhole }: ScanContext,
): Promise<number> {
  const { generation, dictionary } = column;
  let total = 0;
  let usedCount = 0;
  const top = new TopKeys(TOP_CODE_COUNT);
  for (let code = 1; code < counts.length; code++) {
    if (code % ENTRIES_PER_LOOK === 0 && slices.isDue) {
      await slices.pause();
      // Renumbered: what was counted stands, the texts behind the codes are gone.
      if (column.generation !== generation) break;
    }
    if (counts[code] === 0) continue;
    total += counts[code];
    usedCount += 1;
    top.consider(code, counts[code]);
    if (!tally.areAllDates && isWhole) continue;
    dictionary.locate(code);
    const { block, start, size } = dictionary.heap;
    if (!isWhole) tally.distinct.addBytes(block, start, size);
    if (tally.areAllDates && Number.isNaN(parseIsoDateBytesMs(block, start, size))) tally.areAllDates = false;
  }
  if (isWhole) tally.distinctInDictionaries += usedCount;
  if (column.generation === generation) {
    for (const code of top.keys) {
      dictionary.locate(code);
      const { block, start, size } = dictionary.heap;
      tally.values.add(exampleText(block, start, size), counts[code]);
    }
  }
  return total;
}

async function readArrays(
  column: TextColumn,
  counts: Uint32Array,
  tally: FieldTally,
  { slices, isWhole }: ScanContext,
): Promise<number> {
  const { generation, dictionary } = column;
  let total = 0;
  let usedCount = 0;
  for (let code = 1; code < counts.length; code++) {
    if (counts[code] === 0) continue;
    total += counts[code];
    usedCount += 1;
    if (isWhole) continue;
    if (code % ENTRIES_PER_LOOK === 0 && slices.isDue) await slices.pause();
    if (column.generation !== generation) continue;
    dictionary.locate(code);
    tally.distinct.addBytes(dictionary.heap.block, dictionary.heap.start, dictionary.heap.size);
  }
  if (isWhole) tally.distinctInDictionaries += usedCount;
  return total;
}
