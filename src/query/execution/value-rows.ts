/** Numbers of events measured by row, for few workers: `value-scan.ts`. */
import { wordCountOf } from '../../bitmap/portable-bitset.ts';
import { RowSet } from '../../bitmap/row-set.ts';
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import type { Measure } from '../binder/bound-expression.ts';
import { fitsNumber } from '../binder/value-test.ts';
import { newControl } from './chunk-claim.ts';
import type { Evaluation } from './evaluation.ts';
import type { Verdict } from './event-measure.ts';
import type { MeasureScan } from './measure-scan.ts';
import { type Pace, paced } from './pace.ts';
import type { ScratchMemory } from './scratch-memory.ts';
import type { ValueScan } from './value-scan.ts';

/** More workers would spend more on looking at all events, each of them, than on merging what they have measured apart. */
const THREAD_COUNT_MAX = 4;

export type ValueByScan = Pick<ValueScan, 'verdict' | 'inputs' | 'rows'> & { readonly scan: MeasureScan };

/** Undefined where it has to be measured in another way. */
export function valueByScan(
  scan: MeasureScan,
  measure: Measure,
  verdict: Verdict,
  threadCount: number,
): ValueByScan | undefined {
  const { rows } = scan;
  if (threadCount > THREAD_COUNT_MAX || verdict !== undefined || rows === undefined) return undefined;
  if (measure.kind !== 'number' || !('inputs' in scan.measure)) return undefined;
  const { fn, selection } = measure;
  if (fn === 'count_distinct') return undefined;
  return { scan, rows, inputs: scan.measure.inputs, verdict: { fn, selection } };
}

/** `isSizeEnough`: nobody asks for more than how many, so no set is made of the bits. */
export function* rowsOfValues(
  { scan, rows, inputs, verdict }: ValueByScan,
  scratch: ScratchMemory,
  pace: Pace,
  isSizeEnough: boolean,
): Evaluation {
  const { rowCount } = scan;
  if (scan.chunks.length === 0) return fitsNothing(verdict) ? RowSet.all(rowCount) : RowSet.empty();
  const wordCount = wordCountOf(rowCount);
  const valueMemory = scratch.take(rowCount * 8);
  const countMemory = verdict.fn === 'avg' ? scratch.take(rowCount * 4) : undefined;
  const wordMemory = isSizeEnough ? new SharedArrayBuffer(wordCount * 4) : scratch.take(wordCount * 4);
  const words = new Uint32Array(wordMemory, 0, wordCount);
  const found = new Int32Array(new SharedArrayBuffer(4));
  yield {
    kind: 'value',
    rows,
    times: scan.times,
    elementCount: scan.elementCount,
    range: scan.range,
    where: scan.where,
    members: undefined,
    verdict,
    inputs,
    rowCount,
    values: new Float64Array(valueMemory, 0, rowCount),
    counts: countMemory === undefined ? new Uint32Array(0) : new Uint32Array(countMemory, 0, rowCount),
    words,
    found,
    chunks: scan.chunks,
    control: newControl(),
    // An element one, as other scans are weighed when it comes to handing over.
    costNs: Math.min(scan.elementCount, scan.chunks.length * CHUNK_ROWS) + rowCount,
  };
  scratch.give(valueMemory);
  if (countMemory !== undefined) scratch.give(countMemory);
  if (isSizeEnough) return RowSet.ofCountedWords(words, found[0]);
  const set = yield* paced(RowSet.ofWordsSteps(words), pace);
  words.fill(0);
  scratch.give(wordMemory);
  return set;
}

/** Of rows without any number. */
function fitsNothing({ fn, selection }: ValueByScan['verdict']): boolean {
  return fn === 'sum' && (selection.kind === 'present' || fitsNumber(selection, 0));
}
