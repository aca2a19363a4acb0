/**
 * Counts in a window by a scan over its events (`count-scan.ts`, `count-pack.ts`): for thresholds that fit a byte. The work on the
 * shard's own thread is to take the bits.
 */
import { wordCountOf } from '../../bitmap/portable-bitset.ts';
import { RowSet } from '../../bitmap/row-set.ts';
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import type { Measure } from '../binder/bound-expression.ts';
import { newControl } from './chunk-claim.ts';
import { COUNT_CAP_MAX } from './count-scan.ts';
import type { Evaluation } from './evaluation.ts';
import type { MeasureScan } from './measure-scan.ts';
import { type Pace, paced } from './pace.ts';
import { programCostNs } from './program-cost.ts';
import { stretchesOf } from './run-partition.ts';
import type { ScratchMemory } from './scratch-memory.ts';

/** An event of the window: its counter may lie anywhere. 2 on a core of its own, 6 on a crowded one. */
const EVENT_NS = 4;
/** A row whose counters are added up, compared and cleared, for each worker that counted. */
const PACK_ROW_NS = 0.5;

export interface CountByScan {
  readonly scan: MeasureScan;
  readonly min: number;
  readonly max: number;
  readonly cap: number;
  /** On one thread. */
  readonly costNs: number;
}

/** Undefined where counters of a byte cannot tell. */
export function countByScan(scan: MeasureScan, measure: Measure): CountByScan | undefined {
  if (measure.kind !== 'count' || scan.measure.kind !== 'count') return undefined;
  const { cap } = scan.measure;
  const { min, max } = measure;
  if (!(cap >= 1 && cap <= COUNT_CAP_MAX && min >= 0 && min <= cap && Number.isInteger(min) && Number.isInteger(cap))) {
    return undefined;
  }
  const eventCount = Math.min(scan.elementCount, scan.chunks.length * CHUNK_ROWS);
  const costNs = eventCount * (EVENT_NS + programCostNs(scan.where)) + scan.rowCount * PACK_ROW_NS;
  return { scan, min, max, cap, costNs };
}

export function* rowsOfCounts(
  { scan, min, max, cap }: CountByScan,
  threadCount: number,
  scratch: ScratchMemory,
  pace: Pace,
): Evaluation {
  const { rows, times, rowCount, chunks } = scan;
  if (rows === undefined || times === undefined || rowCount === 0) return RowSet.empty();
  const count = Math.max(1, Math.min(threadCount, chunks.length));
  const wordCount = wordCountOf(rowCount);
  const memories = Array.from({ length: count }, () => scratch.take(wordCount * 32));
  const written = new Int32Array(new SharedArrayBuffer(count * 4));
  const counters = memories.map((memory) => new Uint8Array(memory));
  const packNs = rowCount * PACK_ROW_NS;
  yield {
    kind: 'count',
    rows,
    times,
    elementCount: scan.elementCount,
    range: scan.range,
    where: scan.where,
    members: undefined,
    cap,
    counters,
    written,
    chunks,
    control: newControl(),
    // An element one, as other scans are weighed when it comes to handing over.
    costNs: Math.min(scan.elementCount, chunks.length * CHUNK_ROWS),
  };
  const used = memories.filter((_, share) => share === 0 || written[share] !== 0);
  const wordMemory = scratch.take(wordCount * 4);
  const words = new Uint32Array(wordMemory, 0, wordCount);
  yield {
    kind: 'pack',
    counters: used.map((memory) => new Int32Array(memory)),
    min,
    max,
    rowCount,
    words,
    chunks: stretchesOf(rowCount),
    control: newControl(),
    costNs: packNs * used.length,
  };
  const found = yield* paced(RowSet.ofWordsSteps(words), pace);
  words.fill(0);
  for (const memory of [...memories, wordMemory]) scratch.give(memory);
  return found;
}
