/** `flatten`: nested `and` in `and`, `or` in `or` and double negations are opened, constants are settled. */
import { FALSE, TRUE } from '../../binder/formula.ts';
import { isConstant, isJoin, isNegation, mapParts, rewriteAll, type Tree } from '../logical-plan.ts';
import { planPass } from '../pass.ts';

export const flatten = planPass('flatten', 'and in and, or in or, not not and constants are resolved', (plan) =>
  rewriteAll(plan, flattened),
);

export function flattened<T extends Tree>(tree: T): T {
  const inner = mapParts(tree, flattened);
  if (isNegation<T>(inner)) return flattenedNegation(inner, inner.of);
  if (!isJoin<T>(inner)) return inner;
  const { kind } = inner;
  const isOr = kind === 'or';
  const of: T[] = [];
  for (const part of inner.of) {
    if (isConstant(part, isOr)) return part;
    if (isConstant(part, !isOr)) continue;
    if (isJoin<T>(part) && part.kind === kind) of.push(...part.of);
    else of.push(part);
  }
  if (of.length === 0) return (isOr ? FALSE : TRUE) as Tree as T;
  return of.length === 1 ? of[0] : ({ kind, of } as Tree as T);
}

function flattenedNegation<T extends Tree>(whole: T, part: T): T {
  if (isNegation<T>(part)) return part.of;
  if (isConstant(part, true)) return FALSE as Tree as T;
  return isConstant(part, false) ? (TRUE as Tree as T) : whole;
}
