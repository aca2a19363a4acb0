/**
 * One typed part of what a path reaches: the unit that comparisons of two fields are made of. A path is the sum of its cells, and at
 * one element at most one of them holds something; an array holds many values.
 */
import type { F64Column } from '../../memory/fixed-column.ts';
import type { CodeColumn, NumberColumn } from '../../memory/ladder-column.ts';
import type { Operator } from '../../model/query.ts';
import type { TextColumn } from '../../profile/text-column.ts';
import type { Formula } from './formula.ts';
import type { ScalarSource } from './value-source.ts';

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

/** A cell that counts only where the guard holds. */
export interface GuardedCell {
  readonly guard: Formula;
  readonly cell: Cell;
}

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

/** `isFirstOnly`: of an array its first scalar, as `first` and `last` take it. */
export function cellsOf(sources: readonly ScalarSource[], isFirstOnly = false): GuardedCell[] {
  const found: GuardedCell[] = [];
  for (const source of sources) {
    const { guard } = source;
    if (source.kind === 'array') {
      const { arrays, rest } = source;
      found.push({ guard, cell: { kind: 'arrays', column: arrays, rest, isFirstOnly } });
      continue;
    }
    const { numbers, strings, booleans } = source.column;
    if (numbers !== undefined) found.push({ guard, cell: { kind: 'numbers', column: numbers } });
    if (strings !== undefined) found.push({ guard, cell: { kind: 'texts', column: strings } });
    if (booleans !== undefined) found.push({ guard, cell: { kind: 'booleans', column: booleans } });
  }
  return found;
}

export function mayHoldNumber({ kind }: Cell): boolean {
  return kind === 'numbers' || kind === 'arrays';
}

export function mayHoldText({ kind }: Cell): boolean {
  return kind === 'texts' || kind === 'instants' || kind === 'arrays';
}

export function mayHoldBoolean({ kind }: Cell): boolean {
  return kind === 'booleans' || kind === 'arrays';
}
