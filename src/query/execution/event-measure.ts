/** An event test → the scan that measures it, and the scan's state → the rows that satisfy it. */
import { assert } from '../../base/assert.ts';
import { wordCountOf } from '../../bitmap/portable-bitset.ts';
import { RowSet } from '../../bitmap/row-set.ts';
import type { EventTable } from '../../profile/event-table.ts';
import type { EventTest, Measure } from '../binder/bound-expression.ts';
import type { Relation } from '../binder/cell.ts';
import type { ScalarSource } from '../binder/value-source.ts';
import type { TimeRange } from '../binder/window.ts';
import { cellReader } from '../evaluation/readable-cell.ts';
import { fitsAnyNumber } from '../evaluation/relation.ts';
import { ScalarList } from '../evaluation/scalar-list.ts';
import type { TableKey } from '../index/scalar-tables.ts';
import { type AccumulatorState, NO_EVENT, stretchOf } from './accumulator.ts';
import { type CellImage, captureCell, readableImage } from './cell-image.ts';
import { newControl } from './chunk-claim.ts';
import { distinctInputs } from './distinct-source.ts';
import type { ImageSet } from './image-set.ts';
import { KernelBuilder, packingLoop } from './kernel.ts';
import { type MeasureScan, type NumberInput, type ScanMeasure, windowChunks } from './measure-scan.ts';
import { numberTerm } from './number-term.ts';
import { type Program, programOf } from './program.ts';
import { compileProgramTest } from './program-test.ts';

/** A measuring scan over the events of a table, captured now. */
export function eventScan(
  table: EventTable,
  range: TimeRange,
  where: Program,
  measure: ScanMeasure,
  images: ImageSet,
): Omit<MeasureScan, 'rowCount' | 'isTotal' | 'members'> {
  const times = images.image(table.times);
  return {
    kind: 'measure',
    rows: images.image(table.rows),
    times,
    elementCount: table.eventCount,
    range,
    where,
    measure,
    chunks: windowChunks(times, range),
    control: newControl(),
  };
}

/** Capture through this only in the turn of the instant: adding up large dictionaries of arrays may be put off to later turns. */
export function numberInputs(sources: readonly ScalarSource[], images: ImageSet): NumberInput[] {
  const keys = sources.flatMap((source): TableKey[] => {
    return source.kind === 'array' ? [{ kind: 'sums', column: source.arrays, rest: source.rest }] : [];
  });
  const tables = keys.length === 0 ? undefined : images.tables.forQuestion(keys);
  return sources.flatMap((source): NumberInput[] => {
    if (source.kind === 'array') {
      const { summary } = tables!.sums(source.arrays, source.rest);
      return [
        { kind: 'array', guard: programOf(source.guard, images), image: images.image(source.arrays.codes), summary },
      ];
    }
    const { numbers } = source.column;
    if (numbers === undefined) return [];
    return [{ kind: 'plain', guard: programOf(source.guard, images), image: images.image(numbers) }];
  });
}

/** `isSkipping`: chunks outside the window are left out. */
export function captureEventTest(
  test: EventTest,
  rowCount: number,
  images: ImageSet,
  isSkipping: boolean,
): MeasureScan {
  const { table, range } = test;
  const scan = eventScan(table, range, programOf(test.where, images), scanMeasureOf(test.measure, images), images);
  const chunks = isSkipping ? scan.chunks : windowChunks(images.image(table.times), range, false);
  return { ...scan, chunks, rowCount, isTotal: false, members: undefined };
}

function scanMeasureOf(measure: Measure, images: ImageSet): ScanMeasure {
  if (measure.kind === 'count') return { kind: 'count', cap: measure.max === Infinity ? measure.min : measure.max + 1 };
  if (measure.kind === 'edge') return { kind: measure.fn, present: programOf(measure.present, images) };
  const { fn, sources } = measure;
  if (fn === 'count_distinct') return { kind: 'distinct', sources: distinctInputs(sources, images).sources };
  return { kind: fn, inputs: numberInputs(sources, images) };
}

/** What is left to ask of a value when the scan is done, captured with it: a profile may change in the meantime. */
export type Verdict =
  | { readonly kind: 'edge'; readonly fits: Program }
  | { readonly kind: 'against'; readonly relation: Relation; readonly cells: readonly CellImage[] }
  | undefined;

export function captureVerdict(measure: Measure, images: ImageSet): Verdict {
  if (measure.kind === 'edge') return { kind: 'edge', fits: programOf(measure.fits, images) };
  if (measure.kind === 'count' || measure.against === undefined) return undefined;
  const { relation, cells } = measure.against;
  return { kind: 'against', relation, cells: cells.map((cell) => captureCell(cell, images)) };
}

/** Rows between two yields: where a loop packs bits, and where each row is looked at by itself. Whole words. */
const PACKED_STRETCH = 65_536;
const PACKED_NS = 2;
const STRETCH = 16_384;
const EDGE_NS = 30;

/** The rows whose measured value fits. Yields what a stretch of rows is estimated to have cost. */
export function* rowsOfState(
  measure: Measure,
  verdict: Verdict,
  state: AccumulatorState,
  rowCount: number,
  slabs: readonly SharedArrayBuffer[],
): Generator<number, RowSet, void> {
  const words = new Uint32Array(wordCountOf(rowCount));
  if (verdict?.kind === 'edge') {
    const fits = compileProgramTest(verdict.fits, slabs);
    for (let row = 0; row < rowCount; row++) {
      const index = state.indexes[row];
      if (index !== NO_EVENT && fits(index)) words[row >>> 5] |= 1 << (row & 31);
      if (row % STRETCH === STRETCH - 1) yield STRETCH * EDGE_NS;
    }
    return yield* RowSet.ofWordsSteps(words);
  }
  assert(measure.kind !== 'edge', 'first and last have a verdict');
  for (let from = 0; from < rowCount; from += PACKED_STRETCH) {
    const end = Math.min(from + PACKED_STRETCH, rowCount);
    packFitting(measure, stretchOf(state, from, end), end - from, words.subarray(from >>> 5, wordCountOf(end)));
    yield PACKED_NS * (end - from);
  }
  if (verdict?.kind === 'against' && measure.kind === 'number')
    yield* keepFitting(words, verdict, measure, state, rowCount, slabs);
  return yield* RowSet.ofWordsSteps(words);
}

function packFitting(
  measure: Exclude<Measure, { kind: 'edge' }>,
  state: AccumulatorState,
  rowCount: number,
  words: Uint32Array,
): void {
  const builder = new KernelBuilder([], 0, rowCount);
  const term = stateTerm(measure, state, builder);
  const loop = packingLoop(term, rowCount, builder.argument(words), '0');
  builder.run(`const length=${builder.argument(rowCount)},count=length>>>5;${loop}return 0;`);
}

/** Of the rows that have a value, those whose value stands in the relation to a number of the profile's own. */
function* keepFitting(
  words: Uint32Array,
  { relation, cells }: Extract<Verdict, { kind: 'against' }>,
  { fn }: Extract<Measure, { kind: 'number' }>,
  state: AccumulatorState,
  rowCount: number,
  slabs: readonly SharedArrayBuffer[],
): Generator<number, void, void> {
  const values: ArrayLike<number> = fn === 'count_distinct' ? state.counts : state.values;
  const { counts } = state;
  const readers = cells.map((cell) => cellReader(readableImage(slabs, cell)));
  const list = new ScalarList();
  for (let row = 0; row < rowCount; row++) {
    if (row % STRETCH === STRETCH - 1) yield STRETCH * EDGE_NS;
    const bit = 1 << (row & 31);
    if ((words[row >>> 5] & bit) === 0) continue;
    list.clear();
    for (const read of readers) read(row, list);
    if (!fitsAnyNumber(relation, fn === 'avg' ? values[row] / counts[row] : values[row], list))
      words[row >>> 5] &= ~bit;
  }
}

/** Whether the value of row `i` fits. */
function stateTerm(
  measure: Exclude<Measure, { kind: 'edge' }>,
  state: AccumulatorState,
  builder: KernelBuilder,
): string {
  if (measure.kind === 'count') {
    const counts = builder.argument(state.counts);
    const min = builder.argument(measure.min);
    if (measure.max === Infinity) return `${counts}[i]>=${min}`;
    return `((${counts}[i]>=${min})&(${counts}[i]<=${builder.argument(measure.max)}))!==0`;
  }
  return numberTerm(measure, state, builder);
}
