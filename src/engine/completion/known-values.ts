/**
 * Values of one field in one shard, for completion: looked up in bounded time however long the column and however large its dictionary. Counts are
 * exact where all of the column was read, else scaled up from an even part of it; of a dictionary too large to count only values that
 * begin as typed are given, from its newest part.
 */
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import { type CodeColumn, NUMBER_MISSING, type NumberColumn, numberOf } from '../../memory/ladder-column.ts';
import type { TextColumn } from '../../profile/text-column.ts';
import { BOOLEAN_TRUE, type ValueColumn } from '../../profile/value-column.ts';
import { type ArrayVisitor, ArrayWalk } from '../../query/binder/array-walk.ts';
import type { PathReach } from '../../query/binder/path-reach.ts';
import { topCodes } from '../schema/top-values.ts';
import { GUESS_RANK, matchRank } from './match.ts';

/** Elements read of one column. */
const ELEMENT_COUNT_MAX = 16 * CHUNK_ROWS;
const NUMBER_COUNT_MAX = CHUNK_ROWS;
/** Dictionaries larger than this hold values of their own for nearly everybody. */
const COUNTED_ENTRY_COUNT_MAX = 262_144;
/** Entries whose text is looked at: the most frequent ones. */
const USUAL_COUNT = 1_000;
const COMPARED_ENTRY_COUNT_MAX = 200_000;
const WALKED_ARRAY_COUNT_MAX = 2_000;
/** Of all arrays together; past them none is taken. */
const ARRAY_VALUE_COUNT_MAX = 20_000;
/** Longer values are nothing that somebody picks from a list. */
const VALUE_SIZE_BYTES_MAX = 200;

export type KnownValue = string | number | boolean;

export interface ValuesPart {
  /** Count null = too many have the field to be counted. */
  readonly values: readonly (readonly [value: KnownValue, count: number | null])[];
  readonly isEstimate: boolean;
  /** The shard may have values that are not among these. */
  readonly isCut: boolean;
}

export class KnownValues {
  readonly #counts = new Map<KnownValue, number | undefined>();
  #isEstimate = false;
  #isCut = false;
  readonly #typed: string;
  readonly #limit: number;
  /** Of the column in hand. */
  readonly #found = new Set<string>();

  constructor(typed: string, limit: number) {
    this.#typed = typed;
    this.#limit = limit;
  }

  toPart(): ValuesPart {
    const values = [...this.#counts].map(([value, count]) => [value, count ?? null] as const);
    return { values, isEstimate: this.#isEstimate, isCut: this.#isCut };
  }

  /** `length`: rows or events of the column's table. */
  addReach(reach: PathReach, length: number): void {
    if (reach.exact !== undefined) this.#addColumn(reach.exact, length);
    for (const { column, rest } of reach.through)
      if (column.arrays !== undefined) this.#addArrays(column.arrays, rest, length);
  }

  #addColumn({ strings, numbers, booleans }: ValueColumn, length: number): void {
    if (strings !== undefined) this.#addTexts(strings, length);
    if (numbers !== undefined) this.#addNumbers(numbers, length);
    if (booleans === undefined) return;
    const { counts, scale } = this.#count(booleans, 3, length);
    for (const code of [1, 2]) this.#add(code === BOOLEAN_TRUE, counts[code], scale);
  }

  #add(value: KnownValue, count: number, scale: number): void {
    if (count > 0) this.#counts.set(value, (this.#counts.get(value) ?? 0) + Math.round(count * scale));
  }

  #addTexts(column: TextColumn, length: number): void {
    const { dictionary } = column;
    this.#found.clear();
    if (dictionary.count > COUNTED_ENTRY_COUNT_MAX) {
      this.#isCut = true;
      this.#addLike(column);
      return;
    }
    const { counts, scale } = this.#count(column.codes, dictionary.count + 1, length);
    const isTyped = this.#typed !== '';
    // Beginnings are compared as bytes, which is fast enough for all; what else fits is looked for among the most usual.
    const lookedCount = isTyped || dictionary.count <= USUAL_COUNT ? USUAL_COUNT : this.#limit;
    if (dictionary.count > lookedCount) this.#isCut = true;
    if (isTyped && dictionary.count > USUAL_COUNT && this.#addLike(column, counts, scale) >= this.#limit) return;
    for (const code of topCodes(counts, lookedCount)) {
      const text = readText(column, code);
      if (text !== undefined && !this.#found.has(text) && this.#isWanted(text)) this.#add(text, counts[code], scale);
    }
  }

  #isWanted(text: string): boolean {
    return (matchRank(text, this.#typed) ?? GUESS_RANK) < GUESS_RANK;
  }

  /** Entries that begin as typed, newest first, compared as bytes. Gives how many. */
  #addLike({ dictionary }: TextColumn, counts?: Uint32Array | undefined, scale = 1): number {
    if (dictionary.count > COMPARED_ENTRY_COUNT_MAX) this.#isEstimate = true;
    this.#found.clear();
    const typed = Buffer.from(this.#typed);
    const last = Math.max(1, dictionary.count - COMPARED_ENTRY_COUNT_MAX);
    let found = 0;
    for (let code = dictionary.count; code >= last && found < this.#limit; code--) {
      dictionary.locate(code);
      const { block, start, size } = dictionary.heap;
      if (size < typed.length || size > VALUE_SIZE_BYTES_MAX || counts?.[code] === 0) continue;
      let i = 0;
      while (i < typed.length && lower(block[start + i]) === lower(typed[i])) i += 1;
      if (i < typed.length) continue;
      const text = dictionary.text(code);
      if (counts !== undefined) this.#add(text, counts[code], scale);
      else if (!this.#counts.has(text)) this.#counts.set(text, undefined);
      this.#found.add(text);
      found += 1;
    }
    return found;
  }

  /** Whole chunks, spread evenly, the newest among them. */
  #count(column: CodeColumn, codeCount: number, length: number): { counts: Uint32Array; scale: number } {
    const counts = new Uint32Array(codeCount);
    const step = Math.max(1, Math.ceil(length / ELEMENT_COUNT_MAX));
    let read = 0;
    for (let c = column.chunkCount - 1; c >= 0; c -= step) {
      const size = Math.min(CHUNK_ROWS, length - c * CHUNK_ROWS);
      const view = column.chunk(c);
      read += Math.max(0, size);
      const until = Math.min(size, view?.length ?? 0);
      if (view !== undefined) for (let i = 0; i < until; i++) counts[view[i]] += 1;
    }
    counts[0] = 0;
    if (step > 1) this.#isEstimate = true;
    const present = Math.min(length, column.chunkCount * CHUNK_ROWS);
    return { counts, scale: step > 1 && read > 0 ? present / read : 1 };
  }

  #addNumbers(column: NumberColumn, length: number): void {
    const step = Math.max(1, Math.ceil(length / NUMBER_COUNT_MAX));
    const counts = new Map<number, number>();
    for (let c = 0; c < column.chunkCount; c++) {
      const view = column.chunk(c);
      if (view === undefined) continue;
      const rung = column.rungs[c];
      const missing = NUMBER_MISSING[rung];
      const until = Math.min(view.length, length - c * CHUNK_ROWS);
      for (let i = c % step; i < until; i += step) {
        const element = view[i];
        if (element === missing || Number.isNaN(element)) continue;
        const value = numberOf(element, rung);
        counts.set(value, (counts.get(value) ?? 0) + 1);
      }
    }
    if (step > 1) this.#isEstimate = true;
    const wanted = [...counts].filter(([value]) => String(value).startsWith(this.#typed));
    if (wanted.length > this.#limit) this.#isCut = true;
    for (const [value, count] of wanted.sort((a, b) => b[1] - a[1]).slice(0, this.#limit))
      this.#add(value, count, step);
  }

  /** Each value counts once an array, as conditions see it; of many different arrays only the newest are looked into. */
  #addArrays(column: TextColumn, rest: readonly string[], length: number): void {
    const { dictionary } = column;
    const isCounted = dictionary.count <= COUNTED_ENTRY_COUNT_MAX;
    const { counts, scale } = isCounted
      ? this.#count(column.codes, dictionary.count + 1, length)
      : { counts: undefined, scale: 1 };
    if (dictionary.count > WALKED_ARRAY_COUNT_MAX) this.#isEstimate = true;
    const walk = new ArrayWalk(rest);
    const seen = new Set<KnownValue>();
    let code = dictionary.count;
    const take = (value: KnownValue): false => {
      if (seen.has(value) || !this.#isWanted(String(value))) return false;
      seen.add(value);
      if (this.#counts.size >= ARRAY_VALUE_COUNT_MAX) this.#isCut = true;
      else if (counts === undefined) this.#counts.set(value, this.#counts.get(value));
      else this.#add(value, counts[code], scale);
      return false;
    };
    const visitor: ArrayVisitor = {
      present: () => false,
      number: take,
      boolean: take,
      text: (bytes, start, size) =>
        size <= VALUE_SIZE_BYTES_MAX &&
        take(Buffer.from(bytes.buffer, bytes.byteOffset + start, size).toString('utf8')),
    };
    const last = Math.max(1, dictionary.count - WALKED_ARRAY_COUNT_MAX + 1);
    for (; code >= last; code--) {
      if (counts?.[code] === 0) continue;
      seen.clear();
      walk.run(dictionary, code, visitor);
    }
  }
}

function readText({ dictionary }: TextColumn, code: number): string | undefined {
  dictionary.locate(code);
  return dictionary.heap.size > VALUE_SIZE_BYTES_MAX ? undefined : dictionary.text(code);
}

/** ASCII letters only: enough to compare beginnings. */
function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}
