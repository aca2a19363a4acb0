/**
 * Bitmaps over a column of numbers, for ranges: the values are cut into at most 255 buckets (`number-bounds.ts`), each with the rows that hold
 * a value in it, and some boundaries between buckets have all rows below them (`bucket-prefixes.ts`). A range is then a few of these together, and
 * of the two buckets that its bounds cut through those rows that fit, which are looked at one by one (none where a bucket is a single
 * value, as in columns of few values and for values that many rows share).
 *
 * Costs 3 to 9 bytes a row, the row's bucket included. Kept up from the column's change log, which is drained before every
 * use: a changed row leaves its bucket's bitmaps and enters the new one's. Built again when most rows have changed, or when what came since has
 * made a bucket too large.
 */
import { RowBitmap, RowSet } from '../../bitmap/row-set.ts';
import { CHUNK_MASK, CHUNK_ROWS, CHUNK_SHIFT } from '../../memory/chunk-size.ts';
import { NUMBER_SCALE, type NumberColumn } from '../../memory/ladder-column.ts';
import { greatestCount, leastCount } from '../../memory/scaled-number.ts';
import type { ValueColumn } from '../../profile/value-column.ts';
import type { NumberSelection } from '../binder/formula.ts';
import { BoundedChangeLog } from './bounded-change-log.ts';
import { BucketMoves } from './bucket-moves.ts';
import { BucketPrefixes } from './bucket-prefixes.ts';
import { BUCKET_COUNT_MAX, upperBounds } from './number-bounds.ts';
import type { RowIndex } from './row-index.ts';

/** Bucket of a row without a number: above all others. */
const NO_BUCKET = BUCKET_COUNT_MAX;
/** Single numbers that are looked for one by one; more are left to a scan. */
const LIST_COUNT_MAX = 16;
/** A row that finds its bucket and goes into its bitmap. */
const BUILD_NS = 20;
/** A bucket that a bound may cut through and that has more rows, and more than such a share of all, is too large. */
const LARGE_COUNT = 8_192;
const LARGE_SHARE = 1 / 16;

export class NumberIndex implements RowIndex<NumberSelection> {
  readonly #column: NumberColumn;
  readonly #owner: ValueColumn;
  readonly #log = new BoundedChangeLog();
  /** Greatest value that belongs into each bucket, ascending; the last is infinite. */
  readonly #uppers: Float64Array;
  /** Least and greatest value that each bucket has ever had. */
  readonly #lowest: Float64Array;
  readonly #greatest: Float64Array;
  readonly #buckets: readonly RowBitmap[];
  readonly #counts: Uint32Array;
  #prefixes: BucketPrefixes;
  /** By row. */
  #bucketOf: Uint8Array;
  #sizeBytes = -1;
  /** Rows that were there at the beginning; later ones come by the log. */
  readonly #rowCount: number;
  #builtCount = 0;
  /** Rows that changed buckets since. */
  #movedCount = 0;
  #isUneven = false;

  /** Empty: `build` until it is done. What changes meanwhile is in the log, and a change that the build has seen too does no harm. */
  constructor(column: NumberColumn, owner: ValueColumn, rowCount: number) {
    this.#column = column;
    this.#owner = owner;
    this.#rowCount = rowCount;
    this.#uppers = upperBounds(column, rowCount);
    const count = this.#uppers.length;
    this.#buckets = Array.from({ length: count }, () => new RowBitmap());
    this.#counts = new Uint32Array(count);
    this.#prefixes = new BucketPrefixes(this.#buckets, this.#counts);
    this.#bucketOf = new Uint8Array(capacityFor(rowCount)).fill(NO_BUCKET);
    this.#lowest = new Float64Array(count).fill(Infinity);
    this.#greatest = new Float64Array(count).fill(-Infinity);
    owner.numberChanges = this.#log;
  }

  get restNs(): number {
    return (this.#rowCount - this.#builtCount) * BUILD_NS;
  }

  get isUsable(): boolean {
    return !this.#log.isLost && !this.#isUneven && this.#owner.numbers === this.#column;
  }

  /** An estimate: the bitmaps as they would be written, taken at most once between changes. */
  get sizeBytes(): number {
    if (this.#sizeBytes < 0) {
      this.#sizeBytes = this.#bucketOf.length + this.#prefixes.sizeBytes;
      for (const bitmap of this.#buckets) this.#sizeBytes += bitmap.sizeBytes;
    }
    return this.#sizeBytes + this.#log.entries.length * 8;
  }

  /** The rows whose number fits; undefined where a scan is the better way. */
  rows(selection: NumberSelection): RowSet | undefined {
    if (selection.kind === 'list' && selection.values.length > LIST_COUNT_MAX) return undefined;
    this.#drain();
    switch (selection.kind) {
      case 'present':
        return this.#prefixes.between(0, this.#buckets.length, []);
      case 'range':
        return this.#range(selection.min, selection.max);
      default:
        return RowSet.union(Array.from(selection.values, (value) => this.#range(value, value)));
    }
  }

  close(): void {
    if (this.#owner.numberChanges === this.#log) this.#owner.numberChanges = undefined;
  }

  #range(min: number, max: number): RowSet {
    const first = this.#bucketFor(min);
    const last = this.#bucketFor(max);
    const isFirstWhole = min <= this.#lowest[first];
    const isLastWhole = max >= this.#greatest[last];
    if (first === last) {
      if (isFirstWhole && isLastWhole) return this.#buckets[first].rows();
      return RowSet.of(this.#fitting(first, min, max));
    }
    const lists: Uint32Array[] = [];
    if (!isFirstWhole) lists.push(this.#fitting(first, min, max));
    if (!isLastWhole) lists.push(this.#fitting(last, min, max));
    return this.#prefixes.between(isFirstWhole ? first : first + 1, isLastWhole ? last + 1 : last, lists);
  }

  /** Rows of a bucket whose number is within the bounds. */
  #fitting(bucket: number, min: number, max: number): Uint32Array {
    if (max < this.#lowest[bucket] || min > this.#greatest[bucket]) return new Uint32Array(0);
    const all = this.#buckets[bucket].rows();
    const rows = all.rowsFrom(0, all.cardinality);
    let count = 0;
    for (let at = 0; at < rows.length; ) {
      const chunk = rows[at] >>> CHUNK_SHIFT;
      const values = this.#column.chunk(chunk)!;
      // All of them hold a number here, and counts stand in the order of their numbers.
      const scale = NUMBER_SCALE[this.#column.rungs[chunk]];
      const low = scale === 1 ? min : leastCount(min, scale);
      const high = scale === 1 ? max : greatestCount(max, scale);
      for (; at < rows.length && rows[at] >>> CHUNK_SHIFT === chunk; at++) {
        const row = rows[at];
        const value = values[row & CHUNK_MASK];
        // Written whether or not it fits; the next one overwrites it.
        rows[count] = row;
        count += value >= low && value <= high ? 1 : 0;
      }
    }
    return rows.subarray(0, count);
  }

  /** The first bucket whose upper bound is not below `value`. */
  #bucketFor(value: number): number {
    const uppers = this.#uppers;
    let low = 0;
    let high = uppers.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (uppers[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** For about `costNs`; true when all rows are in. */
  build(costNs: number): boolean {
    const chunks = Math.max(1, Math.floor(costNs / (BUILD_NS * CHUNK_ROWS)));
    const until = Math.min(this.#rowCount, this.#builtCount + chunks * CHUNK_ROWS);
    for (let first = this.#builtCount; first < until; first += CHUNK_ROWS) {
      this.#add(first, Math.min(until, first + CHUNK_ROWS));
    }
    this.#builtCount = until;
    this.#sizeBytes = -1;
    if (until < this.#rowCount) return false;
    this.#prefixes = new BucketPrefixes(this.#buckets, this.#counts);
    return true;
  }

  /** Rows sorted by bucket, so that bitmaps take them in large pieces. */
  #add(first: number, end: number): void {
    const count = this.#uppers.length;
    const starts = new Uint32Array(count + 1);
    const buckets = this.#bucketOf;
    for (let row = first; row < end; row++) {
      const value = this.#column.get(row);
      if (Number.isNaN(value)) continue;
      const bucket = this.#bucketFor(value);
      buckets[row] = bucket;
      starts[bucket + 1] += 1;
      this.#noteValue(bucket, value);
    }
    for (let bucket = 0; bucket < count; bucket++) {
      this.#counts[bucket] += starts[bucket + 1];
      starts[bucket + 1] += starts[bucket];
    }
    const sorted = new Uint32Array(starts[count]);
    const next = starts.slice();
    for (let row = first; row < end; row++) if (buckets[row] !== NO_BUCKET) sorted[next[buckets[row]]++] = row;
    for (let bucket = 0; bucket < count; bucket++) {
      if (starts[bucket + 1] > starts[bucket]) {
        this.#buckets[bucket].add(sorted.subarray(starts[bucket], starts[bucket + 1]));
      }
    }
  }

  #noteValue(bucket: number, value: number): void {
    if (value < this.#lowest[bucket]) this.#lowest[bucket] = value;
    if (value > this.#greatest[bucket]) this.#greatest[bucket] = value;
  }

  #drain(): void {
    const { entries } = this.#log;
    if (entries.length === 0) return;
    const moves = new BucketMoves();
    for (let at = 0; at < entries.length; at += 3) {
      const row = entries[at];
      if (row >= this.#bucketOf.length) this.#grow(row);
      // Named twice in the log it is where it belongs after the first time.
      const value = this.#column.get(row);
      const old = this.#bucketOf[row];
      const now = Number.isNaN(value) ? NO_BUCKET : this.#bucketFor(value);
      if (now !== NO_BUCKET) this.#noteValue(now, value);
      if (old === now) continue;
      this.#bucketOf[row] = now;
      if (old !== NO_BUCKET) this.#counts[old] -= 1;
      if (now !== NO_BUCKET) this.#counts[now] += 1;
      moves.add(row, old, now);
    }
    moves.apply(this.#buckets);
    if (this.#prefixes.isKeptUp(moves)) this.#prefixes.apply(moves);
    else this.#prefixes = new BucketPrefixes(this.#buckets, this.#counts);
    this.#movedCount += moves.count;
    this.#isUneven = this.#movedCount > this.#rowCount / 2 && this.#hasTooLarge();
    entries.length = 0;
    this.#sizeBytes = -1;
  }

  #hasTooLarge(): boolean {
    const countMax = Math.max(LARGE_COUNT, this.#counts.reduce((sum, count) => sum + count, 0) * LARGE_SHARE);
    return this.#counts.some((count, bucket) => count > countMax && this.#lowest[bucket] < this.#greatest[bucket]);
  }

  #grow(row: number): void {
    const larger = new Uint8Array(capacityFor(row + 1)).fill(NO_BUCKET);
    larger.set(this.#bucketOf);
    this.#bucketOf = larger;
  }
}

function capacityFor(count: number): number {
  return count + (count >>> 2) + 64;
}
