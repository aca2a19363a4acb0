/** A breakdown: what groups are made by, over profiles or over the events of one name. */
import type { BreakdownRequest, Dimension } from '../../model/analysis.ts';
import { checkFunction } from './check-aggregate.ts';
import { checkWhere } from './check-event.ts';
import { CALENDAR_UNITS, checkTimeZone, checkWindow } from './check-window.ts';
import {
  below,
  checkInteger,
  checkKeys,
  checkObject,
  checkText,
  checkWord,
  field,
  type JsonCheck,
  type JsonObject,
  refuse,
} from './json-check.ts';
import { quoted } from './suggestion.ts';

/** Each dimension multiplies groups; past a few nobody can read the answer. */
const DIMENSION_COUNT_MAX = 5;
export const GROUPS_SHOWN_MAX = 10_000;

export function checkBreakdown(check: JsonCheck, json: unknown, at: string): BreakdownRequest {
  const object = checkObject(json, at, '"breakdown"');
  checkKeys(object, ['by', 'event', 'where', 'window', 'aggregate', 'limit'], at, '"breakdown"');
  const event = field(object, 'event');
  const isOfEvents = event !== undefined;
  const by = field(object, 'by');
  const byAt = below(at, 'by');
  if (by === undefined) refuse('query_invalid', byAt, '"breakdown" needs "by", such as ["country"]');
  const list = Array.isArray(by) ? check.list(by, byAt, '"by"') : [by];
  if (list.length === 0) refuse('query_invalid', byAt, '"by" must name at least one dimension');
  if (list.length > DIMENSION_COUNT_MAX) {
    refuse('query_too_large', byAt, `"by" names ${list.length} dimensions; ${DIMENSION_COUNT_MAX} are allowed`);
  }
  const dimensions = list.map((item, index) =>
    checkDimension(item, Array.isArray(by) ? below(byAt, index) : byAt, isOfEvents),
  );
  if (!isOfEvents) {
    for (const key of ['where', 'window']) {
      if (field(object, key) !== undefined)
        refuse('query_invalid', below(at, key), `${quoted(key)} chooses events, so it needs "event"`);
    }
  }
  const aggregate = field(object, 'aggregate');
  const window = field(object, 'window');
  const limit = field(object, 'limit');
  return {
    by: dimensions,
    ...(isOfEvents ? { event: checkText(event, below(at, 'event'), 'the event name') } : {}),
    ...checkWhere(check, object, at),
    ...(window === undefined ? {} : { window: checkWindow(check, window, below(at, 'window')) }),
    ...(aggregate === undefined
      ? {}
      : { aggregate: checkGroupAggregate(check, aggregate, below(at, 'aggregate'), isOfEvents) }),
    ...(limit === undefined ? {} : { limit: checkInteger(limit, below(at, 'limit'), '"limit"', 1, GROUPS_SHOWN_MAX) }),
  };
}

function checkDimension(json: unknown, at: string, isOfEvents: boolean): Dimension {
  if (typeof json === 'string') return { trait: checkText(json, at, 'the trait') };
  const object = checkObject(json, at, 'a dimension');
  checkKeys(object, ['trait', 'property', 'period', 'timeZone'], at, 'a dimension');
  const kinds = ['trait', 'property', 'period'].filter((key) => field(object, key) !== undefined);
  if (kinds.length !== 1) refuse('query_invalid', at, 'a dimension has one of "trait", "property" and "period"');
  const [kind] = kinds;
  if (kind !== 'trait' && !isOfEvents)
    refuse('query_invalid', below(at, kind), `${quoted(kind)} is of events, so the breakdown needs "event"`);
  if (kind === 'period') return checkPeriod(object, at);
  if (field(object, 'timeZone') !== undefined)
    refuse('query_invalid', below(at, 'timeZone'), '"timeZone" belongs to "period"');
  const name = checkText(object[kind], below(at, kind), quoted(kind));
  return kind === 'trait' ? { trait: name } : { property: name };
}

function checkPeriod(object: JsonObject, at: string): Dimension {
  const timeZone = field(object, 'timeZone');
  return {
    period: checkWord(object['period'], CALENDAR_UNITS, below(at, 'period'), '"period"'),
    ...(timeZone === undefined ? {} : { timeZone: checkTimeZone(timeZone, below(at, 'timeZone')) }),
  };
}

function checkGroupAggregate(
  check: JsonCheck,
  json: unknown,
  at: string,
  isOfEvents: boolean,
): NonNullable<BreakdownRequest['aggregate']> {
  const object = checkObject(json, at, '"aggregate"');
  checkKeys(object, ['fn', 'p', 'property', 'trait'], at, '"aggregate"');
  const fn = checkFunction(check, object, at);
  const property = field(object, 'property');
  const trait = field(object, 'trait');
  if ((property === undefined) === (trait === undefined)) {
    refuse('query_invalid', at, 'the "aggregate" of a breakdown is over either a "property" or a "trait"');
  }
  if (trait !== undefined) return { ...fn, trait: checkText(trait, below(at, 'trait'), '"trait"') };
  if (!isOfEvents)
    refuse('query_invalid', below(at, 'property'), '"property" is of events, so the breakdown needs "event"');
  return { ...fn, property: checkText(property, below(at, 'property'), '"property"') };
}
