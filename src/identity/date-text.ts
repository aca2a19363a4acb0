/**
 * Dates as people and programs write them → ISO 8601. A day stays a day (`2024-03-07`); with a time of day it is an instant, in the
 * zone that was given, else UTC.
 *
 * Read: ISO with a space for the T or without a zone; `20240307`; days, months and years parted by / . - or spaces; English month
 * names; Unix times in seconds or milliseconds. Not read, because they can be read two ways: `03/04/2024` without an
 * order (with dots the day is first everywhere), years of two digits.
 */
import { formatIsoDate, isIsoDate } from '../base/iso-date.ts';
import type { DateOrder } from '../model/identity.ts';

const TEXT_LENGTH_MAX = 64;
const MONTHS = 'january february march april may june july august september october november december'.split(' ');
const WEEKDAY = /^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},? +/i;
const TIME = /(?:[t ]|, ?)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)? ?([ap]m)? ?(z|utc|gmt|[+-]\d{2}:?\d{2})?$/i;
const YEAR_FIRST = /^(\d{4})([-/. ])(\d{1,2})\2(\d{1,2})$/;
const YEAR_LAST = /^(\d{1,2})([-/. ])(\d{1,2})\2(\d{4})$/;
const COMPACT = /^(\d{4})(\d{2})(\d{2})$/;
const DAY_MONTH_NAME = /^(\d{1,2})(?:st|nd|rd|th)?[ -]([a-z]{3,9})\.?,?[ -](\d{4})$/i;
const MONTH_NAME_DAY = /^([a-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})$/i;

/** 1973 to 2286 in seconds, the same in milliseconds; the ranges do not touch. */
const SECONDS = { min: 1e8, max: 1e10 };
const MILLISECONDS = { min: 1e11, max: 1e13 };
/** Whole numbers in here are written dates (`20240307`), not seconds of August 1970. */
const COMPACT_NUMBERS = { min: 19_000_101, max: 21_001_231 };

/** Undefined for what is no date, or may be two. */
export function isoDateOf(value: string | number, order: DateOrder | undefined): string | undefined {
  if (typeof value === 'number') return isoDateOfNumber(value);
  const text = value.trim();
  if (text.length > TEXT_LENGTH_MAX) return undefined;
  if (isIsoDate(text)) return text;
  if (/^\d{10}$|^\d{13}$/.test(text)) return isoDateOfNumber(Number(text));
  const time = TIME.exec(text);
  const day = dayOf((time === null ? text : text.slice(0, time.index)).replace(WEEKDAY, '').trim(), order);
  if (day === undefined) return undefined;
  const iso = time === null ? day : `${day}T${timeOf(time)}`;
  return isIsoDate(iso) ? iso : undefined;
}

function isoDateOfNumber(value: number): string | undefined {
  if (value >= COMPACT_NUMBERS.min && value <= COMPACT_NUMBERS.max) return isoDateOf(String(value), undefined);
  if (value >= SECONDS.min && value < SECONDS.max) return formatIsoDate(value * 1000);
  return value >= MILLISECONDS.min && value < MILLISECONDS.max ? formatIsoDate(value) : undefined;
}

function dayOf(text: string, order: DateOrder | undefined): string | undefined {
  const yearFirst = YEAR_FIRST.exec(text);
  if (yearFirst !== null) return dayText(yearFirst[1], yearFirst[3], yearFirst[4]);
  const compact = COMPACT.exec(text);
  if (compact !== null) return dayText(compact[1], compact[2], compact[3]);
  const yearLast = YEAR_LAST.exec(text);
  if (yearLast !== null) {
    const [, first, separator, second, year] = yearLast;
    const isDayFirst = isFirstTheDay(Number(first), Number(second), order ?? (separator === '.' ? 'dmy' : undefined));
    if (isDayFirst === undefined) return undefined;
    return isDayFirst ? dayText(year, second, first) : dayText(year, first, second);
  }
  const dayMonth = DAY_MONTH_NAME.exec(text);
  if (dayMonth !== null) return dayText(dayMonth[3], monthNumber(dayMonth[2]), dayMonth[1]);
  const monthDay = MONTH_NAME_DAY.exec(text);
  return monthDay === null ? undefined : dayText(monthDay[3], monthNumber(monthDay[1]), monthDay[2]);
}

/** Undefined when both readings are days and nothing says which. */
function isFirstTheDay(first: number, second: number, order: DateOrder | undefined): boolean | undefined {
  if (first > 12 || first === second) return true;
  if (second > 12) return false;
  return order === undefined ? undefined : order === 'dmy';
}

/** In full or its first three letters (`sept` too); "" for no month. */
function monthNumber(name: string): string {
  const wanted = name.toLowerCase();
  const index = MONTHS.findIndex((month) => wanted === month || wanted === month.slice(0, 3));
  return index >= 0 ? String(index + 1) : wanted === 'sept' ? '9' : '';
}

function dayText(year: string, month: string, day: string): string | undefined {
  const text = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  return isIsoDate(text) ? text : undefined;
}

/** What is not a time gives a text that is no ISO date. */
function timeOf([, hour, minute, second = '00', fraction, half, zone]: RegExpExecArray): string {
  const seconds = fraction === undefined ? second : `${second}.${fraction}`;
  return `${hourOf(Number(hour), half?.toLowerCase()).padStart(2, '0')}:${minute}:${seconds}${zoneOf(zone)}`;
}

function hourOf(hour: number, half: string | undefined): string {
  if (half === undefined) return String(hour);
  if (hour < 1 || hour > 12) return '??';
  return String((hour % 12) + (half === 'pm' ? 12 : 0));
}

function zoneOf(zone: string | undefined): string {
  if (zone === undefined || /^[a-z]/i.test(zone)) return 'Z';
  return zone.includes(':') ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`;
}
