/**
 * Where the values of an aggregate come from: the typed columns that a property path reaches, each with the condition
 * under which it counts (a context value counts only where the properties hold nothing at that path). At one event at
 * most one source holds something, but one array may hold many scalars.
 */
import type { EventTable } from '../../profile/event-table.ts';
import type { TextColumn } from '../../profile/text-column.ts';
import type { ValueColumn } from '../../profile/value-column.ts';
import { type Formula, not, TRUE } from './formula.ts';
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

/** Knows the condition that something stands at a place. */
export interface PresenceBinder {
  presence(reach: PathReach): Formula;
}

export function propertySources(table: EventTable, path: string, binder: PresenceBinder): ScalarSource[] {
  const { properties, contexts } = reachProperty(table, path);
  const own = scalarSources(properties);
  if (contexts === undefined) return own;
  return [...own, ...scalarSources(contexts, not<Formula>(binder.presence(properties)))];
}

/** Asks whether there is a value at all. */
export const ANY_VALUE: BoundOperator = (() => {
  const any: ValueTest = { numbers: { kind: 'present' }, texts: { kind: 'any' }, isTrueFit: true, isFalseFit: true };
  return { isNegative: false, isPresence: false, plain: any, element: any };
})();
