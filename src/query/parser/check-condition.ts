/**
 * Operator and value: the part that traits, event properties and aggregates have in common. A value of a type that the
 * operator cannot compare is `query_type`; a missing, superfluous or ill-written one `query_invalid`.
 */

import { unreachable } from '../../base/assert.ts';
import { nearestWord } from '../../base/nearest-word.ts';
import { OPERATORS, type Operand, type Operator } from '../../model/expression.ts';
import {
  checkDate,
  checkDuration,
  checkOrdered,
  checkPair,
  checkPattern,
  checkReference,
  checkScalar,
  isReference,
  type ReferenceScope,
} from './check-value.ts';
import { below, checkText, field, type JsonCheck, type JsonObject, kindOf, refuse } from './json-check.ts';
import { quoted, suggestionText } from './suggestion.ts';

export interface Condition {
  readonly op: Operator;
  readonly value?: Operand | undefined;
}

type ValueShape = 'none' | 'scalar' | 'list' | 'order' | 'pair' | 'text' | 'pattern' | 'date' | 'duration';

const VALUE_SHAPE: Readonly<Record<Operator, ValueShape>> = {
  eq: 'scalar',
  neq: 'scalar',
  in: 'list',
  not_in: 'list',
  lt: 'order',
  lte: 'order',
  gt: 'order',
  gte: 'order',
  between: 'pair',
  exists: 'none',
  not_exists: 'none',
  contains: 'scalar',
  not_contains: 'scalar',
  starts_with: 'text',
  ends_with: 'text',
  matches: 'pattern',
  before: 'date',
  after: 'date',
  within_last: 'duration',
  within_next: 'duration',
  older_than: 'duration',
};

/** What people write who know another language. */
// biome-ignore format: a table of pairs
const OTHER_NAMES: Readonly<Record<string, Operator>> = {
  '=': 'eq', '==': 'eq', is: 'eq', equals: 'eq', equal: 'eq', '!=': 'neq', '<>': 'neq', ne: 'neq', is_not: 'neq',
  not_equals: 'neq', '<': 'lt', less_than: 'lt', '<=': 'lte', le: 'lte', '>': 'gt', greater_than: 'gt', '>=': 'gte',
  ge: 'gte', is_set: 'exists', is_not_set: 'not_exists', is_null: 'not_exists', regex: 'matches', like: 'contains',
  includes: 'contains', one_of: 'in', any_of: 'in', nin: 'not_in', begins_with: 'starts_with', prefix: 'starts_with',
};

export function checkOperator(json: unknown, at: string): Operator {
  if (json === undefined) refuse('query_invalid', at, 'the operator is missing: add "op", such as "eq"');
  const name = checkText(json, at, 'the operator');
  const found = OPERATORS.find((operator) => operator === name);
  if (found !== undefined) return found;
  const lower = name.toLowerCase();
  const suggestion = Object.hasOwn(OTHER_NAMES, lower) ? OTHER_NAMES[lower] : nearestWord(name, OPERATORS);
  const hint = suggestionText(suggestion) || `; it is one of ${OPERATORS.join(', ')}`;
  return refuse(
    'query_invalid',
    at,
    `the operator ${quoted(name)} does not exist${hint}`,
    suggestion === undefined ? {} : { suggestion },
  );
}

/** `op` and `value` of `object`, which stands at `at`. */
export function checkCondition(check: JsonCheck, object: JsonObject, at: string, scope: ReferenceScope): Condition {
  const op = checkOperator(field(object, 'op'), below(at, 'op'));
  const shape = VALUE_SHAPE[op];
  const json = field(object, 'value');
  const valueAt = below(at, 'value');
  if (shape === 'none') {
    if (json !== undefined) refuse('query_invalid', valueAt, `${quoted(op)} takes no value`);
    return { op };
  }
  if (json === undefined) refuse('query_invalid', valueAt, `${quoted(op)} needs a value`);
  return { op, value: checkValue(check, op, shape, json, valueAt, scope) };
}

function checkValue(
  check: JsonCheck,
  op: Operator,
  shape: Exclude<ValueShape, 'none'>,
  json: unknown,
  at: string,
  scope: ReferenceScope,
): Operand {
  switch (shape) {
    case 'list':
      return check
        .list(json, at, `the value of ${quoted(op)}`)
        .map((item, index) => checkScalar(op, item, below(at, index)));
    case 'pair':
      return checkPair(check, json, at);
    case 'duration':
      return checkDuration(json, at, `the value of ${quoted(op)}`);
    case 'pattern':
      return checkPattern(check, json, at);
    case 'scalar':
      return isReference(json) ? checkReference(json, at, scope) : checkScalar(op, json, at);
    case 'order':
      return isReference(json) ? checkReference(json, at, scope) : checkOrdered(op, json, at);
    case 'text':
    case 'date':
      if (isReference(json)) return checkReference(json, at, scope);
      if (shape === 'date') return checkDate(json, at, `the value of ${quoted(op)}`);
      if (typeof json !== 'string') refuse('query_type', at, `${quoted(op)} needs a text, not ${kindOf(json)}`);
      return json;
    default:
      return unreachable(shape);
  }
}
