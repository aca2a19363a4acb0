/**
 * The window of a leaf as two instants. Every kind of window becomes a half-open range of whole milliseconds, `fromMs ≤
 * t < untilMs`, before any event is looked at, so that all workers of one query share one idea of "now".
 */
import { assert } from '../../base/assert.ts';
import { daysSince1970, formatIsoDate, parseIsoDateMs } from '../../base/iso-date.ts';
import { startOfLocalDayMs, zoneOffsetMs } from '../../base/time-zone.ts';
import { EngineError } from '../../model/error.ts';
import type { Window } from '../../model/expression.ts';
import { parseDurationMs } from './duration.ts';

/** Half-open over whole milliseconds; infinite where the window is open. Empty when `untilMs ≤ fromMs`. */
export interface TimeRange {
  readonly fromMs: number;
  readonly untilMs: number;
}

type CalendarWindow = Extract<Window, { readonly calendar: unknown }>;

const DAY_MS = 86_400_000;
/** Offsets reach 100 years (the checker's bound), so that every date met on the way has a year of four digits. */
export const CALENDAR_MIN_MS = -30_610_224_000_000;
export const CALENDAR_MAX_MS = 221_845_392_000_000;

/**
 * With `atMs` the query is asked as of that moment: it is "now" in place of `nowMs`, and no window reaches past it.
 *
 * Errors: query_invalid for dates and durations that the checker would have refused.
 */
export function resolveWindow(window: Window | undefined, nowMs: number, atMs?: number | undefined): TimeRange {
  assert(Number.isInteger(atMs ?? nowMs), 'now is whole milliseconds');
  const range = rangeOf(window, atMs ?? nowMs);
  if (atMs === undefined || range.untilMs <= atMs + 1) return range;
  return { fromMs: range.fromMs, untilMs: atMs + 1 };
}

function rangeOf(window: Window | undefined, nowMs: number): TimeRange {
  if (window === undefined) return { fromMs: -Infinity, untilMs: Infinity };
  if ('last' in window) return { fromMs: nowMs - parseDurationMs(window.last), untilMs: nowMs + 1 };
  if ('between' in window) {
    const [far, near] = window.between;
    return { fromMs: nowMs - parseDurationMs(far), untilMs: nowMs - parseDurationMs(near) };
  }
  if ('calendar' in window) return calendarRange(window, nowMs);
  return {
    fromMs: window.from === undefined ? -Infinity : dateMs(window.from),
    untilMs: window.to === undefined ? Infinity : dateMs(window.to),
  };
}

function dateMs(text: string): number {
  const ms = parseIsoDateMs(text);
  if (Number.isNaN(ms)) throw new EngineError('query_invalid', `${JSON.stringify(text)} is not a date`);
  return ms;
}

function calendarRange(window: CalendarWindow, nowMs: number): TimeRange {
  assert(nowMs >= CALENDAR_MIN_MS && nowMs <= CALENDAR_MAX_MS, 'calendar windows need a now of the years 1000 to 9000');
  const zone = window.timeZone ?? 'UTC';
  const today = Math.floor((nowMs + zoneOffsetMs(zone, nowMs)) / DAY_MS);
  const offset = window.offset ?? 0;
  return {
    fromMs: startOfLocalDayMs(zone, firstDay(window.calendar, today, offset)),
    untilMs: startOfLocalDayMs(zone, firstDay(window.calendar, today, offset + 1)),
  };
}

/** The first date (days since 1970) of the unit that holds `today`, moved by `offset` units. */
export function firstDay(unit: CalendarWindow['calendar'], today: number, offset: number): number {
  if (unit === 'day') return today + offset;
  // 1970-01-01 was a Thursday, three days after a Monday.
  if (unit === 'week') return Math.floor((today + 3) / 7) * 7 - 3 + offset * 7;
  const date = formatIsoDate(today * DAY_MS);
  const monthIndex = Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1;
  const sizeInMonths = unit === 'month' ? 1 : unit === 'quarter' ? 3 : 12;
  const first = (Math.floor(monthIndex / sizeInMonths) + offset) * sizeInMonths;
  return daysSince1970(Math.floor(first / 12), (first % 12) + 1, 1);
}
