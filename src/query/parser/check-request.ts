/** The body of a query request. A text in `where` is parsed here, so that all behind it sees the AST only. */
import { parseIsoDateMs } from '../../base/iso-date.ts';
import { COLLECTIONS, type Expression } from '../../model/expression.ts';
import { DEFAULT_QUERY_LIMITS, type QueryLimits } from '../../model/limits.ts';
import { PASS_NAMES, type PassName } from '../../model/optimizer.ts';
import { type QueryRequest, RESULT_KINDS, type ResultKind } from '../../model/query.ts';
import { checkAggregateRequest } from './check-aggregate.ts';
import { checkBreakdown } from './check-breakdown.ts';
import { checkExpression } from './check-expression.ts';
import { checkFunnel } from './check-funnel.ts';
import { type CheckedOverlap, checkOverlap } from './check-overlap.ts';
import { checkRetention } from './check-retention.ts';
import { checkRfm } from './check-rfm.ts';
import { checkDate } from './check-value.ts';
import {
  below,
  checkInteger,
  checkKeys,
  checkObject,
  checkText,
  checkWord,
  field,
  JsonCheck,
  type JsonObject,
  kindOf,
  refuse,
} from './json-check.ts';
import { parseText } from './parse-text.ts';
import { quoted } from './suggestion.ts';

export type CheckedRequest = Omit<QueryRequest, 'where' | 'overlap'> & {
  readonly where?: Expression | undefined;
  readonly overlap?: CheckedOverlap | undefined;
};

const REQUEST_KEYS = [
  'of',
  'where',
  'as',
  'limit',
  'cursor',
  'fields',
  'events',
  'aggregate',
  'breakdown',
  'funnel',
  'retention',
  'rfm',
  'overlap',
  'at',
  'timeoutMs',
  'mode',
  'explain',
  'strict',
  'partial',
  'optimizer',
];
const MODES = ['exact', 'estimate'] as const;
const EVENT_COUNT_MAX = 10_000;
const TIMEOUT_MAX_MS = 3_600_000;
/** Years 1000 to 8999: a calendar window of a hundred years either way stays within years of four digits. */
const AT_MIN_MS = -30_610_224_000_000;
const AT_MAX_MS = 221_845_391_999_999;

/** Errors: as of `checkExpression` and `parseText`; paths begin at the request, spans lie in its text. */
export function checkRequest(json: unknown, limits: QueryLimits = DEFAULT_QUERY_LIMITS): CheckedRequest {
  const object = checkObject(json, '', 'a query');
  checkKeys(object, REQUEST_KEYS, '', 'a query');
  const check = new JsonCheck(limits);
  const of = checkWord(field(object, 'of') ?? 'people', COLLECTIONS, '/of', '"of"');
  const request: CheckedRequest = {
    ...(of === 'people' ? {} : { of }),
    ...optional(object, 'where', (where, at) =>
      typeof where === 'string' ? parseText(where, limits, of) : checkExpression(where, limits, at, of),
    ),
    ...optional(object, 'as', (as, at) => checkWord(as, RESULT_KINDS, at, '"as"')),
    ...optional(object, 'limit', (limit, at) => checkInteger(limit, at, '"limit"', 1, limits.pageLimit)),
    ...optional(object, 'cursor', (cursor, at) => checkText(cursor, at, '"cursor"')),
    ...optional(object, 'fields', (fields, at) => checkFields(check, fields, at)),
    ...optional(object, 'events', (events, at) => checkInteger(events, at, '"events"', 0, EVENT_COUNT_MAX)),
    ...optional(object, 'aggregate', (aggregate, at) => checkAggregateRequest(check, aggregate, at)),
    ...optional(object, 'breakdown', (breakdown, at) => checkBreakdown(check, breakdown, at)),
    ...optional(object, 'funnel', (funnel, at) => checkFunnel(check, funnel, at)),
    ...optional(object, 'retention', (retention, at) => checkRetention(check, retention, at)),
    ...optional(object, 'rfm', (rfm, at) => checkRfm(check, rfm, at)),
    ...optional(object, 'overlap', (overlap, at) => checkOverlap(check, overlap, at)),
    ...optional(object, 'at', checkAt),
    ...optional(object, 'timeoutMs', (timeout, at) => checkInteger(timeout, at, '"timeoutMs"', 1, TIMEOUT_MAX_MS)),
    ...optional(object, 'mode', (mode, at) => checkWord(mode, MODES, at, '"mode"')),
    ...optional(object, 'explain', (explain, at) => checkBoolean(explain, at, '"explain"')),
    ...optional(object, 'strict', (strict, at) => checkBoolean(strict, at, '"strict"')),
    ...optional(object, 'partial', (partial, at) => checkBoolean(partial, at, '"partial"')),
    ...optional(object, 'optimizer', (optimizer, at) => checkOptimizer(check, optimizer, at)),
  };
  assertAnalysis(request);
  return request;
}

function optional<Key extends string, Value>(
  object: JsonObject,
  key: Key,
  check: (json: unknown, at: string) => Value,
): { readonly [K in Key]?: Value } {
  const json = field(object, key);
  return (json === undefined ? {} : { [key]: check(json, below('', key)) }) as { readonly [K in Key]?: Value };
}

function checkBoolean(json: unknown, at: string, what: string): boolean {
  if (typeof json !== 'boolean') refuse('query_type', at, `${what} must be true or false, not ${kindOf(json)}`);
  return json;
}

function checkOptimizer(check: JsonCheck, json: unknown, at: string): { readonly off: readonly PassName[] } {
  const object = checkObject(json, at, '"optimizer"');
  checkKeys(object, ['off'], at, '"optimizer"');
  const list = check.list(field(object, 'off'), below(at, 'off'), '"off"');
  return { off: list.map((name, index) => checkWord(name, PASS_NAMES, below(below(at, 'off'), index), 'a pass')) };
}

function checkFields(check: JsonCheck, json: unknown, at: string): readonly string[] {
  return check.list(json, at, '"fields"').map((name, index) => checkText(name, below(at, index), 'a field'));
}

function checkAt(json: unknown, at: string): string {
  const text = checkDate(json, at, '"at"');
  const ms = parseIsoDateMs(text);
  if (ms < AT_MIN_MS || ms > AT_MAX_MS)
    refuse('query_invalid', at, `"at" must lie in the years 1000 to 8999, not ${quoted(text)}`);
  return text;
}

/** Each kind of answer that is more than a set needs its own key, which no other kind takes. */
const ANALYSIS_EXAMPLES = {
  aggregate: '{"fn":"sum","event":"Order Completed","property":"total"}',
  breakdown: '{"by":["country"]}',
  funnel: '{"steps":[{"event":"Page Viewed"},{"event":"Order Completed"}]}',
  retention: '{"cohort":{"event":"Order Completed"},"period":"month"}',
  rfm: '{"event":"Order Completed","amount":"total"}',
  overlap: '{"segments":["big-spenders","newsletter"]}',
} as const satisfies Readonly<Partial<Record<ResultKind, string>>>;

function assertAnalysis(request: CheckedRequest): void {
  if (request.mode === 'estimate' && (request.as ?? 'count') !== 'count') {
    refuse('query_invalid', '/mode', '"mode":"estimate" is for "as":"count"; everything else is exact');
  }
  for (const kind of Object.keys(ANALYSIS_EXAMPLES) as (keyof typeof ANALYSIS_EXAMPLES)[]) {
    if (request.as === kind && request[kind] === undefined) {
      const message = `"as":"${kind}" needs "${kind}", such as ${ANALYSIS_EXAMPLES[kind]}`;
      refuse('query_invalid', below('', kind), message);
    }
    if (request.as !== kind && request[kind] !== undefined) {
      refuse('query_invalid', below('', kind), `"${kind}" needs "as":"${kind}"`);
    }
  }
}
