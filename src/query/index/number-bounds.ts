/**
 * Where a column of numbers is cut into buckets, by a sample of its rows. Few distinct values: a bucket each, so that no range ever cuts
 * through one. Many: equal shares of the sample, but a value that many rows share has a bucket of its own, since a bucket that is cut is
 * looked through.
 */
import type { NumberColumn } from '../../memory/ladder-column.ts';
import { nextUp } from '../binder/value-test.ts';

export const BUCKET_COUNT_MAX = 255;
/** Values looked at to find the boundaries. */
const SAMPLE_COUNT = 16_384;

/** The greatest value of each bucket, ascending; the last is infinite. At most `BUCKET_COUNT_MAX`. */
export function upperBounds(column: NumberColumn, rowCount: number): Float64Array {
  const sorted = sampleOf(column, rowCount);
  const values = new Map<number, number>();
  for (const value of sorted) values.set(value, (values.get(value) ?? 0) + 1);
  const uppers = new Set<number>();
  if (values.size < BUCKET_COUNT_MAX) {
    for (const value of values.keys()) uppers.add(value);
    // What the sample has not seen is kept away from the values that most rows have, as far as there is room.
    const common = [...values].sort(([, a], [, b]) => b - a).slice(0, BUCKET_COUNT_MAX - 1 - values.size);
    for (const [value] of common) uppers.add(nextDown(value));
  } else {
    for (let bucket = 1; bucket < BUCKET_COUNT_MAX; bucket++) {
      const value = sorted[Math.floor((sorted.length * bucket) / BUCKET_COUNT_MAX)];
      // Met again: it fills a share of its own.
      if (uppers.has(value)) uppers.add(nextDown(value));
      else uppers.add(value);
    }
  }
  uppers.delete(Infinity);
  uppers.delete(-Infinity);
  return Float64Array.of(...[...uppers].sort((a, b) => a - b), Infinity);
}

function sampleOf(column: NumberColumn, rowCount: number): Float64Array {
  const step = Math.max(1, Math.floor(rowCount / SAMPLE_COUNT));
  const values: number[] = [];
  for (let row = 0; row < rowCount; row += step) {
    const value = column.get(row);
    if (!Number.isNaN(value)) values.push(value);
  }
  return Float64Array.from(values).sort();
}

function nextDown(value: number): number {
  return -nextUp(-value);
}
