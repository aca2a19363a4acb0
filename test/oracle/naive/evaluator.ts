/** The query language, one profile at a time, straight from `src/query/README.md`. */
import type {
  AggregateCondition,
  CountCondition,
  EventLeaf,
  Expression,
  TraitLeaf,
} from '../../../src/model/expression.ts';
import { aggregate } from './aggregate.ts';
import { chosenEvents, type Moment, nowOf, operandValues } from './event-choice.ts';
import type { JsonScalar } from './json-value.ts';
import { NOTHING, type Reach } from './path.ts';
import { holds } from './predicate.ts';
import type { NaiveEvent, NaiveProfile } from './profile.ts';
import { isInBucket } from './random-bucket.ts';
import { reachProperty, reachTrait } from './reach-field.ts';
import { isSequenceTrue } from './sequence.ts';

export function evaluate(expression: Expression, profile: NaiveProfile, moment: Moment): boolean {
  if ('and' in expression) return expression.and.every((part) => evaluate(part, profile, moment));
  if ('or' in expression) return expression.or.some((part) => evaluate(part, profile, moment));
  if ('not' in expression) return !evaluate(expression.not, profile, moment);
  if ('trait' in expression) return isTraitLeafTrue(expression, profile, moment);
  if ('event' in expression) return isEventLeafTrue(expression, profile, moment);
  if ('sequence' in expression) return isSequenceTrue(expression, profile, moment);
  if ('segment' in expression) return evaluate(definitionOf(expression.segment, moment), profile, moment);
  if ('account' in expression || 'people' in expression) throw new TypeError('accounts have an oracle of their own');
  return isInBucket(expression.random, profile.id);
}

function definitionOf(key: string, { segments }: Moment): Expression {
  const definition = segments?.get(key);
  if (definition === undefined) throw new TypeError(`no segment ${key}`);
  return definition;
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
