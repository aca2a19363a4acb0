/**
 * The envelope of a query, checked by hand at the door; the condition inside is the engine's to check. A field that
 * this version does not know is refused: a question half understood would be half answered.
 */
import { EngineError } from '../model/error.ts';
import type { QueryRequest } from '../model/query.ts';
import type { CompletionRequest } from '../model/schema.ts';
import { below } from '../query/parser/json-check.ts';
import { isRecord } from './http/json-text.ts';

type Check = readonly [expected: string, isValid: (value: unknown) => boolean];

const isText = (value: unknown): boolean => typeof value === 'string';
const isWhole = (value: unknown): boolean => typeof value === 'number' && Number.isInteger(value) && value >= 0;
const isBoolean = (value: unknown): boolean => typeof value === 'boolean';
const isTextList = (value: unknown): boolean => Array.isArray(value) && value.every(isText);

const FIELDS: ReadonlyMap<string, Check> = new Map([
  ['of', ['"people" or "accounts"', isText]],
  ['where', ['a condition as text or JSON', (value) => isText(value) || isRecord(value)]],
  ['as', ['a result kind such as "count", "ids", "profiles", "aggregate" or "breakdown"', isText]],
  ['limit', ['a whole number', isWhole]],
  ['cursor', ['the cursor of an earlier answer', isText]],
  ['fields', ['a list of trait paths', isTextList]],
  ['events', ['a whole number', isWhole]],
  ['aggregate', ['an object with "fn"', isRecord]],
  ['breakdown', ['an object with "by"', isRecord]],
  ['funnel', ['an object with "steps"', isRecord]],
  ['retention', ['an object with "cohort" and "period"', isRecord]],
  ['rfm', ['an object with "event" and "amount"', isRecord]],
  ['overlap', ['an object with "segments"', isRecord]],
  ['mode', ['"exact" or "estimate"', isText]],
  ['explain', ['true or false', isBoolean]],
  ['strict', ['true or false', isBoolean]],
  ['partial', ['true or false', isBoolean]],
  ['optimizer', ['an object with "off"', isRecord]],
  ['at', ['a moment in ISO 8601', isText]],
  ['timeoutMs', ['a whole number of milliseconds', isWhole]],
] satisfies readonly (readonly [string, Check])[]);

/** Fields of a flat analysis that belong to the question around it. */
const AROUND: ReadonlySet<string> = new Set(['where', 'at', 'timeoutMs', 'strict', 'explain', 'partial', 'optimizer']);

/** `{"steps":[…],"within":"1d","where"?,"at"?}` → `{"as":"funnel","funnel":{…},"where"?,"at"?}`. */
export function parseAnalysisRequest(kind: 'funnel' | 'retention', value: unknown): QueryRequest {
  if (!isRecord(value)) {
    const example =
      kind === 'funnel' ? '{"steps":[{"event":"…"},{"event":"…"}]}' : '{"cohort":{"event":"…"},"period":"month"}';
    throw new EngineError('query_invalid', `a ${kind} is a JSON object such as ${example}`);
  }
  const request: Record<string, unknown> = { as: kind };
  const analysis: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    if (AROUND.has(name)) request[name] = field;
    // Not by assignment: a field called __proto__ is a field like any other, to be refused by name.
    else Object.defineProperty(analysis, name, { value: field, enumerable: true });
  }
  return parseQueryRequest({ ...request, [kind]: analysis });
}

export function parseCompletionRequest(value: unknown): CompletionRequest {
  if (!isRecord(value) || !isText(value['text'])) {
    throw new EngineError('query_invalid', 'a completion needs the text so far: {"text":"country = ","position":10}');
  }
  for (const name of ['position', 'limit']) {
    if (value[name] !== undefined && !isWhole(value[name]))
      throw new EngineError('query_invalid', `"${name}" must be a whole number`, placed(name));
  }
  const unknown = Object.keys(value).find((name) => !['text', 'position', 'limit'].includes(name));
  if (unknown !== undefined)
    throw new EngineError('query_invalid', `a completion has no field "${unknown.slice(0, 64)}"`);
  return value as Readonly<Record<string, unknown>> & CompletionRequest;
}

/** `ignored` names what belongs to the door, such as `op` and `ref` of a frame. */
export function parseQueryRequest(value: unknown, ignored: ReadonlySet<string> = new Set()): QueryRequest {
  if (!isRecord(value))
    throw new EngineError(
      'query_invalid',
      'a query is a JSON object such as {"where":"country = \\"DE\\"","as":"count"}',
    );
  const request: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    if (ignored.has(name)) continue;
    const check = FIELDS.get(name);
    if (check === undefined) throw unknownField(name);
    if (value[name] === undefined || value[name] === null) continue;
    if (!check[1](value[name])) throw new EngineError('query_invalid', `"${name}" must be ${check[0]}`, placed(name));
    request[name] = value[name];
  }
  return request as QueryRequest;
}

/** The place as all other mistakes in JSON have it too. */
function placed(field: string): { details: { field: string; path: string } } {
  return { details: { field, path: below('', field) } };
}

function unknownField(name: string): EngineError {
  const shown = name.slice(0, 64);
  const hint = shown === 'by' ? '; groups are asked for by "as":"breakdown","breakdown":{"by":[…]}' : '';
  return new EngineError('query_invalid', `a query has no field "${shown}"${hint}`, placed(shown));
}
