/**
 * Local days of an IANA time zone as instants, out of the zone data that the JavaScript runtime carries. It exists for
 * calendar windows: "last month in Europe/Berlin" begins at a local midnight, which is not always there (clocks that
 * go forward at midnight) and sometimes there twice (clocks that go back over it).
 *
 * Cost: one formatter per zone, kept (some 50 µs to make); a lookup of an offset is some microseconds. For a handful of
 * calls per query, never per row.
 */
import { daysSince1970 } from './iso-date.ts';

const DAY_MS = 86_400_000;
/** Zone names come from callers and any letter case is accepted, so the cache is emptied when it reaches this size. */
const FORMATTER_COUNT_MAX = 200;
const formatters = new Map<string, Intl.DateTimeFormat>();

/** Errors: RangeError when the runtime does not know the zone. */
function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known !== undefined) return known;
  const formatter = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  if (formatters.size >= FORMATTER_COUNT_MAX) formatters.clear();
  formatters.set(zone, formatter);
  return formatter;
}

export function isTimeZone(zone: string): boolean {
  if (zone.length > 64) return false;
  try {
    formatterOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** What the wall clock of `zone` shows at `atMs`, less UTC; positive east of Greenwich. */
export function zoneOffsetMs(zone: string, atMs: number): number {
  if (zone === 'UTC') return 0;
  const second = Math.floor(atMs / 1000) * 1000;
  const fields: Record<string, string> = {};
  for (const part of formatterOf(zone).formatToParts(second)) fields[part.type] = part.value;
  const year = fields['era'] === 'BC' ? 1 - Number(fields['year']) : Number(fields['year']);
  const localMs =
    daysSince1970(year, Number(fields['month']), Number(fields['day'])) * DAY_MS +
    ((Number(fields['hour']) * 60 + Number(fields['minute'])) * 60 + Number(fields['second'])) * 1000;
  return localMs - second;
}

/**
 * The first instant of a local day, given as the days from 1970-01-01 to its date. Where the clock goes forward over
 * midnight it is the moment of the change (00:00 does not exist, the day begins at 01:00); where midnight comes twice,
 * the first; for a date that the zone left out, the beginning of the next.
 */
export function startOfLocalDayMs(zone: string, dayIndex: number): number {
  const localMs = dayIndex * DAY_MS;
  const earliest = localMs - zoneOffsetMs(zone, localMs - DAY_MS);
  if (earliest + zoneOffsetMs(zone, earliest) === localMs) return earliest;
  const latest = localMs - zoneOffsetMs(zone, localMs + DAY_MS);
  if (latest + zoneOffsetMs(zone, latest) === localMs) return latest;
  // The gap: find the first instant whose local time is not before midnight.
  let before = Math.min(earliest, latest) - DAY_MS;
  let after = Math.max(earliest, latest) + DAY_MS;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (middle + zoneOffsetMs(zone, middle) >= localMs) after = middle;
    else before = middle;
  }
  return after;
}
