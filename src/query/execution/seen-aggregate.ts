/**
 * `as: "aggregate"` over `first_seen` or `last_seen`, which the engine keeps as instants and not as a trait column. They are texts
 * in the language, so only `count_distinct` finds anything; instants stand for their texts, one to one.
 */
import type { RowSet } from '../../bitmap/row-set.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { AggregateRequest, PartialAggregate } from './aggregate.ts';

const NOTHING: PartialAggregate = { value: null, count: 0, timeMs: Number.NaN, distinct: [] };

export function isSeenTrait(request: AggregateRequest): boolean {
  return request.trait === 'first_seen' || request.trait === 'last_seen';
}

export function aggregateSeen(data: ShardData, request: AggregateRequest, rows: RowSet): PartialAggregate {
  if (request.fn !== 'count_distinct') return NOTHING;
  const column = request.trait === 'first_seen' ? data.profiles.firstSeen : data.profiles.lastSeen;
  const distinct = new Set<number>();
  for (const row of rows.rowsFrom(0, rows.cardinality)) distinct.add(column.get(row));
  return { ...NOTHING, count: distinct.size, distinct: [...distinct] };
}
