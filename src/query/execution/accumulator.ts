/**
 * What a scan adds up, by profile row, in shared memory so that a worker's result comes back without copying: counts as
 * narrow as the question allows, sums and extremes as doubles, and for `first`/`last` the time and number of the best event.
 */
import { DistinctSet } from './distinct-set.ts';
import type { ScanMeasure } from './measure-scan.ts';

/** No event: index of a row for which `first`/`last` found nothing. */
export const NO_EVENT = 0xffff_ffff;

export type Counts = Uint8Array | Uint16Array | Uint32Array;

/** What crosses back from a worker. */
export interface AccumulatorState {
  readonly counts: Counts;
  readonly values: Float64Array;
  readonly indexes: Uint32Array;
  /** Latest event of each row, for `purchases`. */
  readonly latest: Float64Array;
  readonly distinct: { readonly tags: Uint8Array; readonly values: Float64Array } | undefined;
}

const NO_VALUES = new Float64Array(0);
const NO_INDEXES = new Uint32Array(0);

export class Accumulator {
  readonly counts: Counts;
  readonly values: Float64Array;
  readonly indexes: Uint32Array;
  readonly latest: Float64Array;
  readonly distinct: DistinctSet | undefined;

  constructor(measure: ScanMeasure, rowCount: number) {
    const { kind } = measure;
    this.counts = countsFor(measure, rowCount);
    const hasValues = kind !== 'count' && kind !== 'distinct';
    this.values = hasValues ? new Float64Array(new SharedArrayBuffer(rowCount * 8)) : NO_VALUES;
    if (kind === 'min' || kind === 'first') this.values.fill(Infinity);
    if (kind === 'max' || kind === 'last') this.values.fill(-Infinity);
    const hasIndexes = kind === 'first' || kind === 'last';
    this.indexes = hasIndexes ? new Uint32Array(new SharedArrayBuffer(rowCount * 4)).fill(NO_EVENT) : NO_INDEXES;
    const latest = kind === 'purchases' ? new Float64Array(new SharedArrayBuffer(rowCount * 8)) : NO_VALUES;
    this.latest = latest.fill(-Infinity);
    this.distinct = kind === 'distinct' ? new DistinctSet() : undefined;
  }

  /** `isTotal`: the distinct values themselves are wanted. */
  state(isTotal: boolean): AccumulatorState {
    const { counts, values, indexes, latest } = this;
    return { counts, values, indexes, latest, distinct: isTotal ? this.distinct?.entries() : undefined };
  }
}

function countsFor(measure: ScanMeasure, rowCount: number): Counts {
  switch (measure.kind) {
    case 'count':
      if (measure.cap <= 0xff) return new Uint8Array(new SharedArrayBuffer(rowCount));
      if (measure.cap <= 0xffff) return new Uint16Array(new SharedArrayBuffer(rowCount * 2));
      return new Uint32Array(new SharedArrayBuffer(rowCount * 4));
    case 'distinct':
    case 'avg':
    case 'purchases':
      return new Uint32Array(new SharedArrayBuffer(rowCount * 4));
    default:
      return new Uint8Array(0);
  }
}

/** Rows between two yields: whole words of counts, however narrow. */
const STRETCH = 65_536;
const MERGE_ROW_NS = 2;

/** One state out of the workers' states: the first takes in the others, in their order. Yields what each stretch of rows cost. */
export function* mergeSteps(
  measure: ScanMeasure,
  states: readonly AccumulatorState[],
): Generator<number, AccumulatorState, void> {
  const [merged, ...others] = states;
  const rowCount = Math.max(merged.counts.length, merged.values.length);
  for (const other of others) {
    for (let from = 0; from < rowCount; from += STRETCH) {
      const end = Math.min(from + STRETCH, rowCount);
      mergeInto(measure, stretchOf(merged, from, end), stretchOf(other, from, end));
      yield MERGE_ROW_NS * (end - from);
    }
  }
  return merged;
}

/** The same memory. */
export function stretchOf(
  { counts, values, indexes, latest, distinct }: AccumulatorState,
  from: number,
  end: number,
): AccumulatorState {
  return {
    counts: counts.subarray(from, end),
    values: values.subarray(from, end),
    indexes: indexes.subarray(from, end),
    latest: latest.subarray(from, end),
    distinct,
  };
}

function mergeInto(measure: ScanMeasure, merged: AccumulatorState, other: AccumulatorState): void {
  switch (measure.kind) {
    case 'count':
      addCounts(merged.counts, other.counts, measure.cap);
      break;
    case 'avg':
      addCounts(merged.counts, other.counts, Infinity);
      addValues(merged.values, other.values);
      break;
    case 'sum':
      addValues(merged.values, other.values);
      break;
    case 'purchases':
      addCounts(merged.counts, other.counts, Infinity);
      addValues(merged.values, other.values);
      takeGreater(merged.latest, other.latest);
      break;
    case 'distinct':
      addCounts(merged.counts, other.counts, Infinity);
      break;
    case 'min':
      for (let r = 0; r < merged.values.length; r++) {
        if (other.values[r] < merged.values[r]) merged.values[r] = other.values[r];
      }
      break;
    case 'max':
      takeGreater(merged.values, other.values);
      break;
    default:
      mergeEdges(merged, other, measure.kind === 'first');
  }
}

function addCounts(to: Counts, from: Counts, cap: number): void {
  if (to.BYTES_PER_ELEMENT === 4) {
    for (let r = 0; r < to.length; r++) if (from[r] !== 0) to[r] = Math.min(cap, to[r] + from[r]);
    return;
  }
  // Most rows have nothing in a window: four bytes without anything are passed over at once.
  const wordCount = (from.length * from.BYTES_PER_ELEMENT) >>> 2;
  const words = new Uint32Array(from.buffer, from.byteOffset, wordCount);
  const perWord = 4 / from.BYTES_PER_ELEMENT;
  for (let w = 0; w < wordCount; w++) {
    if (words[w] === 0) continue;
    const end = (w + 1) * perWord;
    for (let r = w * perWord; r < end; r++) to[r] = Math.min(cap, to[r] + from[r]);
  }
  for (let r = wordCount * perWord; r < to.length; r++) to[r] = Math.min(cap, to[r] + from[r]);
}

function addValues(to: Float64Array, from: Float64Array): void {
  for (let r = 0; r < to.length; r++) to[r] += from[r];
}

function takeGreater(to: Float64Array, from: Float64Array): void {
  for (let r = 0; r < to.length; r++) if (from[r] > to[r]) to[r] = from[r];
}

/** Ties of time go to the earlier arrival for `first`, to the later one for `last`. */
function mergeEdges(to: AccumulatorState, from: AccumulatorState, isFirst: boolean): void {
  for (let r = 0; r < to.indexes.length; r++) {
    if (from.indexes[r] === NO_EVENT) continue;
    const isTie = from.values[r] === to.values[r];
    const isBetter = isFirst
      ? from.values[r] < to.values[r] || (isTie && from.indexes[r] < to.indexes[r])
      : from.values[r] > to.values[r] || (isTie && (to.indexes[r] === NO_EVENT || from.indexes[r] > to.indexes[r]));
    if (!isBetter) continue;
    to.values[r] = from.values[r];
    to.indexes[r] = from.indexes[r];
  }
}
