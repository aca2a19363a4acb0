/**
 * Timestamps of an import → ISO 8601 UTC. Formats: `iso` (the default: ISO dates, also with a blank for the T and without a
 * zone), `unix` and `unix-ms`, or a pattern of YYYY YY MM M DD D HH H hh h mm m ss s SSS A (`DD/MM/YYYY HH:mm`). A time
 * without a zone is read in the mapping's time zone, daylight saving included.
 */
import { formatIsoDate, parseIsoDateMs } from '../../base/iso-date.ts';
import { EngineError } from '../../model/error.ts';

const PARTS: Readonly<Record<string, string>> = {
  YYYY: '(?<year>\\d{4})',
  YY: '(?<shortYear>\\d{2})',
  MM: '(?<month>\\d{2})',
  M: '(?<month>\\d{1,2})',
  DD: '(?<day>\\d{2})',
  D: '(?<day>\\d{1,2})',
  HH: '(?<hour>\\d{2})',
  H: '(?<hour>\\d{1,2})',
  hh: '(?<hour>\\d{2})',
  h: '(?<hour>\\d{1,2})',
  mm: '(?<minute>\\d{2})',
  m: '(?<minute>\\d{1,2})',
  ss: '(?<second>\\d{2})',
  s: '(?<second>\\d{1,2})',
  SSS: '(?<millisecond>\\d{3})',
  A: '(?<half>[AaPp][Mm])',
};
const PART = /YYYY|YY|MM|M|DD|D|HH|H|hh|h|mm|m|SSS|ss|s|A/g;
const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?))?\s*(Z|[+-]\d{2}:?\d{2})?$/;
const HOUR_MS = 3_600_000;

/** Gives the reader of a format. Errors: invalid_mapping now, invalid_timestamp from the reader. */
export function compileDateFormat(format: string, timeZone: string): (text: string) => string {
  const toUtcMs = zoneReader(timeZone);
  const readMs =
    format === 'iso'
      ? (text: string) => readIsoMs(text, toUtcMs)
      : format === 'unix' || format === 'unix-ms'
        ? (text: string) => readUnixMs(text, format === 'unix' ? 1_000 : 1)
        : patternReader(format, toUtcMs);
  return (text) => {
    const ms = readMs(text.trim());
    if (Number.isFinite(ms) && Math.abs(ms) < 8.64e15) return formatIsoDate(ms);
    throw new EngineError('invalid_timestamp', `${JSON.stringify(text)} is not a time of the format ${format}`);
  };
}

function readIsoMs(text: string, toUtcMs: (localMs: number) => number): number {
  const match = ISO.exec(text);
  if (match === null) return Number.NaN;
  const [, date, time, zone] = match;
  const offset = zone === undefined || zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const ms = parseIsoDateMs(`${date}T${(time ?? '00:00').replace(',', '.')}${offset}`);
  return zone === undefined ? toUtcMs(ms) : ms;
}

function readUnixMs(text: string, scale: number): number {
  return /^-?\d{1,16}(\.\d+)?$/.test(text) ? Math.floor(Number(text) * scale) : Number.NaN;
}

function patternReader(format: string, toUtcMs: (localMs: number) => number): (text: string) => number {
  const seen = new Set<string>();
  let source = '';
  let end = 0;
  for (const match of format.matchAll(PART)) {
    const part = PARTS[match[0]];
    const name = /<(\w+)>/.exec(part)![1];
    if (seen.has(name))
      throw new EngineError('invalid_mapping', `the timestamp format ${format} names the ${name} twice`);
    seen.add(name);
    source += escapePattern(format.slice(end, match.index)) + part;
    end = match.index + match[0].length;
  }
  source += escapePattern(format.slice(end));
  if (!(seen.has('year') || seen.has('shortYear')) || !seen.has('month') || !seen.has('day')) {
    const hint = 'iso, unix, unix-ms, or a pattern with year, month and day such as "DD/MM/YYYY HH:mm"';
    throw new EngineError('invalid_mapping', `${JSON.stringify(format)} is no timestamp format: write ${hint}`);
  }
  const pattern = new RegExp(`^${source}$`);
  return (text) => {
    const parts = pattern.exec(text)?.groups;
    return parts === undefined ? Number.NaN : toUtcMs(localMsOf(parts));
  };
}

function localMsOf(parts: Readonly<Record<string, string | undefined>>): number {
  // Two-digit years as POSIX reads them: 69 to 99 are 19xx.
  const short = Number(parts['shortYear']);
  const year = parts['year'] ?? String(short >= 69 ? 1_900 + short : 2_000 + short);
  let hour = Number(parts['hour'] ?? 0);
  const half = parts['half']?.toLowerCase();
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return Number.NaN;
    hour = (hour % 12) + (half === 'pm' ? 12 : 0);
  }
  const two = (text: string | number | undefined): string => String(text ?? 0).padStart(2, '0');
  const time = `${two(hour)}:${two(parts['minute'])}:${two(parts['second'])}.${parts['millisecond'] ?? '000'}`;
  return parseIsoDateMs(`${year}-${two(parts['month'])}-${two(parts['day'])}T${time}Z`);
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}

/** Local time of a zone (as if it were UTC) → UTC. A time that occurs twice is the earlier one. */
function zoneReader(timeZone: string): (localMs: number) => number {
  if (timeZone === 'UTC') return (localMs) => localMs;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  } catch {
    throw new EngineError(
      'invalid_mapping',
      `${JSON.stringify(timeZone)} is no time zone; write one such as Europe/Berlin`,
    );
  }
  const offsets = new Map<number, number>();
  const offsetMsAt = (utcMs: number): number => {
    const quarter = Math.floor(utcMs / (HOUR_MS / 4));
    let offset = offsets.get(quarter);
    if (offset === undefined) {
      offset = readOffsetMs(format.format(quarter * (HOUR_MS / 4)));
      if (offsets.size > 100_000) offsets.clear();
      offsets.set(quarter, offset);
    }
    return offset;
  };
  return (localMs) => {
    if (!Number.isFinite(localMs)) return localMs;
    // The two offsets in question are those a day before and after; the larger one gives the earlier instant.
    const early = offsetMsAt(localMs - 24 * HOUR_MS);
    const late = offsetMsAt(localMs + 24 * HOUR_MS);
    const larger = Math.max(early, late);
    if (offsetMsAt(localMs - larger) === larger) return localMs - larger;
    const smaller = Math.min(early, late);
    return offsetMsAt(localMs - smaller) === smaller ? localMs - smaller : localMs - early;
  };
}

function readOffsetMs(text: string): number {
  const match = /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?/.exec(text);
  if (match === null || match[1] === undefined) return 0;
  const ms = ((Number(match[2]) * 60 + Number(match[3])) * 60 + Number(match[4] ?? 0)) * 1_000;
  return match[1] === '-' ? -ms : ms;
}
