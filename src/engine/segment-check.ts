/** The body of a segment to be saved: untrusted JSON → name, description and a checked condition. */
import { nearestWord } from '../base/nearest-word.ts';
import { EngineError } from '../model/error.ts';
import type { Expression } from '../model/expression.ts';
import { checkExpression } from '../query/parser/check-expression.ts';
import { parseText } from '../query/parser/parse-text.ts';
import { quoted, suggestionText } from '../query/parser/suggestion.ts';

const KEY = /^[a-zA-Z0-9._-]{1,64}$/;
const NAME_LENGTH_MAX = 200;
const DESCRIPTION_LENGTH_MAX = 2_000;
const FIELDS = ['name', 'description', 'where'];

export interface CheckedSegment {
  readonly name: string | undefined;
  readonly description: string | undefined;
  readonly where: Expression;
}

/** Errors: invalid_segment. */
export function checkSegmentKey(key: unknown): string {
  if (typeof key === 'string' && KEY.test(key)) return key;
  const shown = typeof key === 'string' ? `, not ${quoted(key)}` : '';
  throw invalid(`a segment's key is 1 to 64 of the characters a-z A-Z 0-9 . _ -${shown}`, 'key');
}

/** Errors: invalid_segment; for the condition as of `parseText` and `checkExpression`. */
export function checkSegment(json: unknown): CheckedSegment {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw invalid('a segment is an object such as {"where":"country = \\"DE\\"","name":"Germany"}', '');
  }
  const request = json as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(request)) {
    if (FIELDS.includes(key)) continue;
    const suggestion = nearestWord(key, FIELDS);
    const hint = suggestionText(suggestion) || `; it takes ${FIELDS.join(', ')}`;
    throw invalid(`a segment has no ${quoted(key)}${hint}`, key.slice(0, 64));
  }
  const where = request['where'];
  if (where === undefined || where === null) throw invalid('a segment needs a condition: "where"', 'where');
  return {
    name: optionalText(request, 'name', NAME_LENGTH_MAX),
    description: optionalText(request, 'description', DESCRIPTION_LENGTH_MAX),
    where: typeof where === 'string' ? parseText(where) : checkExpression(where, undefined, '/where'),
  };
}

function optionalText(
  request: Readonly<Record<string, unknown>>,
  field: string,
  lengthMax: number,
): string | undefined {
  const value = Object.hasOwn(request, field) ? request[field] : undefined;
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw invalid(`${quoted(field)} must be a text`, field);
  if (value.length <= lengthMax) return value;
  throw invalid(`${quoted(field)} may have at most ${lengthMax} characters`, field);
}

export function invalid(message: string, field: string): EngineError {
  return new EngineError('invalid_segment', message, field === '' ? {} : { details: { field } });
}
