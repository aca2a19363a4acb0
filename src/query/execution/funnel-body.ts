/** The parts of all shards as one funnel: counts added up, medians over all times, groups merged by value and ranked. */
import type { FunnelBody, FunnelRequest, FunnelStepBody, GroupValue } from '../../model/analysis.ts';
import type { FunnelPart } from './funnel.ts';
import { sortNumbers } from './number-sort.ts';
import { SortedLists } from './sorted-numbers.ts';
import { compareValues } from './value-order.ts';

/** Gives other callers a turn. */
type NextTurn = () => Promise<void>;

const DEFAULT_LIMIT = 20;
const MEDIAN = 50;

export async function funnelBody(
  request: FunnelRequest,
  parts: readonly FunnelPart[],
  nextTurn: NextTurn,
): Promise<FunnelBody> {
  const stepCount = request.steps.length;
  const depths = new Float64Array(stepCount + 1);
  for (const part of parts)
    for (let depth = 0; depth < part.depths.length; depth++) depths[depth] += part.depths[depth];
  const medians = request.steps.map((_, step) => {
    const lists = step === 0 ? [] : parts.flatMap(({ times }) => times[step - 1] ?? []);
    return new SortedLists(lists).percentile(MEDIAN);
  });
  const steps = stepBodies(request, depths, medians);
  if (request.by === undefined) return { steps };
  const ranked = rank(parts);
  const shown = ranked.values.slice(0, request.limit ?? DEFAULT_LIMIT);
  const bodies = await groupBodies(request, parts, ranked, shown.length, nextTurn);
  const groups = shown.map((value, i) => ({ value, steps: bodies[i] }));
  const leftCount = ranked.values.length - shown.length;
  if (leftCount === 0) return { steps, groups };
  return { steps, groups, rest: { groups: leftCount, steps: bodies[shown.length] } };
}

function stepBodies(
  { steps }: FunnelRequest,
  depths: Float64Array,
  medians: readonly (number | null)[],
): readonly FunnelStepBody[] {
  let reached = 0;
  for (let depth = 1; depth < depths.length; depth++) reached += depths[depth];
  const first = reached;
  let before = reached;
  return steps.map(({ event }, step) => {
    const count = reached;
    const body = {
      event,
      count,
      rate: ratio(count, before),
      rateOfFirst: ratio(count, first),
      dropOff: before - count,
      medianMs: medians[step],
    };
    before = count;
    reached -= depths[step + 1];
    return body;
  });
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/** Groups in the order of the answer. */
interface Ranking {
  readonly values: readonly GroupValue[];
  readonly positions: ReadonlyMap<GroupValue, number>;
}

function rank(parts: readonly FunnelPart[]): Ranking {
  const counts = new Map<GroupValue, number>();
  for (const { grouped } of parts) {
    for (const { values, groups } of grouped) {
      const sizes = new Float64Array(values.length);
      for (let i = 0; i < groups.length; i++) sizes[groups[i]] += 1;
      for (const [i, value] of values.entries()) counts.set(value, (counts.get(value) ?? 0) + sizes[i]);
    }
  }
  const sorted = [...counts].sort(([a, ofA], [b, ofB]) => ofB - ofA || compareValues(a, b));
  const values = sorted.map(([value]) => value);
  return { values, positions: new Map(values.map((value, i) => [value, i])) };
}

/** The steps of each shown group, and at the end those of all the others together. */
async function groupBodies(
  request: FunnelRequest,
  parts: readonly FunnelPart[],
  { positions }: Ranking,
  shownCount: number,
  nextTurn: NextTurn,
): Promise<readonly (readonly FunnelStepBody[])[]> {
  const stepCount = request.steps.length;
  const places = Array.from({ length: shownCount + 1 }, () => ({
    depths: new Float64Array(stepCount + 1),
    medians: new Array<number | null>(stepCount).fill(null),
  }));
  const grouped = parts.flatMap((part) => part.grouped);
  const placeTables = grouped.map(({ values }) =>
    Uint32Array.from(values, (value) => Math.min(shownCount, positions.get(value)!)),
  );
  grouped.forEach(({ groups, journeys }, g) => {
    const table = placeTables[g];
    for (let i = 0; i < groups.length; i++) places[table[groups[i]]].depths[journeys.depths[i]] += 1;
  });
  for (let step = 1; step < stepCount; step++) {
    const lists = timesByPlace(grouped, placeTables, step, shownCount + 1);
    for (let place = 0; place <= shownCount; place++) {
      await nextTurn();
      sortNumbers(lists[place]);
      const sorted = new SortedLists([{ values: lists[place], ends: undefined }]);
      places[place].medians[step] = sorted.percentile(MEDIAN);
    }
  }
  return places.map(({ depths, medians }) => stepBodies(request, depths, medians));
}

function timesByPlace(
  grouped: FunnelPart['grouped'],
  placeTables: readonly Uint32Array[],
  step: number,
  placeCount: number,
): Float64Array[] {
  const counts = new Uint32Array(placeCount);
  grouped.forEach(({ groups, journeys: { lengths } }, g) => {
    for (let i = 0; i < groups.length; i++) if (lengths[i] > step) counts[placeTables[g][groups[i]]] += 1;
  });
  const lists = Array.from(counts, (count) => new Float64Array(count));
  counts.fill(0);
  grouped.forEach(({ groups, journeys: { lengths, times } }, g) => {
    let at = 0;
    for (let i = 0; i < groups.length; i++) {
      if (lengths[i] <= step) continue;
      const place = placeTables[g][groups[i]];
      lists[place][counts[place]++] = times[step - 1][at++];
    }
  });
  return lists;
}
