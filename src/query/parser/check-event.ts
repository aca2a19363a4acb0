/** Leaves about events: counts, aggregates and sequences. */
import type { EventChoice } from '../../model/analysis.ts';
import {
  AGGREGATE_FUNCTIONS,
  type AggregateCondition,
  COUNT_OPERATORS,
  type CountCondition,
  type EventLeaf,
  type Operand,
  type Operator,
  type PropertyPredicate,
  type SequenceLeaf,
  type SequenceStep,
} from '../../model/expression.ts';
import { checkCondition } from './check-condition.ts';
import { checkDuration } from './check-value.ts';
import { checkWindow } from './check-window.ts';
import {
  below,
  checkInteger,
  checkKeys,
  checkObject,
  checkText,
  checkWord,
  field,
  type JsonCheck,
  type JsonObject,
  kindOf,
  refuse,
} from './json-check.ts';
import { quoted } from './suggestion.ts';

const EVENT_KEYS = ['event', 'where', 'count', 'aggregate', 'window'];
const STEP_KEYS = ['event', 'nth', 'where', 'within', 'without'];
const COUNT_MAX = Number.MAX_SAFE_INTEGER;

/** The operators that fit a number; `first` and `last` give back a value of any type and take every operator. */
const NUMBER_OPERATORS: readonly Operator[] = [
  'eq',
  'neq',
  'in',
  'not_in',
  'lt',
  'lte',
  'gt',
  'gte',
  'between',
  'exists',
  'not_exists',
];

export function checkEventLeaf(check: JsonCheck, object: JsonObject, at: string): EventLeaf {
  check.countEvent(at);
  checkKeys(object, EVENT_KEYS, at, 'an event condition');
  const count = field(object, 'count');
  const aggregate = field(object, 'aggregate');
  if (count !== undefined && aggregate !== undefined) {
    refuse(
      'query_invalid',
      below(at, 'aggregate'),
      'an event condition has "count" or "aggregate", not both; join two conditions with "and"',
    );
  }
  return {
    event: checkText(object['event'], below(at, 'event'), 'the event name'),
    ...checkWhere(check, object, at),
    ...(count === undefined ? {} : { count: checkCount(check, count, below(at, 'count')) }),
    ...(aggregate === undefined ? {} : { aggregate: checkAggregate(check, aggregate, below(at, 'aggregate')) }),
    ...optionalWindow(check, object, at),
  };
}

export function checkSequenceLeaf(check: JsonCheck, object: JsonObject, at: string): SequenceLeaf | EventLeaf {
  checkKeys(object, ['sequence', 'window'], at, 'a sequence');
  const stepsAt = below(at, 'sequence');
  const steps = check.list(object['sequence'], stepsAt, 'a sequence');
  if (steps.length === 0) refuse('query_invalid', stepsAt, 'a sequence needs at least one step');
  const sequence = steps.map((step, index) => checkStep(check, step, below(stepsAt, index), index === 0));
  const window = optionalWindow(check, object, at);
  const [first] = sequence;
  if (sequence.length > 1 || first.nth !== undefined) return { sequence, ...window };
  // One step without an order to hold is the plain event condition; it has one form only.
  return { event: first.event, ...(first.where === undefined ? {} : { where: first.where }), ...window };
}

function checkStep(check: JsonCheck, json: unknown, at: string, isFirst: boolean): SequenceStep {
  check.countNode(at);
  check.countEvent(at);
  const object = checkObject(json, at, 'a step of a sequence');
  checkKeys(object, STEP_KEYS, at, 'a step of a sequence');
  const nth = field(object, 'nth');
  const within = field(object, 'within');
  const without = field(object, 'without');
  if (isFirst && (within !== undefined || without !== undefined)) {
    const key = within === undefined ? 'without' : 'within';
    refuse(
      'query_invalid',
      below(at, key),
      `${quoted(key)} looks back to the step before, so the first step cannot have it`,
    );
  }
  return {
    event: checkText(field(object, 'event'), below(at, 'event'), 'the event name'),
    ...(nth === undefined ? {} : { nth: checkWord(nth, ['first'] as const, below(at, 'nth'), '"nth"') }),
    ...checkWhere(check, object, at),
    ...(within === undefined ? {} : { within: checkDuration(within, below(at, 'within'), '"within"') }),
    ...(without === undefined ? {} : { without: checkEventChoice(check, without, below(at, 'without'), '"without"') }),
  };
}

/** One event name with conditions on its properties; `what` names its place. */
export function checkEventChoice(check: JsonCheck, json: unknown, at: string, what: string): EventChoice {
  check.countNode(at);
  check.countEvent(at);
  const object = checkObject(json, at, what);
  checkKeys(object, ['event', 'where'], at, what);
  const event = checkText(field(object, 'event'), below(at, 'event'), 'the event name');
  return { event, ...checkWhere(check, object, at) };
}

/** An empty list holds for every event, so it is left out. */
export function checkWhere(check: JsonCheck, object: JsonObject, at: string): { where?: readonly PropertyPredicate[] } {
  const json = field(object, 'where');
  if (json === undefined) return {};
  const whereAt = below(at, 'where');
  const where = check
    .list(json, whereAt, '"where"')
    .map((item, index) => checkPredicate(check, item, below(whereAt, index)));
  return where.length === 0 ? {} : { where };
}

function checkPredicate(check: JsonCheck, json: unknown, at: string): PropertyPredicate {
  check.countNode(at);
  check.countEvent(at);
  const object = checkObject(json, at, 'a condition in "where"');
  checkKeys(object, ['property', 'op', 'value'], at, 'a condition in "where"');
  const property = checkText(field(object, 'property'), below(at, 'property'), 'the property');
  return { property, ...checkCondition(check, object, at, 'event') };
}

function checkCount(check: JsonCheck, json: unknown, at: string): CountCondition {
  const object = checkObject(json, at, '"count"');
  checkKeys(object, ['op', 'value'], at, '"count"');
  const op = checkWord(field(object, 'op'), COUNT_OPERATORS, below(at, 'op'), 'the operator of "count"');
  const value = field(object, 'value');
  const valueAt = below(at, 'value');
  if (op !== 'between') return { op, value: checkInteger(value, valueAt, 'the count', 0, COUNT_MAX) };
  const list = check.list(value, valueAt, 'the value of "between"');
  if (list.length !== 2) refuse('query_invalid', valueAt, `"between" needs two counts, not ${list.length}`);
  const low = checkInteger(list[0], below(valueAt, 0), 'the count', 0, COUNT_MAX);
  const high = checkInteger(list[1], below(valueAt, 1), 'the count', 0, COUNT_MAX);
  if (low > high)
    refuse('query_invalid', valueAt, `"between" needs the smaller count first: ${low} is more than ${high}`);
  return { op, value: [low, high] };
}

function checkAggregate(check: JsonCheck, json: unknown, at: string): AggregateCondition {
  const object = checkObject(json, at, '"aggregate"');
  checkKeys(object, ['fn', 'property', 'op', 'value'], at, '"aggregate"');
  const fn = checkWord(field(object, 'fn'), AGGREGATE_FUNCTIONS, below(at, 'fn'), '"fn"');
  const property = checkText(field(object, 'property'), below(at, 'property'), 'the property');
  const condition = checkCondition(check, object, at, 'profile');
  if (fn !== 'first' && fn !== 'last') {
    if (!NUMBER_OPERATORS.includes(condition.op)) {
      refuse(
        'query_type',
        below(at, 'op'),
        `${quoted(fn)} gives a number, which ${quoted(condition.op)} cannot compare; only "first" and "last" take it`,
      );
    }
    checkNumbers(condition.value, below(at, 'value'), fn);
  }
  return { fn, property, ...condition };
}

function checkNumbers(value: Operand | undefined, at: string, fn: string): void {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const other = list.find((item) => typeof item === 'string' || typeof item === 'boolean');
  if (other !== undefined)
    refuse('query_type', at, `${quoted(fn)} gives a number, which cannot be compared with ${kindOf(other)}`);
}

function optionalWindow(check: JsonCheck, object: JsonObject, at: string): Pick<EventLeaf, 'window'> {
  const json = field(object, 'window');
  return json === undefined ? {} : { window: checkWindow(check, json, below(at, 'window')) };
}
