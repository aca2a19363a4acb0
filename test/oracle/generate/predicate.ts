/** One operator with an operand that fits it, for a field: literals mostly from the field's own pool, so that they hit. */
import fc from 'fast-check';
import type { FieldReference, Operand, Operator, Scalar } from '../../../src/model/expression.ts';
import { OPERATORS } from '../../../src/model/expression.ts';
import { instantOf } from '../naive/instant.ts';
import { mustInstantOf } from '../naive/window.ts';
import { anyScalar, type Field } from './field.ts';
import { AGES, NAMES, PATTERNS, SKUS } from './pool.ts';
import { dateText, duration } from './time.ts';

export interface Condition {
  readonly op: Operator;
  readonly value?: Operand | undefined;
}
export interface ConditionOptions {
  readonly nowMs: number;
  readonly operators?: readonly Operator[] | undefined;
  /** Fields that may stand on the right-hand side; absent = none. */
  readonly references?: fc.Arbitrary<FieldReference> | undefined;
}

/** The operators that take a field on the right-hand side. */
export const REFERENCE_OPERATORS: readonly Operator[] = [
  'eq',
  'neq',
  'lt',
  'lte',
  'gt',
  'gte',
  'before',
  'after',
  'contains',
  'not_contains',
  'starts_with',
  'ends_with',
];

export function isDateText(value: unknown): value is string {
  return typeof value === 'string' && instantOf(value) !== undefined;
}

export function condition(field: Field, options: ConditionOptions): fc.Arbitrary<Condition> {
  const { nowMs, references } = options;
  const operators = options.operators ?? OPERATORS;
  const suited = operators.filter((op) => field.suits.includes(op));
  const anyOperator = fc.constantFrom(...operators);
  const operator =
    suited.length === 0
      ? anyOperator
      : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...suited) }, { weight: 2, arbitrary: anyOperator });
  const literal = operator.chain((op) =>
    literalFor(op, field, nowMs).map((value) => (value === undefined ? { op } : { op, value })),
  );
  const referenceOperators = operators.filter((op) => REFERENCE_OPERATORS.includes(op));
  if (references === undefined || referenceOperators.length === 0) return literal;
  const reference = fc.record({ op: fc.constantFrom(...referenceOperators), value: references });
  return fc.oneof({ weight: 8, arbitrary: literal }, { weight: 2, arbitrary: reference });
}

function literalFor(op: Operator, field: Field, nowMs: number): fc.Arbitrary<Operand | undefined> {
  const scalar: fc.Arbitrary<Scalar> = fc.oneof(
    { weight: 6, arbitrary: field.scalar },
    { weight: 1, arbitrary: anyScalar(nowMs) },
  );
  const text = textFrom(scalar);
  const date = fc.oneof(dateFrom(scalar, nowMs), dateText(nowMs));
  switch (op) {
    case 'exists':
    case 'not_exists':
      return fc.constant(undefined);
    case 'eq':
    case 'neq':
      return scalar;
    case 'in':
    case 'not_in':
      return fc.array(scalar, { minLength: 1, maxLength: 4 });
    case 'contains':
    case 'not_contains':
      return fc.oneof(
        scalar,
        scalar,
        pieceOf(text, (from, to) => [from, to]),
      );
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return ordered(scalar);
    case 'between':
      return fc
        .tuple(ordered(scalar), fc.array(ordered(scalar), { minLength: 3, maxLength: 6 }))
        .map(([end, ends]) => pairOf(end, ends));
    case 'starts_with':
      return pieceOf(text, (_, to) => [0, to]);
    case 'ends_with':
      return pieceOf(text, (from) => [from, Number.POSITIVE_INFINITY]);
    case 'matches':
      return fc.constantFrom(...PATTERNS);
    case 'before':
    case 'after':
      return date;
    case 'within_last':
    case 'within_next':
    case 'older_than':
      return duration;
  }
}

/** Booleans have no order. */
function ordered(scalar: fc.Arbitrary<Scalar>): fc.Arbitrary<number | string> {
  const fallback = fc.constantFrom<number | string>(...AGES, ...SKUS);
  return fc
    .tuple(scalar, fallback)
    .map(([value, other]) => (typeof value === 'number' || typeof value === 'string' ? value : other));
}

function kindOf(value: number | string): string {
  return typeof value === 'number' ? 'number' : isDateText(value) ? 'date' : 'text';
}

/** Two ends of one kind, numbers and dates in order. */
function pairOf(end: number | string, others: readonly (number | string)[]): readonly [Scalar, Scalar] {
  const other = others.find((each) => kindOf(each) === kindOf(end)) ?? end;
  const isInOrder = isDateText(end) && isDateText(other) ? mustInstantOf(end) <= mustInstantOf(other) : end <= other;
  return isInOrder ? [end, other] : [other, end];
}

function textFrom(scalar: fc.Arbitrary<Scalar>): fc.Arbitrary<string> {
  return fc
    .tuple(scalar, fc.constantFrom(...NAMES))
    .map(([value, other]) => (typeof value === 'string' ? value : other));
}

function dateFrom(scalar: fc.Arbitrary<Scalar>, nowMs: number): fc.Arbitrary<string> {
  return fc.tuple(scalar, dateText(nowMs)).map(([value, other]) => (isDateText(value) ? value : other));
}

/** A piece of a text, cut between code points. */
function pieceOf(
  text: fc.Arbitrary<string>,
  cut: (from: number, to: number) => readonly [number, number],
): fc.Arbitrary<string> {
  return fc.tuple(text, fc.nat(3), fc.integer({ min: 1, max: 4 })).map(([whole, from, length]) => {
    const [start, end] = cut(from, from + length);
    return [...whole].slice(start, end).join('');
  });
}
