/** Windows as conditions on an event's time; calendar periods by DuckDB's own time zones. */
import type { Window } from '../../../src/model/expression.ts';
import { quote } from './sql-text.ts';

const SQL_UNITS: { readonly [unit: string]: string } = {
  ms: 'MILLISECOND',
  s: 'SECOND',
  m: 'MINUTE',
  h: 'HOUR',
  d: 'DAY',
  w: 'WEEK',
};

/** A duration in milliseconds, as SQL works it out. */
export function durationSql(duration: string): string {
  const [, count, unit] = /^(\d+)([a-z]+)$/.exec(duration) ?? [];
  if (SQL_UNITS[unit] === undefined) throw new TypeError(`not a duration: ${duration}`);
  return `(CAST(epoch(INTERVAL 1 ${SQL_UNITS[unit]}) * 1000 AS BIGINT) * ${count})`;
}

/** The instant at which the calendar period `offset` periods from now's begins. */
function calendarStart(unit: string, offset: number, timeZone: string, now: string): string {
  const zone = quote(timeZone);
  const localNow = `timezone(${zone}, timezone('UTC', make_timestamp(CAST(${now} AS BIGINT) * 1000)))`;
  const months = { month: 1, quarter: 3, year: 12 }[unit];
  const shift =
    months === undefined
      ? `INTERVAL (${offset}) ${SQL_UNITS[unit === 'week' ? 'w' : 'd']}`
      : `INTERVAL (${offset * months}) MONTH`;
  return `epoch_ms(timezone(${zone}, date_trunc(${quote(unit)}, ${localNow}) + ${shift}))`;
}

export function windowSql(time: string, window: Window | undefined, now: string): string {
  if (window === undefined) return 'TRUE';
  if ('last' in window) return `${time} BETWEEN ${now} - ${durationSql(window.last)} AND ${now}`;
  if ('between' in window) {
    const [far, near] = window.between;
    return `${time} >= ${now} - ${durationSql(far)} AND ${time} < ${now} - ${durationSql(near)}`;
  }
  if ('calendar' in window) {
    const { calendar, offset = 0, timeZone = 'UTC' } = window;
    return `${time} >= ${calendarStart(calendar, offset, timeZone, now)} AND ${time} < ${calendarStart(calendar, offset + 1, timeZone, now)}`;
  }
  const from = window.from === undefined ? 'TRUE' : `${time} >= iso_instant(${quote(window.from)})`;
  const to = window.to === undefined ? 'TRUE' : `${time} < iso_instant(${quote(window.to)})`;
  return `${from} AND ${to}`;
}
