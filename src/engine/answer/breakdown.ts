/** Groups over all shards: their sizes first, then, for those that are shown, distinct profiles and the further figure. */
import type { BreakdownBody, BreakdownGroup, BreakdownRequest } from '../../model/analysis.ts';
import { GroupIndex, TopGroups } from '../../query/execution/group-index.ts';
import { inSlices, type Spend } from '../../query/execution/pace.ts';
import { allEnded } from '../../query/execution/shard-query.ts';
import type { AskedQuestion } from './asked-question.ts';
import { mergeFigures, type PartialFigure } from './figure.ts';
import { type GroupPart, groupKind } from './group-part.ts';
import type { TalliedPiece } from './packed-tally.ts';

const DEFAULT_LIMIT = 20;
/** Looked at between two turns at most. */
const STEP_NS = 10_240;
/** A group written out, for each part that it is put together from. */
const SHOWN_NS = 100;

interface Sizes {
  /** Elements by group. */
  readonly sizes: Float64Array;
  /** Groups that have any. */
  readonly groupCount: number;
  readonly shown: readonly number[];
  /** Elements, each once. */
  readonly elementCount: number;
}

export async function answerBreakdown(question: AskedQuestion): Promise<BreakdownBody> {
  const request = question.request.breakdown!;
  const index = new GroupIndex();
  return question.gather(groupKind(request, index), (parts, spend) => merge(request, index, parts, spend));
}

async function merge(
  request: BreakdownRequest,
  index: GroupIndex,
  parts: readonly GroupPart[],
  spend: Spend,
): Promise<BreakdownBody> {
  const sizes = await inSlices(sizesOf(request, index, parts), spend);
  const { shown, groupCount } = sizes;
  const isTallied = request.event !== undefined || request.aggregate !== undefined;
  let tallied: readonly TalliedPiece[] = [];
  if (isTallied || groupCount > shown.length) {
    const places = new Int32Array(index.count).fill(-1);
    shown.forEach((group, place) => {
      places[group] = place;
    });
    tallied = (await allEnded(parts.map((part) => part.tallied(places, shown.length, spend)))).flat();
  }
  return inSlices(bodyOf(request, index, sizes, tallied), spend);
}

function* sizesOf(
  { limit }: BreakdownRequest,
  index: GroupIndex,
  parts: readonly GroupPart[],
): Generator<number, Sizes, void> {
  const sizes = new Float64Array(index.count);
  for (const part of parts) yield* part.addSizes(sizes);
  const top = new TopGroups(index, sizes, limit ?? DEFAULT_LIMIT);
  let groupCount = 0;
  let costNs = 0;
  for (let group = 0; group < sizes.length; group++) {
    if (sizes[group] !== 0) {
      groupCount += 1;
      costNs += top.add(group);
    }
    costNs += 1;
    if (costNs < STEP_NS) continue;
    yield costNs;
    costNs = 0;
  }
  const elementCount = parts.reduce((sum, part) => sum + part.elementCount, 0);
  return { sizes, groupCount, shown: top.sorted(), elementCount };
}

function* bodyOf(
  request: BreakdownRequest,
  { values }: GroupIndex,
  { sizes, groupCount, shown, elementCount }: Sizes,
  tallied: readonly TalliedPiece[],
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
  const rest = tallied.reduce((sum, { restCount }) => sum + restCount, 0);
  return {
    groups,
    ...(groupCount === shown.length
      ? {}
      : { rest: { groups: groupCount - shown.length, ...countsOf(shown.length, rest) } }),
    total: { groups: groupCount, ...countsOf(shown.length + 1, elementCount) },
  };
}

function figureOf(
  { fn, p }: NonNullable<BreakdownRequest['aggregate']>,
  tallied: readonly TalliedPiece[],
  place: number,
): ReturnType<typeof mergeFigures> {
  const figures = tallied.map(({ textOf, shard, outcome }): PartialFigure => {
    return { figure: outcome!.figures[place], textOf, shard };
  });
  return mergeFigures(fn, p, figures);
}
