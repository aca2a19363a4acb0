/**
 * The scan that counts events in a window by runs: one bit a row out. A run is in order of time, so "at least N since T" is one look
 * at the N-th event from its end, however many there are, and any other count is the distance of two places found by halving.
 * Source of the idea: the k-th-last-timestamp test of user-clustered event stores.
 */
import type { TimeRange } from '../binder/window.ts';
import type { EventRuns } from '../index/event-runs.ts';
import { ChunkClaim, type Share } from './chunk-claim.ts';
import { STRETCH_ROWS } from './run-partition.ts';

export interface RunCountScan {
  readonly kind: 'run_count';
  readonly runs: EventRuns;
  /** Events that came after the runs were made; at the end of their profiles, or before it where they came late. */
  readonly tail: EventRuns | undefined;
  readonly range: TimeRange;
  /** No event of the runs is later than the window: its end need not be looked for. */
  readonly isOpen: boolean;
  readonly min: number;
  /** May be infinite. */
  readonly max: number;
  readonly rowCount: number;
  /** Only these rows are asked for; absent = all. */
  readonly candidates: Uint32Array | undefined;
  /** The result: bit i = row i. Zero at the start. */
  readonly words: Uint32Array;
  /** Stretches of rows. */
  readonly chunks: Int32Array;
  readonly control: Int32Array;
  readonly costNs: number;
}

/** Yields after each stretch what it is estimated to have cost. */
export function* runCountSteps(scan: RunCountScan, share: Share): Generator<number, undefined, void> {
  const claim = new ChunkClaim(scan.chunks, scan.control, false, share);
  const isSince = scan.isOpen && scan.max === Infinity && scan.min > 0;
  for (let stretch = claim.next(); stretch >= 0; stretch = claim.next()) {
    const first = stretch * STRETCH_ROWS;
    const end = Math.min(first + STRETCH_ROWS, scan.rowCount);
    if (scan.candidates === undefined && scan.tail === undefined && isSince) sinceStretch(scan, first, end);
    else countStretch(scan, first, end);
    yield scan.costNs / scan.chunks.length;
  }
}

/** At least `min` since the window's beginning: rows in order, a look each. */
function sinceStretch({ runs, range, min, words, rowCount }: RunCountScan, first: number, end: number): void {
  const { offsets, timesMs } = runs;
  const { fromMs } = range;
  const known = Math.min(end, runs.rowCount, rowCount);
  for (let word = first >>> 5; word << 5 < known; word++) {
    const from = word << 5;
    const until = Math.min(from + 32, known);
    let bits = 0;
    let start = offsets[from];
    for (let row = from; row < until; row++) {
      const next = offsets[row + 1];
      if (next - start >= min && timesMs[next - min] >= fromMs) bits |= 1 << (row & 31);
      start = next;
    }
    words[word] = bits;
  }
}

function countStretch(scan: RunCountScan, first: number, end: number): void {
  const { runs, tail, range, isOpen, min, max, candidates, words } = scan;
  for (let row = first; row < end; row++) {
    if (candidates !== undefined && ((candidates[row >>> 5] >>> (row & 31)) & 1) === 0) continue;
    let count = row < runs.rowCount ? countOf(runs, row, range, isOpen) : 0;
    if (tail !== undefined) count += countOf(tail, row, range, false);
    if (count >= min && count <= max) words[row >>> 5] |= 1 << (row & 31);
  }
}

function countOf(
  { offsets, timesMs }: EventRuns,
  row: number,
  { fromMs, untilMs }: TimeRange,
  isOpen: boolean,
): number {
  const start = offsets[row];
  const end = offsets[row + 1];
  if (start === end) return 0;
  const from = timesMs[start] >= fromMs ? start : placeOf(timesMs, start, end, fromMs);
  const until = isOpen || timesMs[end - 1] < untilMs ? end : placeOf(timesMs, from, end, untilMs);
  return until - from;
}

/** The first place in `[start, end)` whose time is not before `timeMs`; `end` where there is none. */
function placeOf(timesMs: Float64Array, start: number, end: number, timeMs: number): number {
  let low = start;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timesMs[middle] < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
