/** `answer_from_bitmaps`: tests of traits are answered by indexes: a bitmap per value, buckets of numbers, postings of texts. */
import { RowSet } from '../../../bitmap/row-set.ts';
import { FALSE, TRUE } from '../../binder/formula.ts';
import { type LogicalPlan, mapParts } from '../logical-plan.ts';
import { type PassContext, planPass } from '../pass.ts';

export const answerFromBitmaps = planPass(
  'answer_from_bitmaps',
  'tests of traits are answered by bitmaps of values, buckets of numbers and postings of texts',
  answered,
);

function answered(plan: LogicalPlan, context: PassContext): LogicalPlan {
  if (plan.kind === 'codes' || plan.kind === 'numbers') {
    const { indexes, rowCount } = context;
    const rows = plan.kind === 'codes' ? indexes.rows(plan, rowCount) : indexes.numbers(plan, rowCount);
    return rows === undefined ? plan : { kind: 'rows', rows, test: plan, isNegated: false };
  }
  const inner = mapParts<LogicalPlan>(plan, (part) => answered(part, context));
  if (inner.kind === 'not' && inner.of.kind === 'rows') {
    const { rows, test, isNegated } = inner.of;
    return { kind: 'rows', rows: RowSet.all(context.rowCount).andNot(rows), test, isNegated: !isNegated };
  }
  return inner.kind === 'and' || inner.kind === 'or' ? settled(inner, context.rowCount) : inner;
}

/** A part that settles the whole leaves nothing else to be captured; one that changes nothing is left out. */
function settled(join: Extract<LogicalPlan, { kind: 'and' | 'or' }>, rowCount: number): LogicalPlan {
  const isAnd = join.kind === 'and';
  if (join.of.some(isAnd ? isNobody : (part) => isEverybody(part, rowCount))) return isAnd ? FALSE : TRUE;
  const of = join.of.filter((part) => !(isAnd ? isEverybody(part, rowCount) : isNobody(part)));
  if (of.length === join.of.length) return join;
  return of.length === 0 ? join.of[0] : of.length === 1 ? of[0] : { kind: join.kind, of };
}

function isNobody(plan: LogicalPlan): boolean {
  return plan.kind === 'rows' && plan.rows.isEmpty;
}

function isEverybody(plan: LogicalPlan, rowCount: number): boolean {
  return plan.kind === 'rows' && plan.rows.cardinality === rowCount;
}
