/** An event leaf → its table, instants, a formula over its columns, and what is measured. */
import { unreachable } from '../../base/assert.ts';
import type { AggregateCondition, CountCondition, EventLeaf } from '../../model/query.ts';
import type { EventTable } from '../../profile/event-table.ts';
import type { ConditionBinder } from './bind-condition.ts';
import type { BoundExpression, EventTest, Measure } from './bound-expression.ts';
import { and, type Constant, FALSE, type Formula, not, TRUE } from './formula.ts';
import { edgeFormulas, propertySources } from './value-source.ts';
import { bindOperator, fitsNumber } from './value-test.ts';
import { resolveWindow, type TimeRange } from './window.ts';

export interface Moment {
  readonly nowMs: number;
  readonly atMs: number | undefined;
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
  const operator = bindOperator(condition.op, condition.value, binder.nowMs);
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

function isFalse(formula: Formula): boolean {
  return formula.kind === 'constant' && !formula.value;
}
