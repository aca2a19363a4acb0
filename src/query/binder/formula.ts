/**
 * What is left of a condition once names are columns and literals are codes or bounds: tests of one column each, joined by
 * and, or, not. It is plain data about columns; the planner decides who answers a test (a bitmap index, a scan), and the
 * kernels turn what is to be scanned into one loop.
 */
import type { F64Column } from '../../memory/fixed-column.ts';
import type { IndexColumn } from '../../memory/index-column.ts';
import type { CodeColumn, NumberColumn } from '../../memory/ladder-column.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { TextColumn } from '../../profile/text-column.ts';
import type { ValueColumn } from '../../profile/value-column.ts';
import type { Cell, Relation } from './cell.ts';
import type { ComparisonTables } from './comparison-table.ts';
import type { RandomBucket } from './random-bucket.ts';

/**
 * Which codes fit; 0 (missing) never does. A table has a byte per code, with `fitCount` ones. `fits` (of `RowSelector` only, never in a
 * scan) asks the code's text when a row that has it is looked at.
 */
export type CodeSelection =
  | { readonly kind: 'none' }
  | { readonly kind: 'any'; readonly fits?: ((code: number) => boolean) | undefined }
  | { readonly kind: 'one'; readonly code: number }
  | { readonly kind: 'table'; readonly table: Uint8Array; readonly fitCount: number };

/** Which numbers fit; bounds are included. A list is ascending and has no duplicates. */
export type NumberSelection =
  | { readonly kind: 'present' }
  | { readonly kind: 'range'; readonly min: number; readonly max: number }
  | { readonly kind: 'list'; readonly values: Float64Array };

/** `owner` writes the change log that an index follows: a text column, or a value column for its booleans. */
export interface CodeTest {
  readonly kind: 'codes';
  readonly column: CodeColumn;
  readonly owner: TextColumn | ValueColumn | undefined;
  readonly selection: CodeSelection;
}
export interface NumberTest {
  readonly kind: 'numbers';
  /** Writes the change log that an index follows; absent for what no index is kept of. */
  readonly owner?: ValueColumn | undefined;
  readonly column: NumberColumn | F64Column;
  readonly selection: NumberSelection;
}
/**
 * Some value of the left cell stands in the relation to some value of the right one. `rows`: the right cell is the profile's, found by
 * the row of the event; absent = both are of the same element.
 */
export interface CompareTest {
  readonly kind: 'compare';
  readonly relation: Relation;
  readonly left: Cell;
  readonly right: Cell;
  readonly rows: IndexColumn | undefined;
  readonly tables: ComparisonTables;
}
/** The profile's place in a split by its id; of profiles only. */
export interface RandomTest {
  readonly kind: 'random';
  readonly bucket: RandomBucket;
  readonly data: ShardData;
}
export interface Constant {
  readonly kind: 'constant';
  readonly value: boolean;
}
export interface Conjunction<T> {
  readonly kind: 'and';
  readonly of: readonly T[];
}
export interface Disjunction<T> {
  readonly kind: 'or';
  readonly of: readonly T[];
}
export interface Negation<T> {
  readonly kind: 'not';
  readonly of: T;
}
export type Formula =
  | Constant
  | CodeTest
  | NumberTest
  | CompareTest
  | RandomTest
  | Conjunction<Formula>
  | Disjunction<Formula>
  | Negation<Formula>;

export const TRUE: Constant = { kind: 'constant', value: true };
export const FALSE: Constant = { kind: 'constant', value: false };

export function codes(owner: TextColumn, selection: CodeSelection): Formula {
  return selection.kind === 'none' ? FALSE : { kind: 'codes', column: owner.codes, owner, selection };
}

/** Anything that has and, or, not and constants: formulas here, whole expressions in `bound-expression.ts`. */
type Node = { readonly kind: string };

export function and<T extends Node>(parts: readonly (T | Conjunction<T> | Constant)[]): T | Conjunction<T> | Constant {
  const kept: T[] = [];
  for (const part of parts) {
    if (isConstant(part)) {
      if (!part.value) return FALSE;
    } else if (part.kind === 'and') kept.push(...(part as Conjunction<T>).of);
    else kept.push(part as T);
  }
  if (kept.length === 0) return TRUE;
  return kept.length === 1 ? kept[0] : { kind: 'and', of: kept };
}

export function or<T extends Node>(parts: readonly (T | Disjunction<T> | Constant)[]): T | Disjunction<T> | Constant {
  const kept: T[] = [];
  for (const part of parts) {
    if (isConstant(part)) {
      if (part.value) return TRUE;
    } else if (part.kind === 'or') kept.push(...(part as Disjunction<T>).of);
    else kept.push(part as T);
  }
  if (kept.length === 0) return FALSE;
  return kept.length === 1 ? kept[0] : { kind: 'or', of: kept };
}

export function not<T extends Node>(part: T | Negation<T> | Constant): T | Negation<T> | Constant {
  if (isConstant(part)) return part.value ? FALSE : TRUE;
  return part.kind === 'not' ? (part as Negation<T>).of : { kind: 'not', of: part as T };
}

function isConstant(part: Node): part is Constant {
  return part.kind === 'constant';
}
