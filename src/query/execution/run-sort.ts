/**
 * Second of the two scans that make runs: what was dealt to a stretch of rows, put together row by row in order of arrival, then
 * each row by time. Events mostly came in the order of their times, so that is mostly a look. Stretches write apart.
 */
import { CHUNK_MASK, CHUNK_SHIFT } from '../../memory/chunk-size.ts';
import type { EventRuns } from '../index/event-runs.ts';
import { ChunkClaim, type Share } from './chunk-claim.ts';
import { STRETCH_ROWS } from './run-partition.ts';

export interface RunScan {
  readonly kind: 'runs';
  readonly keys: Uint32Array;
  readonly timesMs: Float64Array;
  readonly starts: Uint32Array;
  readonly stretchCount: number;
  /** The chunks of events that were dealt, ascending. */
  readonly dealtChunks: Int32Array;
  /** Where the runs of each stretch begin in the result. */
  readonly runStarts: Uint32Array;
  readonly runs: EventRuns;
  /** The stretches. */
  readonly chunks: Int32Array;
  readonly control: Int32Array;
  readonly costNs: number;
}

/** Yields after each stretch what it is estimated to have cost. */
export function* runSteps(scan: RunScan, share: Share): Generator<number, undefined, void> {
  const claim = new ChunkClaim(scan.chunks, scan.control, false, share);
  const next = new Uint32Array(STRETCH_ROWS);
  const sorter = new RunSorter(scan.runs);
  for (let stretch = claim.next(); stretch >= 0; stretch = claim.next()) {
    gather(scan, stretch, next);
    const first = stretch * STRETCH_ROWS;
    const { offsets, rowCount } = scan.runs;
    // After the gathering `next` is where each run ends.
    const count = Math.min(STRETCH_ROWS, rowCount - first);
    for (let row = 0; row < count; row++) sorter.sort(offsets[first + row], next[row]);
    yield scan.costNs / scan.chunks.length;
  }
}

function gather(scan: RunScan, stretch: number, next: Uint32Array): void {
  const { keys, timesMs, starts, stretchCount, dealtChunks, runs } = scan;
  next.fill(0);
  for (let c = 0; c < dealtChunks.length; c++) {
    const at = (dealtChunks[c] - dealtChunks[0]) * (stretchCount + 1) + stretch;
    const end = starts[at + 1];
    for (let k = starts[at]; k < end; k++) next[keys[k] >>> CHUNK_SHIFT] += 1;
  }
  const { offsets, rowCount } = runs;
  const first = stretch * STRETCH_ROWS;
  const count = Math.min(STRETCH_ROWS, rowCount - first);
  let start = scan.runStarts[stretch];
  for (let row = 0; row < count; row++) {
    const length = next[row];
    offsets[first + row] = start;
    next[row] = start;
    start += length;
  }
  const { indexes } = runs;
  const out = runs.timesMs;
  for (let c = 0; c < dealtChunks.length; c++) {
    const at = (dealtChunks[c] - dealtChunks[0]) * (stretchCount + 1) + stretch;
    const end = starts[at + 1];
    const base = dealtChunks[c] * (CHUNK_MASK + 1);
    for (let k = starts[at]; k < end; k++) {
      const key = keys[k];
      const to = next[key >>> CHUNK_SHIFT]++;
      out[to] = timesMs[k];
      indexes[to] = base + (key & CHUNK_MASK);
    }
  }
}

/** Up to this length by insertion: its worst case is still short. */
const INSERTION_LENGTH_MAX = 32;

/** Sorts runs by time; equal times stay in the order of arrival. */
class RunSorter {
  readonly #timesMs: Float64Array;
  readonly #indexes: Uint32Array;
  #timeBuffer = new Float64Array(0);
  #indexBuffer = new Uint32Array(0);

  constructor({ timesMs, indexes }: EventRuns) {
    this.#timesMs = timesMs;
    this.#indexes = indexes;
  }

  sort(from: number, end: number): void {
    const timesMs = this.#timesMs;
    for (let i = from + 1; i < end; i++) {
      if (timesMs[i] >= timesMs[i - 1]) continue;
      if (end - from <= INSERTION_LENGTH_MAX) this.#insert(from, i, end);
      else this.#merge(from, end);
      return;
    }
  }

  /** From `i` on; what stands before is in order. */
  #insert(from: number, i: number, end: number): void {
    const timesMs = this.#timesMs;
    const indexes = this.#indexes;
    for (let at = i; at < end; at++) {
      const timeMs = timesMs[at];
      const index = indexes[at];
      let to = at;
      while (to > from && timesMs[to - 1] > timeMs) {
        timesMs[to] = timesMs[to - 1];
        indexes[to] = indexes[to - 1];
        to -= 1;
      }
      timesMs[to] = timeMs;
      indexes[to] = index;
    }
  }

  /** Bottom-up merge sort: n log n whatever the order was, for instance a history sent backwards. */
  #merge(from: number, end: number): void {
    for (let i = from; i < end; i += INSERTION_LENGTH_MAX) {
      this.#insert(i, i + 1, Math.min(i + INSERTION_LENGTH_MAX, end));
    }
    if (this.#timeBuffer.length < end - from) {
      this.#timeBuffer = new Float64Array((end - from) * 2);
      this.#indexBuffer = new Uint32Array((end - from) * 2);
    }
    for (let width = INSERTION_LENGTH_MAX; width < end - from; width *= 2) {
      for (let low = from; low + width < end; low += 2 * width) {
        this.#join(low, low + width, Math.min(low + 2 * width, end));
      }
    }
  }

  #join(low: number, middle: number, end: number): void {
    const timesMs = this.#timesMs;
    const indexes = this.#indexes;
    if (timesMs[middle - 1] <= timesMs[middle]) return;
    const count = middle - low;
    this.#timeBuffer.set(timesMs.subarray(low, middle));
    this.#indexBuffer.set(indexes.subarray(low, middle));
    let left = 0;
    let right = middle;
    for (let to = low; left < count; to++) {
      if (right < end && timesMs[right] < this.#timeBuffer[left]) {
        timesMs[to] = timesMs[right];
        indexes[to] = indexes[right++];
      } else {
        timesMs[to] = this.#timeBuffer[left];
        indexes[to] = this.#indexBuffer[left++];
      }
    }
  }
}
