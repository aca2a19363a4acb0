/**
 * Counts in a window by a scan over its events (`count-scan.ts`, `count-pack.ts`): for thresholds that fit a byte. The work on the
 * shard's own thread is to take the bits, where more is asked than how many there are.
 */
import { wordCountOf } from '../../bitmap/portable-bitset.ts';
import { RowSet } from '../../bitmap/row-set.ts';
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import type { Measure } from '../binder/bound-expression.ts';
import { newControl } from './chunk-claim.ts';
import { type CountPack, foundCount, newProgress } from './count-pack.ts';
import { COUNT_CAP_MAX, piecesOf } from './count-scan.ts';
import type { Evaluation } from './evaluation.ts';
import type { MeasureScan } from './measure-scan.ts';
import { type Pace, paced } from './pace.ts';
import { programCostNs } from './program-cost.ts';
import type { ScratchMemory } from './scratch-memory.ts';

/** An event of the window: its counter may lie anywhere. 2.4 on a core of its own, 3.2 on a crowded one. */
const EVENT_NS = 2.5;
/** A row whose counters are added up, compared and cleared. */
const PACK_ROW_NS = 1;

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

/** `isSizeEnough`: nobody asks for more than how many, so no set is made of the bits. */
export function* rowsOfCounts(
  { scan, min, max, cap }: CountByScan,
  threadCount: number,
  scratch: ScratchMemory,
  pace: Pace,
  isSizeEnough = false,
): Evaluation {
  const { rows, times, rowCount } = scan;
  if (rows === undefined || times === undefined || rowCount === 0) return RowSet.empty();
  if (scan.chunks.length === 0) return min === 0 ? RowSet.all(rowCount) : RowSet.empty();
  const chunks = piecesOf(scan.chunks);
  const count = Math.max(1, Math.min(threadCount, chunks.length));
  const wordCount = wordCountOf(rowCount);
  const memories = Array.from({ length: count }, () => scratch.take(wordCount * 32));
  const wordMemory = isSizeEnough ? new SharedArrayBuffer(wordCount * 4) : scratch.take(wordCount * 4);
  const words = new Uint32Array(wordMemory, 0, wordCount);
  const pack: CountPack = {
    counters: memories.map((memory) => new Uint8Array(memory, 0, wordCount * 32)),
    written: new Int32Array(new SharedArrayBuffer(count * 4)),
    min,
    max,
    rowCount,
    words,
    progress: newProgress(),
    costNs: rowCount * PACK_ROW_NS,
  };
  yield {
    kind: 'count',
    rows,
    times,
    elementCount: scan.elementCount,
    range: scan.range,
    where: scan.where,
    members: undefined,
    cap,
    chunks,
    control: newControl(),
    counted: new Int32Array(new SharedArrayBuffer(4)),
    pack,
    // An element one, as other scans are weighed when it comes to handing over.
    costNs: Math.min(scan.elementCount, scan.chunks.length * CHUNK_ROWS) + pack.costNs,
  };
  for (const memory of memories) scratch.give(memory);
  if (isSizeEnough) return RowSet.ofCountedWords(words, foundCount(pack));
  const found = yield* paced(RowSet.ofWordsSteps(words), pace);
  words.fill(0);
  scratch.give(wordMemory);
  return found;
}
