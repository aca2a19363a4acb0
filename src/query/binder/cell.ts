/**
 * One typed part of what a path reaches: the unit that comparisons of two fields are made of. A path is the sum of its cells, and at
 * one element at most one of them holds something; an array holds many values.
 */
import type { F64Column } from '../../memory/fixed-column.ts';
import type { CodeColumn, NumberColumn } from '../../memory/ladder-column.ts';
import type { Operator } from '../../model/expression.ts';
import type { TextColumn } from '../../profile/text-column.ts';

/**
 * `arrays`: the scalars at the end of `rest`; with `isFirstOnly` the first of them, taken as a plain value. `instants`: kept
 * by the engine as numbers, but texts to the language.
 */
export type Cell =
  | { readonly kind: 'numbers'; readonly column: NumberColumn }
  | { readonly kind: 'texts'; readonly column: TextColumn }
  | { readonly kind: 'booleans'; readonly column: CodeColumn }
  | {
      readonly kind: 'arrays';
      readonly column: TextColumn;
      readonly rest: readonly string[];
      readonly isFirstOnly: boolean;
    }
  | { readonly kind: 'instants'; readonly column: F64Column };

/** Positive operators between two fields. */
export type Relation = 'eq' | 'lt' | 'lte' | 'gt' | 'gte' | 'before' | 'after' | 'contains' | 'starts' | 'ends';

export const RELATIONS: Readonly<Partial<Record<Operator, Relation>>> = {
  eq: 'eq',
  neq: 'eq',
  lt: 'lt',
  lte: 'lte',
  gt: 'gt',
  gte: 'gte',
  before: 'before',
  after: 'after',
  contains: 'contains',
  not_contains: 'contains',
  starts_with: 'starts',
  ends_with: 'ends',
};

export function mayHoldNumber({ kind }: Cell): boolean {
  return kind === 'numbers' || kind === 'arrays';
}

export function mayHoldText({ kind }: Cell): boolean {
  return kind === 'texts' || kind === 'instants' || kind === 'arrays';
}

export function mayHoldBoolean({ kind }: Cell): boolean {
  return kind === 'booleans' || kind === 'arrays';
}
