/** `fuse_scans`: tests of profile columns that meet in an `and` or `or` become one scan with one loop over all their columns. */
import type { Formula } from '../../binder/formula.ts';
import { isFormula, type LogicalPlan, mapParts } from '../logical-plan.ts';
import { planPass } from '../pass.ts';

export const fuseScans = planPass(
  'fuse_scans',
  'tests of profile columns that meet in an and or or become one scan',
  fused,
);

function fused(plan: LogicalPlan): LogicalPlan {
  if (isFormula(plan)) return plan.kind === 'constant' ? plan : { kind: 'scan', formula: plan };
  if (plan.kind !== 'and' && plan.kind !== 'or') return mapParts(plan, fused);
  const formulas: Formula[] = [];
  const others: LogicalPlan[] = [];
  for (const part of plan.of) {
    if (isFormula(part)) formulas.push(part);
    else others.push(fused(part));
  }
  if (formulas.length === 0) return { kind: plan.kind, of: others };
  const formula = formulas.length === 1 ? formulas[0] : { kind: plan.kind, of: formulas };
  return { kind: plan.kind, of: [{ kind: 'scan', formula }, ...others] };
}
