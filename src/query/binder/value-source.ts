/**
 * Where the values of an aggregate come from: the typed columns that a property path reaches, each with the condition
 * under which it counts (a context value counts only where the properties hold nothing at that path). At one event at
 * most one source holds something, but one array may hold many scalars.
 */
import type { EventTable } from '../../profile/event-table.ts';
import type { TextColumn } from '../../profile/text-column.ts';
import type { ValueColumn } from '../../profile/value-column.ts';
import type { ConditionBinder } from './bind-condition.ts';
import { and, codes, type Formula, not, or, TRUE } from './formula.ts';
import { type PathReach, reachProperty } from './path-reach.ts';
import type { BoundOperator, ValueTest } from './value-test.ts';

/** `column`: the plain values. `arrays`: the scalars at the end of `rest` in each array. */
export type ScalarSource =
  | { readonly kind: 'plain'; readonly guard: Formula; readonly column: ValueColumn }
  | { readonly kind: 'array'; readonly guard: Formula; readonly arrays: TextColumn; readonly rest: readonly string[] };

export function scalarSources(reach: PathReach, guard: Formula = TRUE): ScalarSource[] {
  const sources: ScalarSource[] = [];
  if (reach.exact !== undefined) sources.push({ kind: 'plain', guard, column: reach.exact });
  for (const { column, rest } of reach.through) sources.push({ kind: 'array', guard, arrays: column.arrays!, rest });
  return sources;
}

export function propertySources(table: EventTable, path: string, binder: ConditionBinder): ScalarSource[] {
  const { properties, contexts } = reachProperty(table, path);
  const own = scalarSources(properties);
  if (contexts === undefined) return own;
  return [...own, ...scalarSources(contexts, not<Formula>(binder.presence(properties)))];
}

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

/** Asks whether there is a value at all. */
export const ANY_VALUE: BoundOperator = (() => {
  const any: ValueTest = { numbers: { kind: 'present' }, texts: { kind: 'any' }, isTrueFit: true, isFalseFit: true };
  return { isNegative: false, isPresence: false, plain: any, element: any };
})();
