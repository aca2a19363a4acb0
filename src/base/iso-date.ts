/**
 * Strict ISO 8601 dates, the only dates that the engine knows: `YYYY-MM-DD` (UTC midnight) or
 * `YYYY-MM-DDTHH:MM[:SS[.fraction]](Z|±HH:MM)`, in ASCII, no spaces, capital T and Z, real days of real months, hours to
 * 23, seconds to 59. `Date.parse` is not used because it also takes "2024-02-30", "March 7" and local time.
 *
 * Instants are whole milliseconds since 1970 (a finer fraction is cut, not rounded, so that order is kept). What is not
 * a date is NaN, never an exception: on the way in most strings are not dates. The byte form reads a string where it
 * lies in a message, allocates nothing, and is on the ingest path.
 */

/** Longest text that can be a date; it only bounds the fraction, for which no standard names a limit. */
const SIZE_MAX = 64;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const ZERO = 0x30;

/** 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: between them `formatIsoDate` gives 24 characters. */
export const ISO_DATE_MIN_MS = -62_167_219_200_000;
export const ISO_DATE_MAX_MS = 253_402_300_799_999;

const scratch = new Uint8Array(SIZE_MAX);

/** Milliseconds since 1970, or NaN when `text` is not a strict ISO date. */
export function parseIsoDateMs(text: string): number {
  const length = text.length;
  if (length < 10 || length > SIZE_MAX) return Number.NaN;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return Number.NaN;
    scratch[index] = code;
  }
  return parseIsoDateBytesMs(scratch, 0, length);
}

export function isIsoDate(text: string): boolean {
  return !Number.isNaN(parseIsoDateMs(text));
}

/** The same over UTF-8 bytes `[offset, offset + length)`, which the caller knows to lie inside `bytes`. Allocates nothing. */
export function parseIsoDateBytesMs(bytes: Uint8Array, offset: number, length: number): number {
  if (length < 10 || length > SIZE_MAX) return Number.NaN;
  if (bytes[offset + 4] !== 0x2d || bytes[offset + 7] !== 0x2d) return Number.NaN;
  const century = twoDigits(bytes, offset);
  const yearOfCentury = twoDigits(bytes, offset + 2);
  const month = twoDigits(bytes, offset + 5);
  const day = twoDigits(bytes, offset + 8);
  if ((century | yearOfCentury | month | day) < 0) return Number.NaN;
  const year = century * 100 + yearOfCentury;
  if (month < 1 || month > 12 || day < 1 || (day > 28 && day > daysInMonth(year, month))) return Number.NaN;
  const dateMs = daysSince1970(year, month, day) * DAY_MS;
  if (length === 10) return dateMs;
  return dateMs + (length === 24 ? millisecondTimeMs(bytes, offset + 10) : timeMs(bytes, offset + 10, offset + length));
}

/** The form that nearly every SDK sends, `THH:MM:SS.sssZ`; any other of that length goes the general way. */
function millisecondTimeMs(bytes: Uint8Array, start: number): number {
  const millisecond = digit(bytes, start + 10) * 100 + twoDigits(bytes, start + 11);
  const hour = twoDigits(bytes, start + 1);
  const minute = twoDigits(bytes, start + 4);
  const second = twoDigits(bytes, start + 7);
  if (
    (hour | minute | second | millisecond) < 0 ||
    hour > 23 ||
    minute > 59 ||
    second > 59 ||
    bytes[start] !== 0x54 ||
    bytes[start + 3] !== 0x3a ||
    bytes[start + 6] !== 0x3a ||
    bytes[start + 9] !== 0x2e ||
    bytes[start + 13] !== 0x5a
  ) {
    return timeMs(bytes, start, start + 14);
  }
  return ((hour * 60 + minute) * 60 + second) * 1000 + millisecond;
}

/** From the `T` to the end: milliseconds to add to the day's UTC midnight, or NaN. */
function timeMs(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 7 || bytes[start] !== 0x54 || bytes[start + 3] !== 0x3a) return Number.NaN;
  const hour = twoDigits(bytes, start + 1);
  const minute = twoDigits(bytes, start + 4);
  if ((hour | minute) < 0 || hour > 23 || minute > 59) return Number.NaN;
  let sum = (hour * 60 + minute) * MINUTE_MS;
  let at = start + 6;
  if (bytes[at] === 0x3a) {
    if (end - at < 4) return Number.NaN;
    const second = twoDigits(bytes, at + 1);
    if (second < 0 || second > 59) return Number.NaN;
    sum += second * 1000;
    at += 3;
    if (bytes[at] === 0x2e) {
      const first = at + 1;
      at = first;
      let scaleMs = 100;
      while (at < end) {
        const digit = bytes[at] - ZERO;
        if (digit < 0 || digit > 9) break;
        if (scaleMs >= 1) sum += digit * scaleMs;
        scaleMs = scaleMs === 100 ? 10 : scaleMs === 10 ? 1 : 0;
        at++;
      }
      if (at === first || at === end) return Number.NaN;
    }
  }
  if (bytes[at] === 0x5a) return at + 1 === end ? sum : Number.NaN;
  return sum - zoneMs(bytes, at, end);
}

/** `±HH:MM` as milliseconds east of UTC, or NaN. */
function zoneMs(bytes: Uint8Array, start: number, end: number): number {
  if (end - start !== 6 || bytes[start + 3] !== 0x3a) return Number.NaN;
  const hour = twoDigits(bytes, start + 1);
  const minute = twoDigits(bytes, start + 4);
  if ((hour | minute) < 0 || hour > 23 || minute > 59) return Number.NaN;
  const offsetMs = (hour * 60 + minute) * MINUTE_MS;
  if (bytes[start] === 0x2b) return offsetMs;
  return bytes[start] === 0x2d ? -offsetMs : Number.NaN;
}

/** The digit at `at`, or a number so negative that adding digits to it leaves it negative. */
function digit(bytes: Uint8Array, at: number): number {
  const value = (bytes[at] - ZERO) >>> 0;
  return value > 9 ? -1000 : value;
}

/** The two-digit number at `at`, or a negative number. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] - ZERO) >>> 0;
  const ones = (bytes[at + 1] - ZERO) >>> 0;
  return tens > 9 || ones > 9 ? -1000 : tens * 10 + ones;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year & 3) === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days before the month in a year that is not a leap year; index 1 is January. */
const DAYS_BEFORE_MONTH = Int32Array.of(0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334);
/** Days from 0000-01-01 to 1970-01-01. */
const DAYS_TO_1970 = 719_528;

/** Days from 1970-01-01 in the proleptic Gregorian calendar, for the years 0 to 9999 and real dates. */
export function daysSince1970(year: number, month: number, day: number): number {
  // Leap days so far: those of the years before, and this year's own once February is over.
  const last = month > 2 ? year : year - 1;
  const leapDays = year === 0 && month <= 2 ? 0 : (last >> 2) - ((last / 100) | 0) + ((last / 400) | 0) + 1;
  return year * 365 + leapDays + DAYS_BEFORE_MONTH[month] + day - 1 - DAYS_TO_1970;
}

/** "00" to "99". */
const PAIRS = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));

/**
 * `YYYY-MM-DDTHH:MM:SS.sssZ`. Outside the years 0 to 9999 the six-digit year form of ECMAScript (which is not read back).
 * Errors: RangeError when `ms` is no time at all (not finite, or beyond ±8.64e15).
 */
export function formatIsoDate(ms: number): string {
  if (!(ms >= ISO_DATE_MIN_MS && ms <= ISO_DATE_MAX_MS)) return new Date(ms).toISOString();
  const whole = Math.trunc(ms);
  const dayIndex = Math.floor(whole / DAY_MS);
  const timeOfDay = whole - dayIndex * DAY_MS;
  // From 0000-03-01, in eras of 400 years. Source: Howard Hinnant, "chrono-compatible low-level date algorithms".
  const days = dayIndex + 719_468 + 146_097;
  const era = (days / 146_097) | 0;
  const dayOfEra = days - era * 146_097;
  const yearOfEra =
    ((dayOfEra - ((dayOfEra / 1_460) | 0) + ((dayOfEra / 36_524) | 0) - ((dayOfEra / 146_096) | 0)) / 365) | 0;
  const dayOfYear = dayOfEra - (yearOfEra * 365 + (yearOfEra >> 2) - ((yearOfEra / 100) | 0));
  const marchMonth = ((5 * dayOfYear + 2) / 153) | 0;
  const day = dayOfYear - (((153 * marchMonth + 2) / 5) | 0) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + (era - 1) * 400 + (month <= 2 ? 1 : 0);
  const second = (timeOfDay / 1000) | 0;
  const minute = (second / 60) | 0;
  const hour = (minute / 60) | 0;
  const millisecond = timeOfDay - second * 1000;
  const date = `${PAIRS[(year / 100) | 0]}${PAIRS[year % 100]}-${PAIRS[month]}-${PAIRS[day]}`;
  const tens = (millisecond / 10) | 0;
  return `${date}T${PAIRS[hour]}:${PAIRS[minute - hour * 60]}:${PAIRS[second - minute * 60]}.${PAIRS[tens]}${millisecond - tens * 10}Z`;
}
