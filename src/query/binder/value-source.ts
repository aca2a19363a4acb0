/**
 * Where the values of an aggregate come from: the typed columns that a property path reaches, each with the condition
 * under which it counts (a context value counts only where the properties hold nothing at that path). At one event at
 * most one source holds something, but one array may hold many scalars.
 */
import type { NumberColumn } from '../../memory/ladder-column.ts';
import type { EventTable } from '../../profile/event-table.ts';
import type { TextColumn } from '../../profile/text-column.ts';
import type { ValueColumn } from '../../profile/value-column.ts';
import { type ArrayVisitor, ArrayWalk } from './array-walk.ts';
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

/** Numbers of a source: a column, or what each array (by code) adds up to. */
export type NumberSource =
  | { readonly kind: 'plain'; readonly guard: Formula; readonly numbers: NumberColumn }
  | { readonly kind: 'array'; readonly guard: Formula; readonly arrays: TextColumn; readonly summary: ArraySummary };

/** By code, in shared memory. Where `counts` is 0 there is no number. */
export interface ArraySummary {
  readonly sums: Float64Array;
  readonly counts: Float64Array;
  readonly mins: Float64Array;
  readonly maxs: Float64Array;
}

export function numberSources(sources: readonly ScalarSource[]): NumberSource[] {
  const found: NumberSource[] = [];
  for (const source of sources) {
    if (source.kind === 'array') {
      const { guard, arrays, rest } = source;
      found.push({ kind: 'array', guard, arrays, summary: summarize(arrays, rest) });
    } else if (source.column.numbers !== undefined) {
      found.push({ kind: 'plain', guard: source.guard, numbers: source.column.numbers });
    }
  }
  return found;
}

function summarize({ dictionary }: TextColumn, rest: readonly string[]): ArraySummary {
  const { count } = dictionary;
  const shared = (): Float64Array => new Float64Array(new SharedArrayBuffer((count + 1) * 8));
  const summary = { sums: shared(), counts: shared(), mins: shared(), maxs: shared() };
  const walk = new ArrayWalk(rest);
  let code = 0;
  const visitor: ArrayVisitor = {
    ...IGNORANT,
    number: (value) => {
      summary.mins[code] = summary.counts[code] === 0 ? value : Math.min(summary.mins[code], value);
      summary.maxs[code] = summary.counts[code] === 0 ? value : Math.max(summary.maxs[code], value);
      summary.counts[code] += 1;
      summary.sums[code] += value;
      return false;
    },
  };
  for (code = 1; code <= count; code++) walk.run(dictionary, code, visitor);
  return summary;
}

const IGNORANT: ArrayVisitor = {
  present: () => false,
  number: () => false,
  boolean: () => false,
  text: () => false,
};

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
