/**
 * A predicate over what a path reached: true when any value fits; the negative operators are the exact negation. An operand
 * is a list of alternatives, of which any may fit: one for a literal, many for `in` or for a field that reaches many.
 */
import type { Operator } from '../../../src/model/expression.ts';
import type { JsonScalar } from './json-value.ts';
import { compare, fits } from './operator.ts';
import type { Reach } from './path.ts';

export function holds(reached: Reach, op: Operator, operand: readonly JsonScalar[], nowMs: number): boolean {
  switch (op) {
    case 'neq':
      return !holds(reached, 'eq', operand, nowMs);
    case 'not_in':
      return !holds(reached, 'in', operand, nowMs);
    case 'not_contains':
      return !holds(reached, 'contains', operand, nowMs);
    case 'not_exists':
      return !reached.isPresent;
    case 'exists':
      return reached.isPresent;
    case 'between': {
      const [low, high] = operand;
      return reached.scalars.some(({ value }) => isAtLeast(value, low) && isAtLeast(value, high, -1));
    }
    default: {
      const pairOp = op === 'in' ? 'eq' : op;
      return reached.scalars.some((scalar) => operand.some((literal) => fits(pairOp, scalar, literal, nowMs)));
    }
  }
}

/** value ≥ bound, or with sign −1 value ≤ bound; false where they cannot be compared. */
function isAtLeast(value: JsonScalar, bound: JsonScalar, sign = 1): boolean {
  const order = compare(value, bound);
  return order !== undefined && order * sign >= 0;
}
