/** The right-hand sides of conditions: literals by the shape that the operator asks for, and other fields in their place. */
import { durationMsOf } from '../../base/duration.ts';
import { isIsoDate, parseIsoDateMs } from '../../base/iso-date.ts';
import { EngineError } from '../../model/error.ts';
import type { FieldReference, Operator, Scalar } from '../../model/expression.ts';
import { compileLinearRegExp } from '../../runtime/linear-regexp.ts';
import { below, checkKeys, checkObject, checkText, field, type JsonCheck, kindOf, refuse } from './json-check.ts';
import { quoted } from './suggestion.ts';

/** Which fields a value may name: an event's predicate sees its event and the profile, a trait only the profile. */
export type ReferenceScope = 'event' | 'profile';

export function isReference(json: unknown): boolean {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

export function checkReference(json: unknown, at: string, scope: ReferenceScope): FieldReference {
  const object = checkObject(json, at, 'the value');
  checkKeys(object, ['trait', 'property'], at, 'a field in place of a value');
  const trait = field(object, 'trait');
  const property = field(object, 'property');
  if ((trait === undefined) === (property === undefined)) {
    refuse('query_invalid', at, 'a field in place of a value has either "trait" or "property"');
  }
  if (trait !== undefined) return { trait: checkText(trait, below(at, 'trait'), 'the trait') };
  if (scope === 'profile')
    refuse('query_invalid', at, 'there is no event here whose property could be compared; use "trait"');
  return { property: checkText(property, below(at, 'property'), 'the property') };
}

export function checkScalar(op: Operator, json: unknown, at: string): Scalar {
  if (json === null) refuse('query_type', at, `null cannot be compared; use "not_exists" for what is missing`);
  if (typeof json === 'number') return checkNumber(json, at);
  if (typeof json !== 'string' && typeof json !== 'boolean') {
    const hint = Array.isArray(json) && op === 'eq' ? '; use "in" for a list' : '';
    refuse('query_type', at, `${quoted(op)} compares with a text, a number, true or false, not ${kindOf(json)}${hint}`);
  }
  return json;
}

export function checkOrdered(op: Operator, json: unknown, at: string): number | string {
  if (typeof json === 'number') return checkNumber(json, at);
  if (typeof json !== 'string')
    refuse('query_type', at, `${quoted(op)} needs a number, a date or a text, not ${kindOf(json)}`);
  return json;
}

/** −0 becomes 0, so that a query has one form. */
function checkNumber(json: number, at: string): number {
  if (!Number.isFinite(json)) refuse('query_invalid', at, 'the number is too large');
  return json === 0 ? 0 : json;
}

export function checkPair(
  check: JsonCheck,
  json: unknown,
  at: string,
): readonly [number, number] | readonly [string, string] {
  const list = check.list(json, at, 'the value of "between"');
  if (list.length !== 2) refuse('query_invalid', at, `"between" needs two values, not ${list.length}`);
  const low = checkOrdered('between', list[0], below(at, 0));
  const high = checkOrdered('between', list[1], below(at, 1));
  if (typeof low === 'number' && typeof high === 'number') {
    if (low > high) refuse('query_invalid', at, `"between" needs the smaller value first: ${low} is more than ${high}`);
    return [low, high];
  }
  if (typeof low === 'number' || typeof high === 'number') {
    return refuse('query_type', at, '"between" needs two numbers, two dates or two texts');
  }
  if (isIsoDate(low) !== isIsoDate(high))
    refuse('query_type', at, '"between" needs two dates or two other texts, not one of each');
  if (parseIsoDateMs(low) > parseIsoDateMs(high)) refuse('query_invalid', at, '"between" needs the earlier date first');
  return [low, high];
}

export function checkPattern(check: JsonCheck, json: unknown, at: string): string {
  if (typeof json !== 'string') refuse('query_type', at, `"matches" needs a regular expression, not ${kindOf(json)}`);
  if (json.length > check.limits.patternLength) {
    refuse('query_too_large', at, `the regular expression is longer than ${check.limits.patternLength} characters`);
  }
  try {
    compileLinearRegExp(json);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    refuse('query_invalid', at, error.message, error.details);
  }
  return json;
}

export function checkDate(json: unknown, at: string, what: string): string {
  if (typeof json !== 'string' || !isIsoDate(json)) {
    const form = 'a date such as "2024-01-31" or "2024-01-31T09:30:00Z"';
    refuse('query_type', at, `${what} must be ${form}, not ${kindOf(json)}`);
  }
  return json;
}

export function checkDuration(json: unknown, at: string, what: string): string {
  if (typeof json !== 'string')
    refuse('query_type', at, `${what} must be a duration such as "30d", not ${kindOf(json)}`);
  if (Number.isNaN(durationMsOf(json))) {
    refuse(
      'query_invalid',
      at,
      `${what} must be a whole number and one of ms, s, m, h, d, w, such as "30d", not ${quoted(json)}`,
    );
  }
  return json;
}
