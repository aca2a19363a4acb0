/** What one value is asked for: the function over events or a trait, with `p` where it is a percentile. */
import { TOTAL_FUNCTIONS, type TotalFunction, type TotalRequest } from '../../model/analysis.ts';
import { AGGREGATE_FUNCTIONS } from '../../model/expression.ts';
import { checkWhere } from './check-event.ts';
import { checkWindow } from './check-window.ts';
import {
  below,
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

const FUNCTIONS: readonly TotalFunction[] = [...AGGREGATE_FUNCTIONS, ...TOTAL_FUNCTIONS];
/** Percentiles asked for at once. */
const PERCENTILE_COUNT_MAX = 100;

export function checkAggregateRequest(check: JsonCheck, json: unknown, at: string): TotalRequest {
  const object = checkObject(json, at, '"aggregate"');
  checkKeys(object, ['fn', 'event', 'property', 'trait', 'where', 'window', 'p'], at, '"aggregate"');
  const fn = checkFunction(check, object, at);
  const names = Object.fromEntries(
    ['event', 'property', 'trait'].flatMap((key) => {
      const name = field(object, key);
      return name === undefined ? [] : [[key, checkText(name, below(at, key), quoted(key))]];
    }),
  ) as Pick<TotalRequest, 'event' | 'property' | 'trait'>;
  const window = field(object, 'window');
  const isOfEvent = names.event !== undefined && names.property !== undefined && names.trait === undefined;
  const isOfTrait =
    names.trait !== undefined &&
    names.event === undefined &&
    names.property === undefined &&
    window === undefined &&
    field(object, 'where') === undefined;
  if (!isOfEvent && !isOfTrait) {
    refuse(
      'query_invalid',
      at,
      '"aggregate" is over either "event" and "property" (with "where" and "window" if wanted) or "trait"',
    );
  }
  return {
    ...fn,
    ...names,
    ...checkWhere(check, object, at),
    ...(window === undefined ? {} : { window: checkWindow(check, window, below(at, 'window')) }),
  };
}

/** `fn` and `p` of an object. */
export function checkFunction(check: JsonCheck, object: JsonObject, at: string): Pick<TotalRequest, 'fn' | 'p'> {
  const fn = checkWord(field(object, 'fn'), FUNCTIONS, below(at, 'fn'), '"fn"');
  const p = field(object, 'p');
  const pAt = below(at, 'p');
  if (fn !== 'percentile') {
    if (p !== undefined) refuse('query_invalid', pAt, `"p" belongs to "percentile", not to ${quoted(fn)}`);
    return { fn };
  }
  if (p === undefined)
    refuse('query_invalid', pAt, '"percentile" needs "p", such as 95 for the 95th, or a list of such');
  if (!Array.isArray(p)) return { fn, p: checkPercentage(p, pAt) };
  const list = check.list(p, pAt, '"p"');
  if (list.length === 0 || list.length > PERCENTILE_COUNT_MAX) {
    refuse('query_invalid', pAt, `"p" takes 1 to ${PERCENTILE_COUNT_MAX} percentages, not ${list.length}`);
  }
  return { fn, p: list.map((item, index) => checkPercentage(item, below(pAt, index))) };
}

function checkPercentage(json: unknown, at: string): number {
  if (typeof json !== 'number') refuse('query_type', at, `"p" must be a number, not ${kindOf(json)}`);
  if (!(json > 0 && json <= 100)) refuse('query_invalid', at, `"p" must be above 0 and at most 100, not ${json}`);
  return json;
}
