/**
 * Sets of profile rows, compressed (roaring). A `RowSet` never changes: algebra makes a new one, in micro- to
 * milliseconds for millions of rows, on the shard's own thread. A `RowBitmap` is the one kind that does change: an index
 * keeps one per value; the set it lends out stays as it was, because the next write after a loan goes to a copy.
 */
import roaring, { type ReadonlyRoaringBitmap32, type RoaringBitmap32 } from 'roaring';
import { CONTAINER_WORDS, decodePortable, encodePortable, fillBits, wordCountOf } from './portable-bitset.ts';

const Bitmap = roaring.RoaringBitmap32;

/** Whole containers, half a million rows. */
const STEP_WORDS = 8 * CONTAINER_WORDS;
const WORD_NS = 12;
/** Of a container; with more it is dense bits. */
const ARRAY_ROWS_MAX = 4_096;

/** What is in both, or in the first and not in the second; or what bits tell. */
type Pending =
  | { readonly kind: 'and' | 'andNot'; readonly a: ReadonlyRoaringBitmap32; readonly b: ReadonlyRoaringBitmap32 }
  | { readonly kind: 'words'; readonly words: Uint32Array };

/** See `RowSet.assembled`. */
export interface RowAssembly {
  /** Absent = nobody. */
  readonly of: RowSet | undefined;
  readonly without: RowSet | undefined;
  readonly added: readonly RowSet[];
  readonly removed: readonly RowSet[];
  /** Each in ascending order. */
  readonly lists: readonly Uint32Array[];
}

export class RowSet {
  #made: ReadonlyRoaringBitmap32 | undefined;
  /** Not made until more than its size is asked for, which is told without making it. */
  #pending: Pending | undefined;
  #pendingSize: number;

  private constructor(made: ReadonlyRoaringBitmap32 | undefined, pending?: Pending, pendingSize = -1) {
    this.#made = made;
    this.#pending = pending;
    this.#pendingSize = pendingSize;
  }

  get #rows(): ReadonlyRoaringBitmap32 {
    if (this.#made === undefined) {
      this.#made = madeOf(this.#pending!);
      this.#pending = undefined;
    }
    return this.#made;
  }

  static empty(): RowSet {
    return new RowSet(new Bitmap());
  }

  /** Rows `[0, rowCount)`. */
  static all(rowCount: number): RowSet {
    return new RowSet(rowCount === 0 ? new Bitmap() : Bitmap.fromRange(0, rowCount));
  }

  static of(rows: Uint32Array): RowSet {
    return new RowSet(new Bitmap(rows));
  }

  /** Bit i of the words = row i. */
  static ofWords(words: Uint32Array): RowSet {
    return new RowSet(madeOf({ kind: 'words', words }));
  }

  /** The same where it is known how many bits are set, of words that nobody writes to any more. */
  static ofCountedWords(words: Uint32Array, count: number): RowSet {
    return new RowSet(undefined, { kind: 'words', words }, count);
  }

  /** The same for many rows, in pieces. Yields what each is estimated to have cost (ns). */
  static *ofWordsSteps(words: Uint32Array): Generator<number, RowSet, void> {
    if (words.length <= STEP_WORDS) return RowSet.ofWords(words);
    const sets: RowSet[] = [];
    for (let from = 0; from < words.length; from += STEP_WORDS) {
      const bytes = encodePortable(words.subarray(from, from + STEP_WORDS), from / CONTAINER_WORDS);
      if (bytes !== undefined) sets.push(new RowSet(Bitmap.deserialize(bytes, 'portable')));
      yield STEP_WORDS * WORD_NS;
    }
    return RowSet.union(sets);
  }

  /** Of a roaring bitmap that nobody writes to any more. Inside this folder only. */
  static ofRoaring(rows: ReadonlyRoaringBitmap32): RowSet {
    return new RowSet(rows);
  }

  /** A copy that may be written to. Inside this folder only. */
  toRoaring(): RoaringBitmap32 {
    return new Bitmap(this.#rows);
  }

  static union(sets: readonly RowSet[]): RowSet {
    if (sets.length === 1) return sets[0];
    return new RowSet(sets.length === 0 ? new Bitmap() : Bitmap.orMany(sets.map((set) => set.#rows)));
  }

  /**
   * Made step by step in one bitmap: the rows `of` without those `without`, those `added`, not those `removed` (also of the added ones), and
   * those of the `lists`.
   */
  static assembled({ of, without, added, removed, lists }: RowAssembly): RowSet {
    if (removed.length === 0 && lists.length === 0) {
      if (of === undefined) return RowSet.union(added);
      if (added.length === 0) return without === undefined ? of : of.andNot(without);
    }
    let rows: RoaringBitmap32;
    if (of === undefined) {
      rows = added.length === 0 ? new Bitmap() : Bitmap.orMany(added.map((set) => set.#rows));
    } else {
      rows = without === undefined ? of.toRoaring() : Bitmap.andNot(of.#rows, without.#rows);
      for (const set of added) rows.orInPlace(set.#rows);
    }
    for (const set of removed) rows.andNotInPlace(set.#rows);
    for (const list of lists) {
      // Into sorted lists, which containers of few rows are, not one by one.
      const isDense = rows.size > 2 * ARRAY_ROWS_MAX * ((rows.maximum() >>> 16) + 1);
      if (isDense) rows.addMany(list);
      else rows.orInPlace(new Bitmap(list));
    }
    return new RowSet(rows);
  }

  get cardinality(): number {
    const pending = this.#pending;
    if (pending === undefined) return this.#rows.size;
    if (this.#pendingSize < 0) {
      if (pending.kind === 'words') return this.#rows.size;
      const { kind, a, b } = pending;
      this.#pendingSize = kind === 'and' ? a.andCardinality(b) : a.andNotCardinality(b);
    }
    return this.#pendingSize;
  }

  get isEmpty(): boolean {
    const pending = this.#pending;
    if (pending === undefined) return this.#rows.isEmpty;
    return pending.kind === 'and' && this.#pendingSize < 0 ? !pending.a.intersects(pending.b) : this.cardinality === 0;
  }

  has(row: number): boolean {
    return this.#rows.has(row);
  }

  and(other: RowSet): RowSet {
    return new RowSet(undefined, { kind: 'and', a: this.#rows, b: other.#rows });
  }

  or(other: RowSet): RowSet {
    return new RowSet(Bitmap.or(this.#rows, other.#rows));
  }

  /** How many are in both. */
  intersectionCount(other: RowSet): number {
    return this.#rows.andCardinality(other.#rows);
  }

  andNot(other: RowSet): RowSet {
    return new RowSet(undefined, { kind: 'andNot', a: this.#rows, b: other.#rows });
  }

  /** The row with `rank` rows before it; there must be one. */
  at(rank: number): number {
    return this.#rows.select(rank)!;
  }

  /** How many there are from `row` on (itself included). */
  countFrom(row: number): number {
    return this.#rows.size - this.#countBelow(row);
  }

  /** At most `limit` rows in ascending order, from `row` on (itself included). */
  rowsFrom(row: number, limit: number): Uint32Array {
    const skipped = this.#countBelow(row);
    const count = Math.min(limit, this.#rows.size - skipped);
    if (count <= 0) return new Uint32Array(0);
    return this.#rows.rangeUint32Array(new Uint32Array(count), skipped, count);
  }

  #countBelow(row: number): number {
    return row <= 0 ? 0 : this.#rows.rank(row - 1);
  }

  /** One bit a row, in shared memory, so that workers can read it. */
  toWords(rowCount: number): Uint32Array {
    const words = new Uint32Array(new SharedArrayBuffer(wordCountOf(rowCount) * 4));
    if (this.#rows.isEmpty) return words;
    if (this.#rows.size >= rowCount && this.#rows.maximum() < rowCount) fillBits(words, 0, rowCount);
    else decodePortable(this.#rows.serialize('portable'), words);
    return words;
  }
}

function madeOf(pending: Pending): RoaringBitmap32 {
  if (pending.kind === 'words') {
    const bytes = encodePortable(pending.words);
    return bytes === undefined ? new Bitmap() : Bitmap.deserialize(bytes, 'portable');
  }
  const { kind, a, b } = pending;
  return kind === 'and' ? Bitmap.and(a, b) : Bitmap.andNot(a, b);
}

export class RowBitmap {
  #rows: RoaringBitmap32 = new Bitmap();
  #isLent = false;

  /** A bitmap of its own with the rows of a set. */
  static of(rows: RowSet): RowBitmap {
    const bitmap = new RowBitmap();
    bitmap.#rows = rows.toRoaring();
    return bitmap;
  }

  /** The rows as they are now. */
  rows(): RowSet {
    this.#isLent = true;
    return RowSet.ofRoaring(this.#rows);
  }

  add(rows: Uint32Array | readonly number[]): void {
    this.#own();
    this.#rows.addMany(rows);
  }

  remove(rows: readonly number[]): void {
    this.#own();
    this.#rows.removeMany(rows);
  }

  get sizeBytes(): number {
    return this.#rows.getSerializationSizeInBytes('portable');
  }

  #own(): void {
    if (!this.#isLent) return;
    this.#rows = this.#rows.clone();
    this.#isLent = false;
  }
}
