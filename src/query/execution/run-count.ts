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
  /** Most rows are thought to have enough events: a branch on that is foreseen, and nothing is gained by a list. */
  readonly isDense: boolean;
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
  const edge = edgeOf(scan);
  for (let stretch = claim.next(); stretch >= 0; stretch = claim.next()) {
    const first = stretch * STRETCH_ROWS;
    const end = Math.min(first + STRETCH_ROWS, scan.rowCount);
    if (edge === undefined) {
      countStretch(scan, first, end);
    } else {
      const known = Math.min(end, scan.runs.rowCount);
      if (edge === 'since' && scan.isDense && scan.candidates === undefined) denseStretch(scan, first, known);
      else edgeStretch(scan, edge, first, known);
      if (scan.tail !== undefined) countTail(scan, scan.tail, first, end);
    }
    yield scan.costNs / scan.chunks.length;
  }
}

/** The window's one bound, where "at least" is all that is asked: a look at one event tells. */
type Edge = 'since' | 'until';

function edgeOf({ isOpen, range, min, max }: RunCountScan): Edge | undefined {
  if (max !== Infinity || min <= 0) return undefined;
  if (isOpen) return 'since';
  return range.fromMs === -Infinity ? 'until' : undefined;
}

/** Rows that are listed before any of their events is looked at: few enough for a core's nearest memory. */
const LISTED_ROWS = 2_048;
const listedRows = new Uint16Array(LISTED_ROWS + 1);
const listedPlaces = new Uint32Array(LISTED_ROWS + 1);

/**
 * At least `min` since the window's beginning, or before its end. First the rows whose runs are long enough are listed, then their
 * events are looked at: no branch hangs on the data, so the looks, each far away in memory, do not wait for each other.
 */
function edgeStretch(scan: RunCountScan, edge: Edge, first: number, end: number): void {
  for (let from = first; from < end; from += LISTED_ROWS) {
    listedStretch(scan, edge, from, Math.min(from + LISTED_ROWS, end));
  }
}

function listedStretch(
  { runs, range, min, words, candidates }: RunCountScan,
  edge: Edge,
  first: number,
  end: number,
): void {
  const { offsets, timesMs } = runs;
  const isSince = edge === 'since';
  let count = 0;
  for (let from = first; from < end; from += 32) {
    const wanted = candidates === undefined ? -1 : candidates[from >>> 5];
    if (wanted === 0) continue;
    const until = Math.min(from + 32, end);
    let start = offsets[from];
    for (let row = from; row < until; row++) {
      const next = offsets[row + 1];
      // Written whether or not the run is long enough; the next one overwrites it.
      listedRows[count] = row - first;
      listedPlaces[count] = isSince ? next - min : start + min - 1;
      count += ((min - 1 - (next - start)) >>> 31) & (wanted >>> (row & 31));
      start = next;
    }
  }
  const word = first >>> 5;
  if (isSince) {
    const { fromMs } = range;
    for (let i = 0; i < count; i++) {
      const row = listedRows[i];
      words[word + (row >>> 5)] |= (timesMs[listedPlaces[i]] >= fromMs ? 1 : 0) << (row & 31);
    }
    return;
  }
  const { untilMs } = range;
  for (let i = 0; i < count; i++) {
    const row = listedRows[i];
    words[word + (row >>> 5)] |= (timesMs[listedPlaces[i]] < untilMs ? 1 : 0) << (row & 31);
  }
}

/** At least `min` since the window's beginning: rows in order, a look each. */
function denseStretch({ runs, range, min, words }: RunCountScan, first: number, end: number): void {
  const { offsets, timesMs } = runs;
  const { fromMs } = range;
  for (let from = first; from < end; from += 32) {
    const until = Math.min(from + 32, end);
    let bits = 0;
    let start = offsets[from];
    for (let row = from; row < until; row++) {
      const next = offsets[row + 1];
      if (next - start >= min && timesMs[next - min] >= fromMs) bits |= 1 << (row & 31);
      start = next;
    }
    words[from >>> 5] = bits;
  }
}

/** Counts the rows again that have events in the tail. */
function countTail(scan: RunCountScan, tail: EventRuns, first: number, end: number): void {
  const { offsets } = tail;
  let start = offsets[first];
  for (let row = first; row < end; row++) {
    const next = offsets[row + 1];
    if (next !== start) countRow(scan, row);
    start = next;
  }
}

function countStretch(scan: RunCountScan, first: number, end: number): void {
  for (let row = first; row < end; row++) countRow(scan, row);
}

function countRow({ runs, tail, range, isOpen, min, max, candidates, words }: RunCountScan, row: number): void {
  const bit = 1 << (row & 31);
  if (candidates !== undefined && (candidates[row >>> 5] & bit) === 0) return;
  let length = row < runs.rowCount ? runs.offsets[row + 1] - runs.offsets[row] : 0;
  if (tail !== undefined) length += tail.offsets[row + 1] - tail.offsets[row];
  if (length < min) return;
  let count = row < runs.rowCount ? countOf(runs, row, range, isOpen) : 0;
  if (tail !== undefined) count += countOf(tail, row, range, false);
  if (count >= min && count <= max) words[row >>> 5] |= bit;
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
