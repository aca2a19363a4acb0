/** `push_down_not`: negations move down to the leaves (de Morgan), so that the parts under them can be ordered and joined. */
import { FALSE, TRUE } from '../../binder/formula.ts';
import { isConstant, isJoin, isNegation, mapParts, rewriteAll, type Tree } from '../logical-plan.ts';
import { planPass } from '../pass.ts';

export const pushDownNot = planPass(
  'push_down_not',
  'not (a and b) becomes (not a) or (not b), down to the leaves',
  (plan) => rewriteAll(plan, withNegationsDown),
);

export function withNegationsDown<T extends Tree>(tree: T): T {
  return isNegation<T>(tree) ? negated(tree.of) : mapParts(tree, withNegationsDown);
}

function negated<T extends Tree>(tree: T): T {
  if (isNegation<T>(tree)) return withNegationsDown(tree.of);
  if (isJoin<T>(tree)) {
    return { kind: tree.kind === 'and' ? 'or' : 'and', of: tree.of.map((part) => negated(part)) } as Tree as T;
  }
  if (isConstant(tree, true)) return FALSE as Tree as T;
  if (isConstant(tree, false)) return TRUE as Tree as T;
  return { kind: 'not', of: tree } as Tree as T;
}
