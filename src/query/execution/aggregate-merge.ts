/** The parts of shards of `as: "aggregate"`, and one value out of them. */
import { unreachable } from '../../base/assert.ts';
import type { AggregateFunction } from '../../model/expression.ts';
import { distinctCount } from './distinct-count.ts';

export type AggregateValue = number | string | boolean | null;

/** One shard's part. `value` null = nothing there; `avg` is its sum and `count`; `first`/`last` carry the event's time. */
export interface PartialAggregate {
  readonly value: AggregateValue;
  readonly count: number;
  readonly timeMs: number;
  readonly distinct: readonly (number | string | boolean)[];
}

/** The parts of all shards as one value. `sum` and `count_distinct` of nothing are 0, the others null. Yields what its parts cost. */
export function* mergeAggregates(
  fn: AggregateFunction,
  parts: readonly PartialAggregate[],
): Generator<number, AggregateValue, void> {
  const found = parts.filter((part) => part.count > 0);
  switch (fn) {
    case 'count_distinct':
      return yield* distinctCount(found.map(({ distinct }) => ({ count: distinct.length, at: (i) => distinct[i] })));
    case 'sum':
      return found.reduce((sum, part) => sum + Number(part.value), 0);
    case 'avg': {
      const count = found.reduce((sum, part) => sum + part.count, 0);
      return count === 0 ? null : found.reduce((sum, part) => sum + Number(part.value), 0) / count;
    }
    case 'min':
      return found.length === 0 ? null : found.reduce((least, part) => Math.min(least, Number(part.value)), Infinity);
    case 'max':
      return found.length === 0 ? null : found.reduce((most, part) => Math.max(most, Number(part.value)), -Infinity);
    case 'first':
      return edge(found, (part, best) => part.timeMs < best.timeMs);
    case 'last':
      return edge(found, (part, best) => part.timeMs >= best.timeMs);
    default:
      return unreachable(fn);
  }
}

function edge(
  parts: readonly PartialAggregate[],
  isBetter: (part: PartialAggregate, best: PartialAggregate) => boolean,
): AggregateValue {
  let best: PartialAggregate | undefined;
  for (const part of parts) if (best === undefined || isBetter(part, best)) best = part;
  return best?.value ?? null;
}
