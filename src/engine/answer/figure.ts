/** One group's figure out of what workers and shards saw of it. */
import type { GroupValue, TotalFunction } from '../../model/analysis.ts';
import { BOOLEAN_TRUE } from '../../profile/value-column.ts';
import { type DistinctList, distinctCount } from '../../query/execution/distinct-count.ts';
import { SortedLists, type SortedNumbers } from '../../query/execution/sorted-numbers.ts';
import { TAG_NUMBER, TAG_TEXT } from '../../query/index/scalar-tag.ts';
import type { ShownFigure } from './packed-tally.ts';

export interface PartialFigure {
  readonly figure: ShownFigure;
  readonly textOf: (number: number) => string;
  readonly shard: number;
}

/** Yields what its parts are estimated to have cost. */
export function* mergeFigures(
  fn: TotalFunction,
  p: number | readonly number[] | undefined,
  parts: readonly PartialFigure[],
): Generator<number, GroupValue | readonly (number | null)[], void> {
  switch (fn) {
    case 'sum':
      return total(parts, ({ sum }) => sum);
    case 'avg': {
      const count = total(parts, (figure) => figure.count);
      return count === 0 ? null : total(parts, ({ sum }) => sum) / count;
    }
    case 'min':
      return finite(parts.reduce((least, { figure }) => Math.min(least, figure.min), Infinity));
    case 'max':
      return finite(parts.reduce((most, { figure }) => Math.max(most, figure.max), -Infinity));
    case 'count_distinct':
      return yield* distinctCount(parts.map(distinctOf));
    case 'first':
    case 'last':
      return edgeOf(fn, parts);
    default:
      return ranksOf(
        parts.flatMap(({ figure: { numbers, ends } }) => (numbers === undefined ? [] : [{ values: numbers, ends }])),
        fn === 'median' ? 50 : p!,
      );
  }
}

/** Percentiles of numbers in order; a list where `p` is one. */
export function ranksOf(
  lists: readonly SortedNumbers[],
  p: number | readonly number[],
): number | null | readonly (number | null)[] {
  const sorted = new SortedLists(lists);
  return typeof p === 'number' ? sorted.percentile(p) : p.map((each) => sorted.percentile(each));
}

function total(parts: readonly PartialFigure[], of: (figure: ShownFigure) => number): number {
  return parts.reduce((sum, { figure }) => sum + of(figure), 0);
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value + 0 : null;
}

function distinctOf({ figure, textOf }: PartialFigure): DistinctList {
  const { tags, values } = figure.distinct!;
  return { count: values.length, at: (i) => scalarOf(tags[i], values[i], textOf) };
}

function scalarOf(tag: number, value: number, textOf: (number: number) => string): GroupValue {
  return tag === TAG_NUMBER ? value + 0 : tag === TAG_TEXT ? textOf(value) : value === BOOLEAN_TRUE;
}

/** By time; within a shard then by arrival. */
function edgeOf(fn: 'first' | 'last', parts: readonly PartialFigure[]): GroupValue {
  let best: PartialFigure | undefined;
  for (const part of parts) {
    const { edge } = part.figure;
    if (edge === undefined) continue;
    const bestEdge = best?.figure.edge;
    if (best === undefined || bestEdge === undefined) {
      best = part;
      continue;
    }
    const order = edge.timeMs - bestEdge.timeMs || (part.shard === best.shard ? edge.index - bestEdge.index : 0);
    if (fn === 'first' ? order < 0 : order > 0) best = part;
  }
  if (best === undefined) return null;
  const { tag, value } = best.figure.edge!;
  return scalarOf(tag, value, best.textOf);
}
