/** `as: "aggregate"`: one value over the events of the selected profiles, or over a trait of theirs; first per shard, then merged. */
import { assert } from '../../base/assert.ts';
import { splitPath } from '../../base/path.ts';
import type { RowSet } from '../../bitmap/row-set.ts';
import { decodeUtf8 } from '../../memory/byte-heap.ts';
import type { TotalRequest } from '../../model/analysis.ts';
import type { AggregateFunction } from '../../model/expression.ts';
import { BOOLEAN_TRUE } from '../../profile/value-column.ts';
import { type ArrayVisitor, ArrayWalk } from '../binder/array-walk.ts';
import { edgeFormulas } from '../binder/bind-edge.ts';
import { eventsOf } from '../binder/bind-events.ts';
import { isSeenPath, seenColumn } from '../binder/bind-seen.ts';
import { TRUE } from '../binder/formula.ts';
import { reachPath } from '../binder/path-reach.ts';
import { assertAggregateSupported } from '../binder/supported.ts';
import { propertySources, type ScalarSource, scalarSources } from '../binder/value-source.ts';
import { bindOperator } from '../binder/value-test.ts';
import { resolveWindow, type TimeRange } from '../binder/window.ts';
import { compileIndexTest } from '../evaluation/index-test.ts';
import { TAG_NUMBER, TAG_TEXT } from '../index/scalar-tag.ts';
import { type AccumulatorState, mergeSteps, NO_EVENT } from './accumulator.ts';
import type { AggregateValue, PartialAggregate } from './aggregate-merge.ts';
import { newControl } from './chunk-claim.ts';
import { type DistinctInputs, distinctInputs, instantInputs } from './distinct-source.ts';
import { eventScan, numberInputs } from './event-measure.ts';
import type { ImageSet } from './image-set.ts';
import { type Instant, STALE } from './instant.ts';
import type { MeasureScan, ScanMeasure } from './measure-scan.ts';
import { type Program, programOf } from './program.ts';
import { candidateChunks } from './row-scan.ts';

/** A request whose function is one of a leaf's. */
export type AggregateRequest = TotalRequest & { readonly fn: AggregateFunction };

const NOTHING: PartialAggregate = { value: null, count: 0, timeMs: Number.NaN, distinct: [] };
const EVER: TimeRange = { fromMs: -Infinity, untilMs: Infinity };
const ALL: Program = { kind: 'constant', value: true };

/** Yields what its parts are estimated to have cost. */
type Read = (
  state: AccumulatorState,
  isStale: () => boolean,
) => Generator<number, PartialAggregate | typeof STALE, void>;

/** The scan that answers the request on this shard, and how to read its state. */
interface AggregateScan {
  readonly scan: Omit<MeasureScan, 'members'>;
  readonly read: Read;
  /** True when a dictionary that `read` needs was compacted since: the scan has to be taken again. */
  readonly isStale: () => boolean;
}

const NEVER = (): boolean => false;
/** Distinct values between two turns, and what it takes to make a text of one. */
const VALUES_PER_STEP = 1_024;
const TEXT_NS = 200;

/** One value over the rows that are selected; parts of shards go to `mergeAggregates`. */
export function captureAggregate(
  instant: Instant,
  request: AggregateRequest,
): (rows: RowSet) => Promise<PartialAggregate | typeof STALE> {
  assertAggregateSupported(request, instant.moment.atMs);
  const captured = captureScan(instant, request);
  if (captured === undefined) return async () => NOTHING;
  const { scan, read, isStale } = captured;
  return async (rows) => {
    const members = rows.cardinality === instant.rowCount ? undefined : rows.toWords(instant.rowCount);
    const chunks = scan.rows === undefined ? candidateChunks(instant.rowCount, members) : scan.chunks;
    const states = await instant.scan({ ...scan, chunks, members });
    const state = await instant.inSlices(mergeSteps(scan.measure, states));
    return instant.inSlices(read(state, isStale));
  };
}

/** Undefined when nothing here can hold a value. */
function captureScan(instant: Instant, request: AggregateRequest): AggregateScan | undefined {
  const { data, images, conditions, moment } = instant;
  if (request.trait !== undefined) return traitScan(instant, request.fn, request.trait, images);
  const table = data.tableOf(request.event ?? '');
  assert(request.property !== undefined, 'an aggregate names a property or a trait');
  const range = resolveWindow(request.window, moment.nowMs, moment.atMs);
  if (table === undefined) return undefined;
  const events = eventsOf(table, range, request, conditions);
  const sources = propertySources(table, request.property, conditions);
  if (events === undefined || sources.length === 0) return undefined;
  const { fn } = request;
  const where = programOf(events.where, images);
  if (fn === 'first' || fn === 'last') {
    const operator = bindOperator('exists', undefined, conditions.nowMs);
    const { present } = edgeFormulas(sources, operator, conditions);
    const scan = eventScan(table, range, where, { kind: fn, present: programOf(present, images) }, images);
    return { scan: totalOf(scan), read: atOnce((state) => readEdge(state, sources)), isStale: NEVER };
  }
  const { measure, read } = measureOf(fn, sources, images);
  return { scan: totalOf(eventScan(table, range, where, measure, images)), read, isStale: NEVER };
}

function totalOf(scan: Omit<MeasureScan, 'rowCount' | 'isTotal' | 'members'>): AggregateScan['scan'] {
  return { ...scan, rowCount: 1, isTotal: true };
}

function traitScan(
  { data, rowCount }: Instant,
  fn: AggregateFunction,
  trait: string,
  images: ImageSet,
): AggregateScan | undefined {
  assert(fn !== 'first' && fn !== 'last', 'first and last of a trait were refused');
  const segments = splitPath(trait);
  const isSeen = isSeenPath(segments);
  const sources = isSeen ? [] : scalarSources(reachPath(data.profiles.traits, segments));
  const column = isSeen && fn === 'count_distinct' ? seenColumn(data.profiles, segments) : undefined;
  if (sources.length === 0 && column === undefined) return undefined;
  const { measure, read } =
    column === undefined ? measureOf(fn, sources, images) : distinctOf(instantInputs(column, images));
  const elementCount = rowCount;
  const scan: Omit<MeasureScan, 'rowCount' | 'isTotal' | 'members'> = {
    kind: 'measure',
    rows: undefined,
    times: undefined,
    elementCount,
    range: EVER,
    where: ALL,
    measure,
    chunks: candidateChunks(elementCount, undefined),
    control: newControl(),
  };
  const generation = generationOf(sources);
  return { scan: totalOf(scan), read, isStale: () => generationOf(sources) !== generation };
}

/** Only dictionaries of traits are ever compacted. */
function generationOf(sources: readonly ScalarSource[]): number {
  return sources.reduce((sum, source) => {
    return sum + (source.kind === 'array' ? source.arrays.generation : (source.column.strings?.generation ?? 0));
  }, 0);
}

interface MeasureAndRead {
  readonly measure: ScanMeasure;
  readonly read: Read;
}

function measureOf(
  fn: Exclude<AggregateFunction, 'first' | 'last'>,
  sources: readonly ScalarSource[],
  images: ImageSet,
): MeasureAndRead {
  if (fn !== 'count_distinct') {
    const measure: ScanMeasure = { kind: fn, inputs: numberInputs(sources, images) };
    return { measure, read: atOnce((state) => readNumber(fn, state)) };
  }
  return distinctOf(distinctInputs(sources, images));
}

function distinctOf(inputs: DistinctInputs): MeasureAndRead {
  function* read({ distinct }: AccumulatorState, isStale: () => boolean): ReturnType<Read> {
    const { tags, values } = distinct!;
    const found: (number | string | boolean)[] = [];
    if (isStale()) return STALE;
    for (let v = 0; v < values.length; v++) {
      if (v % VALUES_PER_STEP === VALUES_PER_STEP - 1) {
        yield VALUES_PER_STEP * TEXT_NS;
        if (isStale()) return STALE;
      }
      const value = values[v];
      found.push(tags[v] === TAG_NUMBER ? value : tags[v] === TAG_TEXT ? inputs.textOf(value) : value === BOOLEAN_TRUE);
    }
    return { ...NOTHING, count: found.length, distinct: found };
  }
  return { measure: { kind: 'distinct', sources: inputs.sources }, read };
}

function atOnce(read: (state: AccumulatorState) => PartialAggregate): Read {
  return function* (state, isStale) {
    yield TEXT_NS;
    return isStale() ? STALE : read(state);
  };
}

function readNumber(fn: 'sum' | 'avg' | 'min' | 'max', { values, counts }: AccumulatorState): PartialAggregate {
  const count = fn === 'avg' ? counts[0] : Number.isFinite(values[0]) ? 1 : 0;
  return count === 0 ? NOTHING : { ...NOTHING, value: values[0], count };
}

function readEdge({ values, indexes }: AccumulatorState, sources: readonly ScalarSource[]): PartialAggregate {
  if (indexes[0] === NO_EVENT) return NOTHING;
  return { ...NOTHING, value: firstScalarAt(sources, indexes[0]), count: 1, timeMs: values[0] };
}

/** The first value that the sources hold at an event. */
function firstScalarAt(sources: readonly ScalarSource[], index: number): AggregateValue {
  for (const source of sources) {
    if (source.guard !== TRUE && !compileIndexTest(source.guard)(index)) continue;
    const value = source.kind === 'array' ? firstOfArray(source, index) : plainValue(source, index);
    if (value !== null) return value;
  }
  return null;
}

function plainValue({ column }: Extract<ScalarSource, { kind: 'plain' }>, index: number): AggregateValue {
  const code = column.strings?.codes.get(index) ?? 0;
  if (code !== 0) return column.strings!.dictionary.text(code);
  const number = column.numbers?.get(index) ?? Number.NaN;
  if (!Number.isNaN(number)) return number;
  const flag = column.booleans?.get(index) ?? 0;
  return flag === 0 ? null : flag === BOOLEAN_TRUE;
}

function firstOfArray({ arrays, rest }: Extract<ScalarSource, { kind: 'array' }>, index: number): AggregateValue {
  const code = arrays.codes.get(index);
  if (code === 0) return null;
  let found: AggregateValue = null;
  const take = (value: AggregateValue): true => {
    found = value;
    return true;
  };
  const visitor: ArrayVisitor = {
    present: () => false,
    number: take,
    boolean: take,
    text: (bytes, start, size) => take(decodeUtf8(bytes, start, size)),
  };
  new ArrayWalk(rest).run(arrays.dictionary, code, visitor);
  return found;
}
