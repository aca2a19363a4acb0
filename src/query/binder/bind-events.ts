/** An event leaf → its table, instants, a formula over its columns, and what is measured. */
import { unreachable } from '../../base/assert.ts';
import type { AggregateCondition, CountCondition, EventLeaf } from '../../model/expression.ts';
import type { EventTable } from '../../profile/event-table.ts';
import type { ProfileTable } from '../../profile/profile-table.ts';
import { compareFormula, isFieldReference, isNegativeOperator, traitCells } from './bind-compare.ts';
import type { ConditionBinder } from './bind-condition.ts';
import { edgeFormulas } from './bind-edge.ts';
import type { BoundExpression, EventTest, Measure } from './bound-expression.ts';
import { type Cell, mayHoldNumber, RELATIONS, type Relation } from './cell.ts';
import { and, type Constant, codes, FALSE, type Formula, not, or, TRUE } from './formula.ts';
import { cellsOf, type GuardedCell } from './guarded-cell.ts';
import type { Memberships } from './membership.ts';
import { ANY_VALUE, propertySources } from './value-source.ts';
import { bindOperator, fitsNumber } from './value-test.ts';
import { resolveWindow, type TimeRange } from './window.ts';

export interface Moment {
  readonly nowMs: number;
  readonly atMs: number | undefined;
  /** Traits as of `atMs`; absent = as they are now. */
  readonly past?: ProfileTable | undefined;
  readonly memberships?: Memberships | undefined;
}

export function bindEvents(
  table: EventTable | undefined,
  leaf: EventLeaf,
  binder: ConditionBinder,
  moment: Moment,
): BoundExpression {
  const range = resolveWindow(leaf.window, moment.nowMs, moment.atMs);
  const events = table === undefined ? undefined : eventsOf(table, range, leaf, binder);
  if (leaf.aggregate !== undefined) return bindAggregate(events, leaf.aggregate, binder);
  return bindCount(events, leaf.count ?? { op: 'gte', value: 1 });
}

type Events = Pick<EventTest, 'table' | 'range' | 'where'>;

/** Undefined when no event can fit. */
export function eventsOf(
  table: EventTable,
  range: TimeRange,
  leaf: Pick<EventLeaf, 'where'>,
  binder: ConditionBinder,
): Events | undefined {
  if (table.eventCount === 0 || range.untilMs <= range.fromMs) return undefined;
  const predicates = leaf.where ?? [];
  const where = and<Formula>(predicates.map((part) => binder.bindProperty(table, part.property, part)));
  return where.kind === 'constant' && !where.value ? undefined : { table, range, where };
}

function bindCount(events: Events | undefined, condition: CountCondition): BoundExpression {
  const interval = countInterval(condition);
  const positive = counted(events, interval.min, interval.max);
  return condition.op === 'neq' ? not<BoundExpression>(positive) : positive;
}

function counted(events: Events | undefined, min: number, max: number): EventTest | Constant {
  if (min > max) return FALSE;
  if (min <= 0 && max === Infinity) return TRUE;
  if (events === undefined) return min <= 0 ? TRUE : FALSE;
  return { kind: 'events', ...events, measure: { kind: 'count', min, max } };
}

function countInterval({ op, value }: CountCondition): { readonly min: number; readonly max: number } {
  const [low, high] = typeof value === 'number' ? [value, value] : value;
  switch (op) {
    case 'eq':
    case 'neq':
    case 'between':
      return { min: low, max: high };
    case 'lt':
      return { min: 0, max: low - 1 };
    case 'lte':
      return { min: 0, max: low };
    case 'gt':
      return { min: low + 1, max: Infinity };
    case 'gte':
      return { min: low, max: Infinity };
    default:
      return unreachable(op);
  }
}

function bindAggregate(
  events: Events | undefined,
  condition: AggregateCondition,
  binder: ConditionBinder,
): BoundExpression {
  const { value, op } = condition;
  if (isFieldReference(value) && 'trait' in value) {
    const compared = comparedAggregate(events, condition, traitCells(binder.profiles, value.trait), binder);
    return isNegativeOperator(op) ? not<BoundExpression>(compared) : compared;
  }
  const operator = bindOperator(op, value, binder.nowMs);
  const positive = aggregated(events, condition, binder);
  return operator.isNegative ? not<BoundExpression>(positive) : positive;
}

function aggregated(
  events: Events | undefined,
  condition: AggregateCondition,
  binder: ConditionBinder,
): EventTest | Constant {
  const { fn, property } = condition;
  const operator = bindOperator(condition.op, condition.value, binder.nowMs);
  const sources = events === undefined ? [] : propertySources(events.table, property, binder);
  if (fn === 'first' || fn === 'last') {
    if (events === undefined) return FALSE;
    const { present, fits } = edgeFormulas(sources, operator, binder);
    if (isFalse(present) || isFalse(fits)) return FALSE;
    return { kind: 'events', ...events, measure: { kind: 'edge', fn, present, fits } };
  }
  const hasZero = fn === 'sum' || fn === 'count_distinct';
  if (operator.isPresence && hasZero) return TRUE;
  const selection = operator.isPresence ? ({ kind: 'present' } as const) : operator.plain.numbers;
  if (selection === undefined) return FALSE;
  if (events === undefined || sources.length === 0) return hasZero && fitsNumber(selection, 0) ? TRUE : FALSE;
  const measure: Measure = { kind: 'number', fn, sources, selection };
  return { kind: 'events', ...events, measure };
}

/** The aggregate's value against a trait of the profile. */
function comparedAggregate(
  events: Events | undefined,
  { fn, property, op }: AggregateCondition,
  cells: readonly GuardedCell[],
  binder: ConditionBinder,
): BoundExpression {
  const relation = RELATIONS[op];
  if (fn === 'first' || fn === 'last') {
    if (events === undefined) return FALSE;
    const { table } = events;
    const sources = propertySources(table, property, binder);
    const { present } = edgeFormulas(sources, ANY_VALUE, binder);
    const fits = compareFormula(cellsOf(sources, true), op, cells, table.rows, binder.selector);
    if (isFalse(present) || isFalse(fits)) return FALSE;
    return { kind: 'events', ...events, measure: { kind: 'edge', fn, present, fits } };
  }
  const numbers = cells.filter(({ cell }) => mayHoldNumber(cell));
  if (relation === undefined || numbers.length === 0) return FALSE;
  const sources = events === undefined ? [] : propertySources(events.table, property, binder);
  if (events === undefined || sources.length === 0) {
    if (fn !== 'sum' && fn !== 'count_distinct') return FALSE;
    // Everybody's value is 0.
    return or(numbers.map(({ guard, cell }) => and<Formula>([guard, fitsZero(cell, relation, binder)])));
  }
  const against = { relation, cells: numbers.map(({ cell }) => cell) };
  const measure: Measure = { kind: 'number', fn, sources, selection: { kind: 'present' }, against };
  return { kind: 'events', ...events, measure };
}

/** Whether 0 stands in the relation to the cell. */
function fitsZero(cell: Cell, relation: Relation, binder: ConditionBinder): Formula {
  const turned = { lt: 'gt', lte: 'gte', gt: 'lt', gte: 'lte' } as const;
  const op = relation in turned ? turned[relation as keyof typeof turned] : 'eq';
  const { plain } = bindOperator(op, 0, binder.nowMs);
  if (cell.kind === 'numbers' && plain.numbers !== undefined) {
    return { kind: 'numbers', column: cell.column, selection: plain.numbers };
  }
  return cell.kind === 'arrays' ? codes(cell.column, binder.selector.arrays(cell.column, cell.rest, plain)) : FALSE;
}

function isFalse(formula: Formula): boolean {
  return formula.kind === 'constant' && !formula.value;
}
