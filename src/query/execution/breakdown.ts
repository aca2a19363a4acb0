/**
 * A breakdown on one shard, in two halves: which groups there are and how many elements each has; then, when all shards have told and it is
 * known which groups are shown, their distinct profiles and their further figure. The second half reads only what the first kept.
 */

import { splitPath } from '../../base/path.ts';
import type { RowSet } from '../../bitmap/row-set.ts';
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import type { F64Column } from '../../memory/fixed-column.ts';
import type { BreakdownRequest, Dimension, GroupValue } from '../../model/analysis.ts';
import type { EventTable } from '../../profile/event-table.ts';
import { eventsOf } from '../binder/bind-events.ts';
import { isSeenPath, seenColumn } from '../binder/bind-seen.ts';
import { reachPath } from '../binder/path-reach.ts';
import { assertAggregateSupported, assertChoiceSupported } from '../binder/supported.ts';
import { propertySources, type ScalarSource, scalarSources } from '../binder/value-source.ts';
import { resolveWindow } from '../binder/window.ts';
import { TAG_TEXT } from '../index/scalar-tag.ts';
import { newControl } from './chunk-claim.ts';
import { type DistinctInputs, distinctInputs, instantInputs } from './distinct-source.ts';
import { eventScan } from './event-measure.ts';
import { type CapturedDimension, captureDimension } from './group-dimension.ts';
import { GROUP_COUNT_MAX, type GroupIndex, tooManyGroups } from './group-index.ts';
import { GROUP_NS, type GroupOutcome, type GroupScan } from './group-scan.ts';
import { type Instant, STALE } from './instant.ts';
import type { ElementScan } from './measure-scan.ts';
import { profileElements } from './number-gather.ts';
import { programOf } from './program.ts';
import { candidateChunks } from './row-scan.ts';
import type { TallyFunction } from './tally-figure.ts';
import type { TallyScan } from './tally-input.ts';
import { type TallyOutcome, VALUE_NS } from './tally-scan.ts';
import type { ListedValues } from './value-list.ts';

/** Combinations of slots; an array with several values is one, so there may be more of them than groups. */
const KEY_COUNT_MAX = 4 * GROUP_COUNT_MAX;
const KEYS_PER_TURN = 1_024;
const TEXTS_PER_TURN = 4_096;

/** What one worker found: elements by key, and the groups of each key (`groups[starts[i]]` … of the i-th that occurs). */
export interface BreakdownPiece {
  readonly keys: Uint32Array;
  readonly counts: Uint32Array;
  readonly starts: Uint32Array;
  readonly groups: Uint32Array;
  readonly keyEnd: number;
  /** Of all keys. */
  readonly elementCount: number;
  readonly tally: (aim: Pick<TallyScan, 'starts' | 'targets' | 'groupCount'>) => Promise<TallyOutcome>;
}
export interface BreakdownPart {
  readonly pieces: readonly BreakdownPiece[];
  readonly textOf: (number: number) => string;
}

interface Captured {
  readonly elements: ElementScan;
  readonly dimensions: readonly CapturedDimension[];
  /** Values of the elements, for a figure of each group. */
  readonly inputs: DistinctInputs | undefined;
  /** Values of profiles, where elements are events. */
  readonly rowInputs: DistinctInputs | undefined;
  readonly isStale: () => boolean;
}

const NOTHING: BreakdownPart = { pieces: [], textOf: () => '' };

/** `index`: shared by the shards of one question. */
export function captureBreakdown(
  instant: Instant,
  request: BreakdownRequest,
  index: GroupIndex,
): (rows: RowSet) => Promise<BreakdownPart | typeof STALE> {
  const { aggregate } = request;
  const { atMs } = instant.moment;
  assertChoiceSupported(request.where, request.by.flatMap(traitOf), atMs);
  if (aggregate !== undefined) assertAggregateSupported(aggregate, atMs);
  const captured = captureElements(instant, request);
  if (captured === undefined) return async () => NOTHING;
  const { elements, dimensions, inputs, rowInputs, isStale } = captured;
  const isOfEvents = elements.rows !== undefined;
  const fn = aggregate === undefined ? undefined : tallyFunction(aggregate.fn);
  return async (rows) => {
    const { rowCount } = instant;
    const members = rows.cardinality === rowCount ? undefined : rows.toWords(rowCount);
    const chunks = isOfEvents ? elements.chunks : candidateChunks(rowCount, members);
    const shared = { kind: 'group', rowCount, keyCountMax: KEY_COUNT_MAX } as const;
    const outcomes = await instant.scan({
      ...elements,
      ...shared,
      members,
      chunks,
      dimensions: dimensions.map(({ dimension }) => dimension),
      isPaired: isOfEvents,
      values: inputs === undefined ? undefined : { sources: inputs.sources, isTimed: fn === 'first' || fn === 'last' },
      costNs: GROUP_NS * Math.min(elements.elementCount, chunks.length * CHUNK_ROWS),
    });
    const byRow = rowInputs === undefined ? [] : await rowValues(instant, rowInputs, members, shared);
    const pieces: BreakdownPiece[] = [];
    for (const outcome of outcomes) {
      const groups = await groupsOf(outcome, dimensions, index, instant, isStale);
      if (groups === STALE) return STALE;
      pieces.push({
        ...groups,
        tally: (aim) => tally(instant, outcome, aim, fn, rowInputs === undefined ? [] : byRow),
      });
    }
    const lists = rowInputs === undefined ? outcomes.flatMap(({ values }) => values ?? []) : byRow;
    const textOf = await textsOf(inputs ?? rowInputs, aggregate?.trait, lists, instant, isStale);
    return textOf === STALE ? STALE : { pieces, textOf };
  };
}

function traitOf(by: Dimension): readonly string[] {
  if (typeof by === 'string') return [by];
  return 'trait' in by ? [by.trait] : [];
}

function tallyFunction(fn: NonNullable<BreakdownRequest['aggregate']>['fn']): TallyFunction {
  return fn === 'percentile' || fn === 'median' ? 'ranks' : fn;
}

/** Undefined when nothing here can count. */
function captureElements(instant: Instant, request: BreakdownRequest): Captured | undefined {
  const { data, images, conditions, moment } = instant;
  const { aggregate } = request;
  let events: { readonly table: EventTable; readonly elements: ElementScan } | undefined;
  if (request.event !== undefined) {
    const table = data.tableOf(request.event);
    const range = resolveWindow(request.window, moment.nowMs, moment.atMs);
    const chosen = table === undefined ? undefined : eventsOf(table, range, request, conditions);
    if (table === undefined || chosen === undefined) return undefined;
    const where = programOf(chosen.where, images);
    const { measure: _, ...elements } = eventScan(table, range, where, { kind: 'count', cap: 1 }, images);
    events = { table, elements: { ...elements, members: undefined } };
  } else if (instant.rowCount === 0) return undefined;
  const dimensions = request.by.map((by) => captureDimension(instant, by, events));
  let sources: readonly ScalarSource[] = [];
  let seen: F64Column | undefined;
  if (aggregate?.trait !== undefined) {
    const segments = splitPath(aggregate.trait);
    if (!isSeenPath(segments)) sources = scalarSources(reachPath(data.profiles.traits, segments));
    // They are texts in the language: there is nothing to add up, and none is less than another.
    else if (aggregate.fn === 'count_distinct') seen = seenColumn(data.profiles, segments);
  } else if (aggregate?.property !== undefined) {
    sources = propertySources(events!.table, aggregate.property, conditions);
  }
  const values = seen === undefined ? distinctInputs(sources, images) : instantInputs(seen, images);
  const inputs = aggregate === undefined ? undefined : values;
  const isOfRows = events !== undefined && aggregate?.trait !== undefined;
  const generation = (): number => generationOf(dimensions, sources);
  const first = generation();
  return {
    elements: events === undefined ? profileElements(instant) : events.elements,
    dimensions,
    inputs: isOfRows ? undefined : inputs,
    rowInputs: isOfRows ? inputs : undefined,
    isStale: () => generation() !== first,
  };
}

function generationOf(dimensions: readonly CapturedDimension[], sources: readonly ScalarSource[]): number {
  let sum = 0;
  for (const { generation } of dimensions) sum += generation();
  for (const source of sources) {
    sum += source.kind === 'array' ? source.arrays.generation : (source.column.strings?.generation ?? 0);
  }
  return sum;
}

/** Each profile's values of the trait, by row. */
async function rowValues(
  instant: Instant,
  { sources }: DistinctInputs,
  members: Uint32Array | undefined,
  shared: Pick<GroupScan, 'kind' | 'rowCount' | 'keyCountMax'>,
): Promise<readonly ListedValues[]> {
  const { rowCount } = instant;
  const outcomes = await instant.scan({
    ...profileElements(instant),
    ...shared,
    members,
    chunks: candidateChunks(rowCount, members),
    dimensions: [{ kind: 'row', rowCount }],
    keyCountMax: Infinity,
    isPaired: false,
    values: { sources, isTimed: false },
    costNs: GROUP_NS * rowCount,
  });
  return outcomes.flatMap(({ values }) => values ?? []);
}

/** The groups of every key that occurs, in slices. */
async function groupsOf(
  outcome: GroupOutcome,
  dimensions: readonly CapturedDimension[],
  index: GroupIndex,
  instant: Instant,
  isStale: () => boolean,
): Promise<Omit<BreakdownPiece, 'tally'> | typeof STALE> {
  if (outcome.isTooLarge) throw tooManyGroups();
  const { keys, slots, counts, keyEnd, numbers } = outcome;
  const starts = new Uint32Array(keys.length + 1);
  let groups = new Uint32Array(keys.length);
  let [count, elementCount] = [0, 0];
  for (let k = 0; k < keys.length; k++) {
    if (k > 0 && k % KEYS_PER_TURN === 0) await instant.pause();
    if (k % KEYS_PER_TURN === 0 && isStale()) return STALE;
    const lists = dimensions.map(({ valuesOf }, d) => valuesOf(slots[k * dimensions.length + d], numbers[d]));
    starts[k] = count;
    elementCount += counts[k];
    for (const values of combinations(lists)) {
      if (count === groups.length) {
        const larger = new Uint32Array(2 * count);
        larger.set(groups);
        groups = larger;
      }
      groups[count++] = index.of(values);
    }
  }
  starts[keys.length] = count;
  return { keys, counts, starts, groups, keyEnd, elementCount };
}

/** Every way to take one value of each list. */
function combinations(lists: readonly (readonly GroupValue[])[]): readonly (readonly GroupValue[])[] {
  if (lists.every((list) => list.length === 1)) return [lists.map(([value]) => value)];
  return lists.reduce<readonly (readonly GroupValue[])[]>(
    (made, list) => made.flatMap((head) => list.map((value) => [...head, value])),
    [[]],
  );
}

/** Texts by number. Those of a trait are read now, because its dictionary may be renumbered later; events' stay. */
async function textsOf(
  inputs: DistinctInputs | undefined,
  trait: string | undefined,
  lists: readonly ListedValues[],
  instant: Instant,
  isStale: () => boolean,
): Promise<BreakdownPart['textOf'] | typeof STALE> {
  if (inputs === undefined || trait === undefined || !inputs.isLive) return inputs?.textOf ?? (() => '');
  const texts = new Map<number, string>();
  for (const { tags, values } of lists) {
    for (let v = 0; v < values.length; v++) {
      if (v > 0 && v % TEXTS_PER_TURN === 0) await instant.pause();
      if (v % TEXTS_PER_TURN === 0 && isStale()) return STALE;
      if (tags[v] === TAG_TEXT && !texts.has(values[v])) texts.set(values[v], inputs.textOf(values[v]));
    }
  }
  return (number) => texts.get(number)!;
}

async function tally(
  instant: Instant,
  { pairs, values }: GroupOutcome,
  aim: Parameters<BreakdownPiece['tally']>[0],
  fn: TallyFunction | undefined,
  byRow: readonly ListedValues[],
): Promise<TallyOutcome> {
  const lists = byRow.length > 0 ? byRow : values === undefined ? [] : [values];
  const size =
    pairs.reduce((sum, { keys }) => sum + keys.length, 0) + lists.reduce((sum, list) => sum + list.keys.length, 0);
  const [outcome] = await instant.scan({
    ...aim,
    kind: 'tally',
    pairs,
    rowCount: instant.rowCount,
    fn,
    values: lists,
    isByRow: byRow.length > 0,
    costNs: VALUE_NS * size,
    chunks: Int32Array.of(0),
    control: newControl(),
  });
  return outcome;
}
