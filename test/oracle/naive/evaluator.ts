/** The query language, one profile at a time, straight from `src/query/README.md`. */
import type {
  AggregateCondition,
  CountCondition,
  EventLeaf,
  Expression,
  FieldReference,
  Operand,
  PropertyPredicate,
  TraitLeaf,
} from '../../../src/model/query.ts';
import { aggregate } from './aggregate.ts';
import type { JsonScalar } from './json-value.ts';
import { NOTHING, type Reach } from './path.ts';
import { holds } from './predicate.ts';
import { type NaiveEvent, type NaiveProfile, timeline } from './profile.ts';
import { reachProperty, reachTrait } from './reach-field.ts';
import { isInWindow } from './window.ts';

/** `at` is the moment asked about: it becomes now, and later events do not exist. */
export interface Moment {
  readonly nowMs: number;
  readonly atMs?: number | undefined;
}

export function evaluate(expression: Expression, profile: NaiveProfile, moment: Moment): boolean {
  if ('and' in expression) return expression.and.every((part) => evaluate(part, profile, moment));
  if ('or' in expression) return expression.or.some((part) => evaluate(part, profile, moment));
  if ('not' in expression) return !evaluate(expression.not, profile, moment);
  if ('trait' in expression) return isTraitLeafTrue(expression, profile, moment);
  if ('event' in expression) return isEventLeafTrue(expression, profile, moment);
  throw new TypeError(`the naive evaluator does not know ${Object.keys(expression).join()}`);
}

function nowOf({ nowMs, atMs }: Moment): number {
  return atMs ?? nowMs;
}

function isTraitLeafTrue(leaf: TraitLeaf, profile: NaiveProfile, moment: Moment): boolean {
  const operand = operandValues(leaf.value, profile, undefined);
  return holds(reachTrait(leaf.trait, profile), leaf.op, operand, nowOf(moment));
}

function isEventLeafTrue(leaf: EventLeaf, profile: NaiveProfile, moment: Moment): boolean {
  const nowMs = nowOf(moment);
  const events = chosenEvents(leaf, profile, moment);
  if (leaf.aggregate !== undefined) return isAggregateTrue(leaf.aggregate, events, profile, nowMs);
  return isCountTrue(leaf.count ?? { op: 'gte', value: 1 }, events.length, nowMs);
}

/** The events of a profile that a leaf speaks of, oldest first. */
export function chosenEvents(
  leaf: Pick<EventLeaf, 'event' | 'where' | 'window'>,
  profile: NaiveProfile,
  moment: Moment,
): readonly NaiveEvent[] {
  const nowMs = nowOf(moment);
  return timeline(profile).filter(
    (event) =>
      event.name === leaf.event &&
      (moment.atMs === undefined || event.timeMs <= moment.atMs) &&
      isInWindow(leaf.window, event.timeMs, nowMs) &&
      (leaf.where ?? []).every((predicate) => isPredicateTrue(predicate, event, profile, nowMs)),
  );
}

function isPredicateTrue(
  predicate: PropertyPredicate,
  event: NaiveEvent,
  profile: NaiveProfile,
  nowMs: number,
): boolean {
  const operand = operandValues(predicate.value, profile, event);
  return holds(reachProperty(predicate.property, event), predicate.op, operand, nowMs);
}

function isCountTrue(condition: CountCondition, count: number, nowMs: number): boolean {
  const operand = typeof condition.value === 'number' ? [condition.value] : condition.value;
  return holds(single(count), condition.op, operand, nowMs);
}

function isAggregateTrue(
  condition: AggregateCondition,
  events: readonly NaiveEvent[],
  profile: NaiveProfile,
  nowMs: number,
): boolean {
  const value = aggregate(
    condition.fn,
    events.map((event) => reachProperty(condition.property, event)),
  );
  const operand = operandValues(condition.value, profile, undefined);
  return holds(value === undefined ? NOTHING : single(value), condition.op, operand, nowMs);
}

function single(value: JsonScalar): Reach {
  return { isPresent: true, scalars: [{ value, isInArray: false }] };
}

function isReference(operand: Operand): operand is FieldReference {
  return typeof operand === 'object' && operand !== null && !Array.isArray(operand);
}

/** The literals to compare with: as written, or every value that the named field reaches. */
function operandValues(
  operand: Operand | undefined,
  profile: NaiveProfile,
  event: NaiveEvent | undefined,
): readonly JsonScalar[] {
  if (operand === undefined || operand === null) return [];
  if (!isReference(operand)) return (Array.isArray(operand) ? operand : [operand]) as readonly JsonScalar[];
  if ('trait' in operand) return reachTrait(operand.trait, profile).scalars.map((scalar) => scalar.value);
  if (event === undefined) throw new TypeError('a property can only be named inside a where');
  return reachProperty(operand.property, event).scalars.map((scalar) => scalar.value);
}
