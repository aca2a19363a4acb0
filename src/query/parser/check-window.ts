/** Windows: exactly one kind, ends in order, a time zone that exists. What passes resolves without an error. */
import { durationMsOf } from '../../base/duration.ts';
import { parseIsoDateMs } from '../../base/iso-date.ts';
import { isTimeZone } from '../../base/time-zone.ts';
import type { Window } from '../../model/expression.ts';
import { checkDate, checkDuration } from './check-value.ts';
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

const WINDOW_KEYS = ['last', 'between', 'from', 'to', 'calendar', 'offset', 'timeZone'] as const;
export const CALENDAR_UNITS = ['day', 'week', 'month', 'quarter', 'year'] as const;

/** A hundred years either way. */
const OFFSET_MAX = { day: 36_525, week: 5_218, month: 1_200, quarter: 400, year: 100 } as const;

export function checkWindow(check: JsonCheck, json: unknown, at: string): Window {
  const object = checkObject(json, at, 'the window');
  checkKeys(object, WINDOW_KEYS, at, 'a window');
  if (field(object, 'last') !== undefined) {
    checkOnly(object, ['last'], at);
    return { last: checkDuration(object['last'], below(at, 'last'), '"last"') };
  }
  if (field(object, 'between') !== undefined) {
    checkOnly(object, ['between'], at);
    return { between: checkBetween(check, object['between'], below(at, 'between')) };
  }
  if (field(object, 'calendar') !== undefined) {
    checkOnly(object, ['calendar', 'offset', 'timeZone'], at);
    return checkCalendar(object, at);
  }
  checkOnly(object, ['from', 'to'], at);
  return checkDates(object, at);
}

/** `keys[0]` names the kind. */
function checkOnly(object: JsonObject, keys: readonly string[], at: string): void {
  const other = Object.keys(object).find((key) => !keys.includes(key) && object[key] !== undefined);
  if (other === undefined) return;
  const message =
    other === 'offset' || other === 'timeZone'
      ? `${quoted(other)} belongs to a "calendar" window`
      : `a window is of one kind: ${quoted(other)} does not go with ${quoted(keys[0])}`;
  refuse('query_invalid', below(at, other), message);
}

function checkBetween(check: JsonCheck, json: unknown, at: string): readonly [string, string] {
  const list = check.list(json, at, '"between"');
  if (list.length !== 2)
    refuse('query_invalid', at, `"between" needs two durations, such as ["90d","30d"], not ${list.length}`);
  const far = checkDuration(list[0], below(at, 0), '"between"');
  const near = checkDuration(list[1], below(at, 1), '"between"');
  if (durationMsOf(far) <= durationMsOf(near)) {
    refuse(
      'query_invalid',
      at,
      `"between" counts back from now: ${far} ago must be before ${near} ago, so the longer one is first`,
    );
  }
  return [far, near];
}

function checkDates(object: JsonObject, at: string): Window {
  const from = field(object, 'from');
  const to = field(object, 'to');
  if (from === undefined && to === undefined) {
    refuse(
      'query_invalid',
      at,
      'a window needs "last", "between", "from", "to" or "calendar"; leave it out for all time',
    );
  }
  const window = {
    ...(from === undefined ? {} : { from: checkDate(from, below(at, 'from'), '"from"') }),
    ...(to === undefined ? {} : { to: checkDate(to, below(at, 'to'), '"to"') }),
  };
  if (
    window.from !== undefined &&
    window.to !== undefined &&
    parseIsoDateMs(window.from) >= parseIsoDateMs(window.to)
  ) {
    refuse('query_invalid', at, '"from" must be before "to"');
  }
  return window;
}

function checkCalendar(object: JsonObject, at: string): Window {
  const calendar = checkWord(object['calendar'], CALENDAR_UNITS, below(at, 'calendar'), 'the calendar unit');
  const offset = field(object, 'offset');
  const timeZone = field(object, 'timeZone');
  const max = OFFSET_MAX[calendar];
  return {
    calendar,
    ...(offset === undefined ? {} : { offset: checkInteger(offset, below(at, 'offset'), '"offset"', -max, max) }),
    ...(timeZone === undefined ? {} : { timeZone: checkTimeZone(timeZone, below(at, 'timeZone')) }),
  };
}

export function checkTimeZone(json: unknown, at: string): string {
  const zone = checkText(json, at, 'the time zone');
  if (!isTimeZone(zone))
    refuse('query_invalid', at, `${quoted(zone)} is not a time zone; write one such as "Europe/Berlin" or "UTC"`);
  return zone;
}
