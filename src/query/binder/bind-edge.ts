/** `first` and `last`: the conditions on the one event that they look at. */
import type { ConditionBinder } from './bind-condition.ts';
import { and, codes, type Formula, or, TRUE } from './formula.ts';
import { ANY_VALUE, type ScalarSource } from './value-source.ts';
import type { BoundOperator } from './value-test.ts';

/** For `first` / `last`: whether an event has a value, and whether the first one it has fits. */
export function edgeFormulas(
  sources: readonly ScalarSource[],
  operator: BoundOperator,
  binder: ConditionBinder,
): { readonly present: Formula; readonly fits: Formula } {
  const present: Formula[] = [];
  const fits: Formula[] = [];
  for (const source of sources) {
    if (source.kind === 'plain') {
      const any = binder.positive({ exact: source.column, below: [], through: [] }, ANY_VALUE);
      present.push(and<Formula>([source.guard, any]));
      if (operator.isPresence) continue;
      const test = binder.positive({ exact: source.column, below: [], through: [] }, operator);
      fits.push(and<Formula>([source.guard, test]));
    } else {
      const { guard, arrays, rest } = source;
      present.push(and<Formula>([guard, codes(arrays, binder.selector.firstScalars(arrays, rest, ANY_VALUE.plain))]));
      if (!operator.isPresence)
        fits.push(and<Formula>([guard, codes(arrays, binder.selector.firstScalars(arrays, rest, operator.plain))]));
    }
  }
  return { present: or(present), fits: operator.isPresence ? TRUE : or(fits) };
}
