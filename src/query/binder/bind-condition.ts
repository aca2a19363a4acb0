/** A condition on a path → a formula over the columns that the path reaches. */
import { splitPath } from '../../base/path.ts';
import type { CodeColumn } from '../../memory/ladder-column.ts';
import type { Operand, Operator } from '../../model/expression.ts';
import type { EventTable } from '../../profile/event-table.ts';
import type { ProfileTable } from '../../profile/profile-table.ts';
import { BOOLEAN_FALSE, BOOLEAN_TRUE, MARK_EMPTY, type ValueColumn } from '../../profile/value-column.ts';
import { compareFormula, isFieldReference, isNegativeOperator, traitCells } from './bind-compare.ts';
import { and, type CodeSelection, codes, type Formula, not, or } from './formula.ts';
import { cellsOf, type GuardedCell } from './guarded-cell.ts';
import { type PathReach, reachPath, reachProperty } from './path-reach.ts';
import type { Selector } from './selector.ts';
import { propertySources } from './value-source.ts';
import { type BoundOperator, bindOperator, type ValueTest } from './value-test.ts';

export interface Condition {
  readonly op: Operator;
  readonly value?: Operand | undefined;
}

export class ConditionBinder {
  readonly selector: Selector;
  readonly nowMs: number;
  readonly profiles: ProfileTable;

  constructor(selector: Selector, nowMs: number, profiles: ProfileTable) {
    this.selector = selector;
    this.nowMs = nowMs;
    this.profiles = profiles;
  }

  /** A condition on a trait that is not of the engine's own. */
  bind(path: string, condition: Condition): Formula {
    const columns = this.profiles.traits;
    if (isFieldReference(condition.value)) return this.compareTrait(path, condition);
    const operator = bindOperator(condition.op, condition.value, this.nowMs);
    return negated(operator, this.positive(reachPath(columns, splitPath(path)), operator));
  }

  /** A condition on a property, which may fall through to the event's context. */
  bindProperty(table: EventTable, path: string, condition: Condition): Formula {
    if (isFieldReference(condition.value)) return this.#compareProperty(table, path, condition);
    const operator = bindOperator(condition.op, condition.value, this.nowMs);
    const { properties, contexts } = reachProperty(table, path);
    const own = this.positive(properties, operator);
    if (contexts === undefined) return negated(operator, own);
    const fallen = this.positive(contexts, operator);
    return negated(operator, or<Formula>([own, and<Formula>([not<Formula>(this.presence(properties)), fallen])]));
  }

  /** A condition on any trait, with another field of the profile on its right. */
  compareTrait(path: string, { op, value }: Condition): Formula {
    const right = isFieldReference(value) && 'trait' in value ? traitCells(this.profiles, value.trait) : [];
    const positive = compareFormula(traitCells(this.profiles, path), op, right, undefined, this.selector);
    return isNegativeOperator(op) ? not<Formula>(positive) : positive;
  }

  #compareProperty(table: EventTable, path: string, { op, value }: Condition): Formula {
    const left = cellsOf(propertySources(table, path, this));
    let right: readonly GuardedCell[] = [];
    const isTrait = isFieldReference(value) && 'trait' in value;
    if (isTrait) right = traitCells(this.profiles, value.trait);
    else if (isFieldReference(value)) right = cellsOf(propertySources(table, value.property, this));
    const positive = compareFormula(left, op, right, isTrait ? table.rows : undefined, this.selector);
    return isNegativeOperator(op) ? not<Formula>(positive) : positive;
  }

  /** The positive form of the operator. */
  positive(reach: PathReach, operator: BoundOperator): Formula {
    if (operator.isPresence) return this.presence(reach);
    const parts: Formula[] = reach.exact === undefined ? [] : this.#plain(reach.exact, operator.plain);
    for (const { column, rest } of reach.through) {
      const arrays = column.arrays!;
      parts.push(codes(arrays, this.selector.arrays(arrays, rest, operator.element)));
    }
    return or(parts);
  }

  #plain(column: ValueColumn, test: ValueTest): Formula[] {
    const parts: Formula[] = [];
    const { numbers, strings, booleans } = column;
    if (numbers !== undefined && test.numbers !== undefined) {
      parts.push({ kind: 'numbers', owner: column, column: numbers, selection: test.numbers });
    }
    if (strings !== undefined && test.texts !== undefined) {
      parts.push(codes(strings, this.selector.texts(strings, test.texts)));
    }
    if (booleans !== undefined && (test.isTrueFit || test.isFalseFit)) {
      parts.push(booleanTest(column, booleans, test));
    }
    return parts;
  }

  /** Something that is not null is there; below the path even a null says that the object was there. */
  presence(reach: PathReach): Formula {
    const parts: Formula[] = [];
    if (reach.exact !== undefined) {
      addPresence(reach.exact, parts);
      addMark(reach.exact, { kind: 'one', code: MARK_EMPTY }, parts);
    }
    for (const column of reach.below) {
      addPresence(column, parts);
      addMark(column, { kind: 'any' }, parts);
    }
    for (const { column, rest } of reach.through) {
      if (rest.length > 0) parts.push(codes(column.arrays!, this.selector.arraysPresent(column.arrays!, rest)));
    }
    return or(parts);
  }
}

function negated(operator: BoundOperator, formula: Formula): Formula {
  return operator.isNegative ? not<Formula>(formula) : formula;
}

function booleanTest(owner: ValueColumn, column: CodeColumn, test: ValueTest): Formula {
  if (test.isTrueFit && test.isFalseFit) return { kind: 'codes', column, owner, selection: { kind: 'any' } };
  const code = test.isTrueFit ? BOOLEAN_TRUE : BOOLEAN_FALSE;
  return { kind: 'codes', column, owner, selection: { kind: 'one', code } };
}

function addPresence(column: ValueColumn, parts: Formula[]): void {
  const { numbers, strings, booleans, arrays } = column;
  if (numbers !== undefined) {
    parts.push({ kind: 'numbers', owner: column, column: numbers, selection: { kind: 'present' } });
  }
  if (strings !== undefined) parts.push(codes(strings, { kind: 'any' }));
  if (booleans !== undefined) {
    parts.push({ kind: 'codes', column: booleans, owner: column, selection: { kind: 'any' } });
  }
  if (arrays !== undefined) parts.push(codes(arrays, { kind: 'any' }));
}

function addMark(column: ValueColumn, selection: CodeSelection, parts: Formula[]): void {
  if (column.marks !== undefined) parts.push({ kind: 'codes', column: column.marks, owner: undefined, selection });
}
