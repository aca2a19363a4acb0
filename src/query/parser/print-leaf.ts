/** The parts of a leaf as text. Those that may be absent bring their own leading space. */
import { assert } from '../../base/assert.ts';
import type {
  CountCondition,
  CountOperator,
  Operand,
  Operator,
  PropertyPredicate,
  Scalar,
  Window,
} from '../../model/expression.ts';
import type { Condition } from './check-condition.ts';
import { isBareName } from './token.ts';

const OPERATOR_TEXT: Readonly<Record<Operator, string>> = {
  eq: '=',
  neq: '!=',
  in: 'in',
  not_in: 'not in',
  lt: '<',
  lte: '<=',
  gt: '>',
  gte: '>=',
  between: 'between',
  exists: 'exists',
  not_exists: 'not exists',
  contains: 'contains',
  not_contains: 'not contains',
  starts_with: 'starts with',
  ends_with: 'ends with',
  matches: 'matches',
  before: 'before',
  after: 'after',
  within_last: 'within last',
  within_next: 'within next',
  older_than: 'older than',
};

const COUNT_TEXT: Readonly<Record<Exclude<CountOperator, 'between'>, string>> = {
  eq: 'exactly',
  neq: 'not exactly',
  lt: 'fewer than',
  lte: 'at most',
  gt: 'more than',
  gte: 'at least',
};

export function printName(name: string): string {
  return isBareName(name) ? name : `\`${name.replace(/`/g, '``')}\``;
}

/** JSON's escapes, which also keep lone surrogates. */
export function printText(text: string): string {
  return JSON.stringify(text);
}

export function printCondition({ op, value }: Condition): string {
  return value === undefined ? OPERATOR_TEXT[op] : `${OPERATOR_TEXT[op]} ${printValue(op, value)}`;
}

function printValue(op: Operator, value: Operand): string {
  if (typeof value !== 'object' || value === null) {
    const isDuration = op === 'within_last' || op === 'within_next' || op === 'older_than';
    return isDuration ? String(value) : printScalar(value);
  }
  if ('trait' in value) return `trait ${printName(value.trait)}`;
  if ('property' in value) return `property ${printName(value.property)}`;
  return op === 'between' ? value.map(printScalar).join(' and ') : `(${value.map(printScalar).join(', ')})`;
}

function printScalar(value: Scalar): string {
  return typeof value === 'string' ? printText(value) : String(value);
}

export function printWhere(where: readonly PropertyPredicate[] | undefined): string {
  if (where === undefined || where.length === 0) return '';
  const predicates = where.map((predicate) => `${printName(predicate.property)} ${printCondition(predicate)}`);
  return predicates.length === 1 ? ` where ${predicates[0]}` : ` where (${predicates.join(' and ')})`;
}

export function printCount({ op, value }: CountCondition): string {
  if (typeof value !== 'number') return ` between ${value[0]} and ${value[1]} times`;
  assert(op !== 'between', 'a count between has two ends');
  return ` ${COUNT_TEXT[op]} ${value} times`;
}

export function printWindow(window: Window | undefined): string {
  if (window === undefined) return '';
  if ('last' in window) return ` in last ${window.last}`;
  if ('between' in window) return ` between ${window.between[0]} and ${window.between[1]} ago`;
  if ('calendar' in window) {
    const offset = window.offset === undefined ? '' : ` ${window.offset}`;
    return ` in calendar ${window.calendar}${offset}${window.timeZone === undefined ? '' : ` in ${printText(window.timeZone)}`}`;
  }
  const { from, to } = window;
  if (from === undefined) return to === undefined ? '' : ` until ${printText(to)}`;
  return to === undefined ? ` since ${printText(from)}` : ` from ${printText(from)} to ${printText(to)}`;
}
