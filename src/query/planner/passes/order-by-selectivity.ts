/**
 * `order_by_selectivity`: the parts of an `and` run in the order of what it costs to rule a row out, those of an `or` in the order of
 * what it costs to find one. With independent parts no other order does less work.
 */
import { type LogicalPlan, mapParts } from '../logical-plan.ts';
import { type PassContext, planPass } from '../pass.ts';

export const orderBySelectivity = planPass(
  'order_by_selectivity',
  'the cheapest and most selective parts come first',
  ordered,
);

function ordered(plan: LogicalPlan, context: PassContext): LogicalPlan {
  const inner = mapParts(plan, (part) => ordered(part, context));
  if (inner.kind !== 'and' && inner.kind !== 'or') return inner;
  const rank = (part: LogicalPlan): number => rankOf(part, inner.kind === 'and', context);
  const ranked = inner.of.map((part) => ({ part, rank: rank(part) }));
  ranked.sort((a, b) => a.rank - b.rank);
  return { kind: inner.kind, of: ranked.map(({ part }) => part) };
}

/** Nanoseconds for each row that is settled. */
function rankOf(part: LogicalPlan, isAnd: boolean, { estimator, rowCount }: PassContext): number {
  const found = estimator.rows(part);
  const settled = isAnd ? rowCount - found : found;
  return (estimator.costNs(part) + 1) / Math.max(settled, 0.5);
}
