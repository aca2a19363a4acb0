/** Groups over all shards: their sizes first, then, for those that are shown, distinct profiles and the further figure. */
import type { BreakdownBody, BreakdownGroup, BreakdownRequest } from '../../model/analysis.ts';
import { type BreakdownPart, type BreakdownPiece, captureBreakdown } from '../../query/execution/breakdown.ts';
import { GroupIndex, TopGroups } from '../../query/execution/group-index.ts';
import { inSlices, type Spend } from '../../query/execution/pace.ts';
import { allEnded } from '../../query/execution/shard-query.ts';
import type { TallyOutcome } from '../../query/execution/tally-scan.ts';
import { type Aim, aimOf } from './breakdown-aim.ts';
import { mergeFigures, type PartialFigure } from './figure.ts';
import type { Question } from './question.ts';

const DEFAULT_LIMIT = 20;
/** Keys added up between two turns at most, and what a group of one costs. */
const KEYS_PER_STEP = 1_024;
const ADD_NS = 10;
/** A group written out, for each part that it is put together from. */
const SHOWN_NS = 100;

interface Sizes {
  /** Elements by group. */
  readonly sizes: Float64Array;
  /** Groups that have any. */
  readonly groupCount: number;
  readonly shown: readonly number[];
}

interface Tallied {
  readonly part: BreakdownPart;
  readonly shard: number;
  readonly aim: Aim;
  readonly outcome: TallyOutcome | undefined;
}

export async function answerBreakdown(question: Question): Promise<BreakdownBody> {
  const request = question.request.breakdown!;
  const index = new GroupIndex();
  return question.askAndMerge(
    (instant) => captureBreakdown(instant, request, index),
    (parts, spend) => merge(request, index, parts, spend),
  );
}

async function merge(
  request: BreakdownRequest,
  index: GroupIndex,
  parts: readonly BreakdownPart[],
  spend: Spend,
): Promise<BreakdownBody> {
  const sizes = await inSlices(sizesOf(request, index, parts), spend);
  const places = new Int32Array(index.count).fill(-1);
  sizes.shown.forEach((group, place) => {
    places[group] = place;
  });
  const isTallied = request.event !== undefined || request.aggregate !== undefined;
  const aims: Omit<Tallied, 'outcome'>[] = [];
  const tallies: (() => Promise<TallyOutcome>)[] = [];
  for (const [shard, part] of parts.entries()) {
    for (const piece of part.pieces) {
      const aim = await inSlices(aimOf(piece, places, sizes.shown.length), spend);
      aims.push({ part, shard, aim });
      if (isTallied) tallies.push(() => piece.tally(aim));
    }
  }
  const outcomes = await allEnded(tallies.map((tally) => tally()));
  const tallied = aims.map((aim, i): Tallied => ({ ...aim, outcome: outcomes[i] }));
  return inSlices(bodyOf(request, index, sizes, tallied), spend);
}

function* sizesOf(
  { limit }: BreakdownRequest,
  index: GroupIndex,
  parts: readonly BreakdownPart[],
): Generator<number, Sizes, void> {
  const sizes = new Float64Array(index.count);
  for (const { pieces } of parts) for (const piece of pieces) yield* addSizes(piece, sizes);
  const top = new TopGroups(index, sizes, limit ?? DEFAULT_LIMIT);
  let groupCount = 0;
  let costNs = 0;
  for (let group = 0; group < sizes.length; group++) {
    if (sizes[group] !== 0) {
      groupCount += 1;
      costNs += top.add(group);
    }
    costNs += 1;
    if (costNs < KEYS_PER_STEP * ADD_NS) continue;
    yield costNs;
    costNs = 0;
  }
  return { sizes, groupCount, shown: top.sorted() };
}

function* addSizes({ counts, starts, groups }: BreakdownPiece, sizes: Float64Array): Generator<number, void, void> {
  for (let from = 0; from < counts.length; from += KEYS_PER_STEP) {
    const end = Math.min(from + KEYS_PER_STEP, counts.length);
    for (let k = from; k < end; k++) {
      for (let s = starts[k]; s < starts[k + 1]; s++) sizes[groups[s]] += counts[k];
    }
    yield ADD_NS * (starts[end] - starts[from]);
  }
}

function* bodyOf(
  request: BreakdownRequest,
  { values }: GroupIndex,
  { sizes, groupCount, shown }: Sizes,
  tallied: readonly Tallied[],
): Generator<number, BreakdownBody, void> {
  const profilesOf = (target: number): number =>
    tallied.reduce((sum, { outcome }) => sum + outcome!.profiles[target], 0);
  const countsOf = (target: number, elements: number) =>
    request.event === undefined ? { profiles: elements } : { profiles: profilesOf(target), events: elements };
  const groups: BreakdownGroup[] = [];
  for (const [place, group] of shown.entries()) {
    const counts = countsOf(place, sizes[group]);
    if (request.aggregate === undefined) groups.push({ values: values[group], ...counts });
    else {
      const value = yield* figureOf(request.aggregate, tallied, place);
      groups.push({ values: values[group], ...counts, value });
    }
    yield SHOWN_NS * (tallied.length + 1);
  }
  // Elements of the rest, and of all, are each counted once however many groups they are in.
  const rest = tallied.reduce((sum, { aim }) => sum + aim.restCount, 0);
  const total = tallied.reduce((sum, { aim }) => sum + aim.totalCount, 0);
  return {
    groups,
    ...(groupCount === shown.length
      ? {}
      : { rest: { groups: groupCount - shown.length, ...countsOf(shown.length, rest) } }),
    total: { groups: groupCount, ...countsOf(shown.length + 1, total) },
  };
}

function figureOf(
  { fn, p }: NonNullable<BreakdownRequest['aggregate']>,
  tallied: readonly Tallied[],
  place: number,
): ReturnType<typeof mergeFigures> {
  const figures = tallied.map(({ part, shard, outcome }): PartialFigure => {
    return { figure: outcome!.figures[place], textOf: part.textOf, shard };
  });
  return mergeFigures(fn, p, figures);
}
