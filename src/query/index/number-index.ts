/**
 * Bitmaps over a column of numbers, for ranges: the values are cut into at most 255 buckets of about equal size, each with the rows
 * that hold a value in it, and every sixteenth boundary with all rows below it. A range is then a few buckets together, or the difference of
 * two sets of rows below a bound (a sixteenth boundary and some buckets), and in either case the rows of the two buckets that the bounds cut
 * through, which are looked at one by one (none where a bucket is a single value, as in columns of few values).
 *
 * Costs 2 to 4 bytes a row and one for its bucket. Kept up from the column's change log, which is drained before every
 * use: a changed row leaves its bucket's bitmaps and enters the new one's. Built again when most rows have changed.
 */
import { RowBitmap, RowSet } from '../../bitmap/row-set.ts';
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import type { NumberColumn } from '../../memory/ladder-column.ts';
import type { ValueColumn } from '../../profile/value-column.ts';
import type { NumberSelection } from '../binder/formula.ts';
import { BoundedChangeLog } from './bounded-change-log.ts';
import type { RowIndex } from './row-index.ts';

const BUCKET_COUNT_MAX = 255;
/** Buckets below one coarse boundary and the next. */
const GROUP_SIZE = 16;
/** Values looked at to find the boundaries. */
const SAMPLE_COUNT = 16_384;
/** Bucket of a row without a number. */
const NO_BUCKET = 0xff;
/** Single numbers that are looked for one by one; more are left to a scan. */
const LIST_COUNT_MAX = 16;
/** A row that finds its bucket and goes into its bitmap. */
const BUILD_NS = 20;

export class NumberIndex implements RowIndex<NumberSelection> {
  readonly #column: NumberColumn;
  readonly #owner: ValueColumn;
  readonly #log = new BoundedChangeLog();
  /** Greatest value of each bucket, ascending; the last is infinite. */
  #uppers: Float64Array = Float64Array.of(Infinity);
  /** Whether the bucket holds one value only: its upper bound. */
  #isSingle: Uint8Array = new Uint8Array(1);
  #buckets: RowBitmap[] = [];
  /** Rows in the buckets before `GROUP_SIZE × (index + 1)`. */
  #below: RowBitmap[] = [];
  /** By row. */
  #bucketOf: Uint8Array = new Uint8Array(0);
  #lowest: Float64Array = new Float64Array(0);
  #sizeBytes = -1;
  /** Rows that were there at the beginning; later ones come by the log. */
  readonly #rowCount: number;
  #builtCount = 0;

  /** Empty: `build` until it is done. What changes meanwhile is in the log, and a change that the build has seen too does no harm. */
  constructor(column: NumberColumn, owner: ValueColumn, rowCount: number) {
    this.#column = column;
    this.#owner = owner;
    this.#rowCount = rowCount;
    this.#begin();
    owner.numberChanges = this.#log;
  }

  get restNs(): number {
    return (this.#rowCount - this.#builtCount) * BUILD_NS;
  }

  get isUsable(): boolean {
    return !this.#log.isLost && this.#owner.numbers === this.#column;
  }

  /** An estimate: the bitmaps as they would be written, taken at most once between changes. */
  get sizeBytes(): number {
    if (this.#sizeBytes < 0) {
      this.#sizeBytes = this.#bucketOf.length;
      for (const bitmap of [...this.#buckets, ...this.#below]) this.#sizeBytes += bitmap.sizeBytes;
    }
    return this.#sizeBytes + this.#log.entries.length * 8;
  }

  /** The rows whose number fits; undefined where a scan is the better way. */
  rows(selection: NumberSelection): RowSet | undefined {
    if (selection.kind === 'list' && selection.values.length > LIST_COUNT_MAX) return undefined;
    this.#drain();
    switch (selection.kind) {
      case 'present':
        return this.#rowsTo(Infinity);
      case 'range':
        return this.#range(selection.min, selection.max);
      default:
        return RowSet.union(Array.from(selection.values, (value) => this.#rowsEqual(value)));
    }
  }

  close(): void {
    if (this.#owner.numberChanges === this.#log) this.#owner.numberChanges = undefined;
  }

  #range(min: number, max: number): RowSet {
    const first = this.#bucketFor(min);
    const last = this.#bucketFor(max);
    if (last - first > GROUP_SIZE) return this.#rowsTo(max).andNot(this.#rowsBefore(min));
    const isIn = (value: number): boolean => value >= min && value <= max;
    const sets = [this.#filtered(first, isIn)];
    for (let bucket = first + 1; bucket < last; bucket++) sets.push(this.#buckets[bucket].rows());
    if (last > first) sets.push(max === this.#uppers[last] ? this.#buckets[last].rows() : this.#filtered(last, isIn));
    return RowSet.union(sets);
  }

  /** Rows with a number ≤ `max`. */
  #rowsTo(max: number): RowSet {
    const bucket = this.#bucketFor(max);
    const lower = this.#rowsBelowBucket(bucket);
    if (max === this.#uppers[bucket]) return lower.or(this.#buckets[bucket].rows());
    return lower.or(this.#filtered(bucket, (value) => value <= max));
  }

  /** Rows with a number < `min`. */
  #rowsBefore(min: number): RowSet {
    if (min === -Infinity) return RowSet.empty();
    const bucket = this.#bucketFor(min);
    return this.#rowsBelowBucket(bucket).or(this.#filtered(bucket, (value) => value < min));
  }

  #rowsEqual(value: number): RowSet {
    const bucket = this.#bucketFor(value);
    if (this.#isSingle[bucket] === 1) {
      return value === this.#uppers[bucket] ? this.#buckets[bucket].rows() : RowSet.empty();
    }
    return this.#filtered(bucket, (other) => other === value);
  }

  /** Rows of a bucket whose number fits. */
  #filtered(bucket: number, fits: (value: number) => boolean): RowSet {
    const all = this.#buckets[bucket].rows();
    if (this.#isSingle[bucket] === 1) return fits(this.#uppers[bucket]) ? all : RowSet.empty();
    const rows = all.rowsFrom(0, all.cardinality);
    let count = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      if (fits(this.#column.get(row))) rows[count++] = row;
    }
    return RowSet.of(rows.subarray(0, count));
  }

  #rowsBelowBucket(bucket: number): RowSet {
    const group = Math.floor(bucket / GROUP_SIZE);
    const sets: RowSet[] = group === 0 ? [] : [this.#below[group - 1].rows()];
    for (let b = group * GROUP_SIZE; b < bucket; b++) sets.push(this.#buckets[b].rows());
    return RowSet.union(sets);
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

  #begin(): void {
    this.#chooseBounds(this.#rowCount);
    const count = this.#uppers.length;
    this.#buckets = Array.from({ length: count }, () => new RowBitmap());
    this.#below = Array.from({ length: Math.ceil(count / GROUP_SIZE) - 1 }, () => new RowBitmap());
    this.#bucketOf = new Uint8Array(capacityFor(this.#rowCount)).fill(NO_BUCKET);
    this.#lowest = new Float64Array(count).fill(Infinity);
    if (this.#rowCount === 0) this.#finish();
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
    this.#finish();
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
      if (value < this.#lowest[bucket]) this.#lowest[bucket] = value;
    }
    for (let bucket = 0; bucket < count; bucket++) starts[bucket + 1] += starts[bucket];
    const sorted = new Uint32Array(starts[count]);
    const next = starts.slice();
    for (let row = first; row < end; row++) if (buckets[row] !== NO_BUCKET) sorted[next[buckets[row]]++] = row;
    for (let bucket = 0; bucket < count; bucket++) {
      if (starts[bucket + 1] > starts[bucket]) {
        this.#buckets[bucket].add(sorted.subarray(starts[bucket], starts[bucket + 1]));
      }
    }
  }

  #finish(): void {
    this.#isSingle = Uint8Array.from(this.#lowest, (value, bucket) => (value === this.#uppers[bucket] ? 1 : 0));
    for (let group = 0; group < this.#below.length; group++) {
      const members = this.#buckets.slice(group * GROUP_SIZE, (group + 1) * GROUP_SIZE).map((bitmap) => bitmap.rows());
      if (group > 0) members.push(this.#below[group - 1].rows());
      this.#below[group] = RowBitmap.of(RowSet.union(members));
    }
  }

  /** Few values: one bucket each, so that no range ever cuts through one. Many: equal shares of the sample. */
  #chooseBounds(rowCount: number): void {
    const step = Math.max(1, Math.floor(rowCount / SAMPLE_COUNT));
    const values: number[] = [];
    for (let row = 0; row < rowCount; row += step) {
      const value = this.#column.get(row);
      if (!Number.isNaN(value)) values.push(value);
    }
    const sorted = Float64Array.from(values).sort();
    const distinct = sorted.filter((value, index) => index === 0 || value !== sorted[index - 1]);
    if (distinct.length < BUCKET_COUNT_MAX) {
      this.#uppers = Float64Array.of(...distinct, Infinity);
      return;
    }
    const uppers = new Set<number>();
    for (let bucket = 1; bucket < BUCKET_COUNT_MAX; bucket++) {
      uppers.add(sorted[Math.floor((sorted.length * bucket) / BUCKET_COUNT_MAX)]);
    }
    this.#uppers = Float64Array.of(...uppers, Infinity);
  }

  #drain(): void {
    const { entries } = this.#log;
    if (entries.length === 0) return;
    const added = new Map<RowBitmap, number[]>();
    const removed = new Map<RowBitmap, number[]>();
    for (let at = 0; at < entries.length; at += 3) {
      const row = entries[at];
      if (row >= this.#bucketOf.length) this.#grow(row);
      // Named twice in the log it is where it belongs after the first time.
      const value = this.#column.get(row);
      const old = this.#bucketOf[row];
      const now = Number.isNaN(value) ? NO_BUCKET : this.#bucketFor(value);
      if (now !== NO_BUCKET && value !== this.#uppers[now]) this.#isSingle[now] = 0;
      if (old === now) continue;
      this.#bucketOf[row] = now;
      if (old !== NO_BUCKET) this.#note(old, row, removed);
      if (now !== NO_BUCKET) this.#note(now, row, added);
    }
    for (const [bitmap, rows] of removed) bitmap.remove(rows);
    for (const [bitmap, rows] of added) bitmap.add(rows);
    entries.length = 0;
    this.#sizeBytes = -1;
  }

  #note(bucket: number, row: number, to: Map<RowBitmap, number[]>): void {
    push(to, this.#buckets[bucket], row);
    for (let group = Math.floor(bucket / GROUP_SIZE); group < this.#below.length; group++) {
      push(to, this.#below[group], row);
    }
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

function push(lists: Map<RowBitmap, number[]>, bitmap: RowBitmap, row: number): void {
  const rows = lists.get(bitmap);
  if (rows === undefined) lists.set(bitmap, [row]);
  else rows.push(row);
}
