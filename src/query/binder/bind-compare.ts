/**
 * A condition whose right-hand side is another field → pairs of cells, one from each side, of which any may fit. Pairs that can never
 * fit (a number and a text) are left out here.
 */
import { assert } from '../../base/assert.ts';
import { splitPath } from '../../base/path.ts';
import type { IndexColumn } from '../../memory/index-column.ts';
import type { FieldReference, Operand, Operator } from '../../model/expression.ts';
import type { ProfileTable } from '../../profile/profile-table.ts';
import { type Cell, mayHoldBoolean, mayHoldNumber, mayHoldText, RELATIONS, type Relation } from './cell.ts';
import type { ComparisonTables } from './comparison-table.ts';
import { and, type Formula, or, TRUE } from './formula.ts';
import { cellsOf, type GuardedCell } from './guarded-cell.ts';
import { reachPath } from './path-reach.ts';
import { scalarSources } from './value-source.ts';

export function isFieldReference(value: Operand | undefined): value is FieldReference {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isNegativeOperator(op: Operator): boolean {
  return op === 'neq' || op === 'not_in' || op === 'not_contains' || op === 'not_exists';
}

/** `first_seen` and `last_seen` are the engine's own; a sent trait of that name is hidden, with all below it. */
export function traitCells(profiles: ProfileTable, path: string): GuardedCell[] {
  const segments = splitPath(path);
  if (segments[0] !== 'first_seen' && segments[0] !== 'last_seen') {
    return cellsOf(scalarSources(reachPath(profiles.traits, segments)));
  }
  if (segments.length > 1) return [];
  const column = segments[0] === 'first_seen' ? profiles.firstSeen : profiles.lastSeen;
  return [{ guard: TRUE, cell: { kind: 'instants', column } }];
}

/** The positive form of the operator. `rows`: the right side is of the event's profile. */
export function compareFormula(
  left: readonly GuardedCell[],
  op: Operator,
  right: readonly GuardedCell[],
  rows: IndexColumn | undefined,
  tables: ComparisonTables,
): Formula {
  const relation = RELATIONS[op];
  assert(relation !== undefined, () => `${op} does not compare with a field`);
  const parts: Formula[] = [];
  for (const a of left) {
    for (const b of right) {
      // What an array contains is what it has an equal of.
      const isElement = relation === 'contains' && a.cell.kind === 'arrays' && !a.cell.isFirstOnly;
      const pair = isElement ? 'eq' : relation;
      if (!mayFit(pair, a.cell, b.cell)) continue;
      tables.prepare(pair, a.cell, b.cell);
      const test: Formula = { kind: 'compare', relation: pair, left: a.cell, right: b.cell, rows, tables };
      parts.push(and<Formula>([a.guard, b.guard, test]));
    }
  }
  return or(parts);
}

function mayFit(relation: Relation, left: Cell, right: Cell): boolean {
  if (mayHoldText(left) && mayHoldText(right)) return true;
  if (relation === 'eq' && mayHoldBoolean(left) && mayHoldBoolean(right)) return true;
  const isOfNumbers = relation === 'eq' || isOrder(relation);
  return isOfNumbers && mayHoldNumber(left) && mayHoldNumber(right);
}

export function isOrder(relation: Relation): boolean {
  return relation === 'lt' || relation === 'lte' || relation === 'gt' || relation === 'gte';
}
