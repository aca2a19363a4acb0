/**
 * Calendar periods in a time zone. The start of a local day is the first instant whose local date is that date or later:
 * 00:00 on most days, 01:00 where the clocks jump over midnight, the earlier of two midnights where they fall back.
 * Found by trying every quarter of an hour around the date, which every time zone's changes fall on.
 */
import { daysFromEpoch } from './instant.ts';

export type CalendarUnit = 'day' | 'week' | 'month' | 'quarter' | 'year';

const DAY_MS = 86_400_000;
const QUARTER_HOUR_MS = 900_000;
const formats = new Map<string, Intl.DateTimeFormat>();
const starts = new Map<string, number>();
const days = new Map<string, number>();
const REMEMBERED_DAY_COUNT_MAX = 100_000;

/** The local date of an instant as days from 1970-01-01; remembered, because the same few instants are asked for over and over. */
function localDayOf(instantMs: number, timeZone: string): number {
  const key = `${timeZone} ${instantMs}`;
  let day = days.get(key);
  if (day === undefined) {
    if (days.size >= REMEMBERED_DAY_COUNT_MAX) days.clear();
    day = findLocalDay(instantMs, timeZone);
    days.set(key, day);
  }
  return day;
}

function findLocalDay(instantMs: number, timeZone: string): number {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', { timeZone, year: 'numeric', month: 'numeric', day: 'numeric' });
    formats.set(timeZone, format);
  }
  const parts = new Map(format.formatToParts(instantMs).map((part) => [part.type, Number(part.value)]));
  return daysFromEpoch(parts.get('year') ?? 0, parts.get('month') ?? 0, parts.get('day') ?? 0);
}

function startOfDay(day: number, timeZone: string): number {
  const key = `${timeZone} ${day}`;
  let start = starts.get(key);
  if (start === undefined) {
    start = day * DAY_MS - 16 * 3_600_000;
    while (localDayOf(start, timeZone) < day) start += QUARTER_HOUR_MS;
    starts.set(key, start);
  }
  return start;
}

/** The local day on which the period that is `offset` periods away from `day`'s period begins. */
function firstDayOf(unit: CalendarUnit, day: number, offset: number): number {
  if (unit === 'day') return day + offset;
  // 1970-01-05 was a Monday.
  if (unit === 'week') return day - ((((day - 4) % 7) + 7) % 7) + 7 * offset;
  const date = new Date(day * DAY_MS);
  const monthsPerPeriod = unit === 'month' ? 1 : unit === 'quarter' ? 3 : 12;
  const months = date.getUTCFullYear() * 12 + date.getUTCMonth();
  const firstMonth = (Math.floor(months / monthsPerPeriod) + offset) * monthsPerPeriod;
  return daysFromEpoch(Math.floor(firstMonth / 12), (firstMonth % 12) + 1, 1);
}

/** The period as `from ≤ t < to`. */
export function calendarPeriod(
  unit: CalendarUnit,
  offset: number,
  timeZone: string,
  nowMs: number,
): { readonly fromMs: number; readonly toMs: number } {
  const today = localDayOf(nowMs, timeZone);
  return {
    fromMs: startOfDay(firstDayOf(unit, today, offset), timeZone),
    toMs: startOfDay(firstDayOf(unit, today, offset + 1), timeZone),
  };
}

/** The first local day of the period `offset` periods after the instant's, as `YYYY-MM-DD`. */
export function calendarDate(unit: CalendarUnit, instantMs: number, timeZone: string, offset = 0): string {
  const day = firstDayOf(unit, localDayOf(instantMs, timeZone), offset);
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}
