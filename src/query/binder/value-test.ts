/**
 * An operator with its literal as a question about one value, per type of value: which numbers, which texts, which booleans
 * fit. Plain data, so that it can be put to a dictionary anywhere. Negative operators are not here: each is the negation
 * of its positive twin over all that a path reaches.
 */
import { assert, unreachable } from '../../base/assert.ts';
import { parseIsoDateMs } from '../../base/iso-date.ts';
import type { Operand, Operator, Scalar } from '../../model/expression.ts';
import { parseDurationMs } from './duration.ts';
import type { NumberSelection } from './formula.ts';

/** Instants are inclusive bounds in whole milliseconds. `order` compares UTF-8 bytes; both bounds may be absent. */
export type TextTest =
  | { readonly kind: 'any' }
  | { readonly kind: 'equal'; readonly texts: readonly string[] }
  | { readonly kind: 'date'; readonly minMs: number; readonly maxMs: number }
  | { readonly kind: 'order'; readonly min: TextBound | undefined; readonly max: TextBound | undefined }
  | { readonly kind: 'contains' | 'starts' | 'ends'; readonly text: string }
  | { readonly kind: 'matches'; readonly pattern: string };

export interface TextBound {
  readonly text: string;
  readonly isIncluded: boolean;
}

/** Which values fit. `numbers`, `texts` undefined = none of that type. */
export interface ValueTest {
  readonly numbers: NumberSelection | undefined;
  readonly texts: TextTest | undefined;
  readonly isTrueFit: boolean;
  readonly isFalseFit: boolean;
}

export interface BoundOperator {
  readonly isNegative: boolean;
  /** `exists`: asks for presence, not for a value. */
  readonly isPresence: boolean;
  /** For a value that stands at the end of the path, and for one inside an array there. */
  readonly plain: ValueTest;
  readonly element: ValueTest;
}

const NOTHING: ValueTest = { numbers: undefined, texts: undefined, isTrueFit: false, isFalseFit: false };

/** Binds a checked operator and literal. */
export function bindOperator(op: Operator, value: Operand | undefined, nowMs: number): BoundOperator {
  assert(typeof value !== 'object' || value === null || Array.isArray(value), 'a field stands in place of a literal');
  const isNegative = op === 'neq' || op === 'not_in' || op === 'not_contains' || op === 'not_exists';
  const isPresence = op === 'exists' || op === 'not_exists';
  const plain = isPresence ? NOTHING : testOf(op, literals(value as Scalar | readonly Scalar[] | undefined), nowMs);
  const isContains = op === 'contains' || op === 'not_contains';
  const element = isContains ? equal(literals(value as Scalar)) : plain;
  return { isNegative, isPresence, plain, element };
}

function literals(value: Scalar | readonly Scalar[] | undefined): readonly Scalar[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value as Scalar];
}

function testOf(op: Operator, values: readonly Scalar[], nowMs: number): ValueTest {
  const first = values[0];
  switch (op) {
    case 'eq':
    case 'neq':
    case 'in':
    case 'not_in':
      return equal(values);
    case 'lt':
    case 'lte':
      return ordered(undefined, { value: first, isIncluded: op === 'lte' });
    case 'gt':
    case 'gte':
      return ordered({ value: first, isIncluded: op === 'gte' }, undefined);
    case 'between':
      return ordered({ value: first, isIncluded: true }, { value: values[1], isIncluded: true });
    case 'before':
      return dates(-Infinity, parseIsoDateMs(String(first)) - 1);
    case 'after':
      return dates(parseIsoDateMs(String(first)) + 1, Infinity);
    case 'within_last':
      return dates(nowMs - parseDurationMs(String(first)), nowMs);
    case 'within_next':
      return dates(nowMs, nowMs + parseDurationMs(String(first)) - 1);
    case 'older_than':
      return dates(-Infinity, nowMs - parseDurationMs(String(first)) - 1);
    case 'contains':
    case 'not_contains':
      return typeof first === 'string' ? texts({ kind: 'contains', text: first }) : NOTHING;
    case 'starts_with':
      return texts({ kind: 'starts', text: String(first) });
    case 'ends_with':
      return texts({ kind: 'ends', text: String(first) });
    case 'matches':
      return texts({ kind: 'matches', pattern: String(first) });
    case 'exists':
    case 'not_exists':
      return NOTHING;
    default:
      return unreachable(op);
  }
}

function texts(test: TextTest): ValueTest {
  return { ...NOTHING, texts: test };
}

function dates(minMs: number, maxMs: number): ValueTest {
  return minMs > maxMs ? NOTHING : texts({ kind: 'date', minMs, maxMs });
}

function equal(values: readonly Scalar[]): ValueTest {
  const numbers = [...new Set(values.filter((value) => typeof value === 'number'))].sort((a, b) => a - b);
  const words = values.filter((value) => typeof value === 'string');
  return {
    numbers: numbers.length === 0 ? undefined : listOf(numbers),
    texts: words.length === 0 ? undefined : { kind: 'equal', texts: words },
    isTrueFit: values.includes(true),
    isFalseFit: values.includes(false),
  };
}

function listOf(numbers: readonly number[]): NumberSelection {
  if (numbers.length === 1) return { kind: 'range', min: numbers[0], max: numbers[0] };
  return { kind: 'list', values: Float64Array.from(numbers) };
}

interface Bound {
  readonly value: Scalar;
  readonly isIncluded: boolean;
}

/** The literal's type decides: numbers, instants, or text in the order of its UTF-8 bytes. */
function ordered(min: Bound | undefined, max: Bound | undefined): ValueTest {
  const literal = (min ?? max)?.value;
  if (typeof literal === 'number') {
    const low = min === undefined ? -Infinity : atLeast(min);
    const high = max === undefined ? Infinity : atMost(max);
    return low > high ? NOTHING : { ...NOTHING, numbers: { kind: 'range', min: low, max: high } };
  }
  if (typeof literal !== 'string') return NOTHING;
  if (Number.isNaN(parseIsoDateMs(literal))) return texts({ kind: 'order', min: textBound(min), max: textBound(max) });
  const low = min === undefined ? -Infinity : parseIsoDateMs(String(min.value)) + (min.isIncluded ? 0 : 1);
  const high = max === undefined ? Infinity : parseIsoDateMs(String(max.value)) - (max.isIncluded ? 0 : 1);
  return dates(low, high);
}

function textBound(bound: Bound | undefined): TextBound | undefined {
  return bound === undefined ? undefined : { text: String(bound.value), isIncluded: bound.isIncluded };
}

function atLeast({ value, isIncluded }: Bound): number {
  return isIncluded ? Number(value) : nextUp(Number(value));
}

function atMost({ value, isIncluded }: Bound): number {
  return isIncluded ? Number(value) : -nextUp(-Number(value));
}

const scratch = new DataView(new ArrayBuffer(8));

/** The smallest double above a finite `value`: strict bounds become inclusive ones. */
export function nextUp(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  scratch.setFloat64(0, value);
  scratch.setBigInt64(0, scratch.getBigInt64(0) + (value > 0 ? 1n : -1n));
  return scratch.getFloat64(0);
}

/** Whether one number fits. */
export function fitsNumber(selection: NumberSelection, value: number): boolean {
  if (selection.kind === 'present') return true;
  if (selection.kind === 'range') return value >= selection.min && value <= selection.max;
  return selection.values.includes(value);
}
