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
  // A part that settles the whole: nothing else needs to be captured.
  if (inner.kind === 'and' && inner.of.some((part) => part.kind === 'rows' && part.rows.isEmpty)) return FALSE;
  if (inner.kind === 'or' && inner.of.some((part) => isEverybody(part, context.rowCount))) return TRUE;
  return inner;
}

function isEverybody(plan: LogicalPlan, rowCount: number): boolean {
  return plan.kind === 'rows' && plan.rows.cardinality === rowCount;
}
