/**
 * `first_seen` and `last_seen`: instants that the engine keeps, asked as if they were ISO texts. The text of an instant
 * (24 characters, years 0 to 9999) orders as the instant does, so nearly every operator becomes a range of instants.
 */
import { formatIsoDate, ISO_DATE_MAX_MS, ISO_DATE_MIN_MS, parseIsoDateMs } from '../../base/iso-date.ts';
import type { F64Column } from '../../memory/fixed-column.ts';
import type { ProfileTable } from '../../profile/profile-table.ts';
import type { BoundExpression } from './bound-expression.ts';
import { FALSE, not, TRUE } from './formula.ts';
import { compileTextTest } from './text-matcher.ts';
import type { BoundOperator, TextBound, TextTest } from './value-test.ts';

/** Whether a trait's path is an instant of the engine's own or below one: a sent trait of such a name is hidden, with all below it. */
export function isSeenPath([name]: readonly string[]): boolean {
  return name === 'first_seen' || name === 'last_seen';
}

/** The instants at a path of which `isSeenPath` is true; below them is nothing. */
export function seenColumn({ firstSeen, lastSeen }: ProfileTable, segments: readonly string[]): F64Column | undefined {
  if (segments.length > 1) return undefined;
  return segments[0] === 'first_seen' ? firstSeen : lastSeen;
}

/** `mayBeMissing`: at a past moment, by which some profiles had never been seen. */
export function bindSeen(column: F64Column, operator: BoundOperator, mayBeMissing = false): BoundExpression {
  const present: BoundExpression = mayBeMissing ? { kind: 'numbers', column, selection: { kind: 'present' } } : TRUE;
  const positive = operator.isPresence ? present : positiveOf(column, operator.plain.texts, present);
  return operator.isNegative ? not<BoundExpression>(positive) : positive;
}

function positiveOf(column: F64Column, test: TextTest | undefined, present: BoundExpression): BoundExpression {
  if (test === undefined) return FALSE;
  switch (test.kind) {
    case 'any':
      return present;
    case 'equal':
      return instants(column, test.texts);
    case 'date':
      return range(column, test.minMs, test.maxMs);
    case 'order':
      return range(column, lowestMs(test.min), highestMs(test.max));
    default: {
      const matches = compileTextTest(test);
      return { kind: 'seen', column, matches: (text) => matches(text, 0, text.length) };
    }
  }
}

function range(column: F64Column, min: number, max: number): BoundExpression {
  return min > max ? FALSE : { kind: 'numbers', column, selection: { kind: 'range', min, max } };
}

/** Only the form in which the engine writes instants can be equal to one. */
function instants(column: F64Column, texts: readonly string[]): BoundExpression {
  const exact = texts.filter((text) => text.length === 24 && isCanonical(text)).map(parseIsoDateMs);
  if (exact.length === 0) return FALSE;
  const values = Float64Array.from(new Set(exact)).sort();
  return { kind: 'numbers', column, selection: { kind: 'list', values } };
}

function isCanonical(text: string): boolean {
  const ms = parseIsoDateMs(text);
  return !Number.isNaN(ms) && formatIsoDate(ms) === text;
}

function lowestMs(bound: TextBound | undefined): number {
  if (bound === undefined) return -Infinity;
  return firstMs((text) => (bound.isIncluded ? text >= bound.text : text > bound.text));
}

function highestMs(bound: TextBound | undefined): number {
  if (bound === undefined) return Infinity;
  return firstMs((text) => (bound.isIncluded ? text > bound.text : text >= bound.text)) - 1;
}

/** The first instant from whose text on `isReached` holds; one beyond the last when it never does. */
function firstMs(isReached: (text: string) => boolean): number {
  let low = ISO_DATE_MIN_MS;
  let high = ISO_DATE_MAX_MS + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isReached(formatIsoDate(middle))) high = middle;
    else low = middle + 1;
  }
  return low;
}
