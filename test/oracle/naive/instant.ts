/**
 * Strict ISO 8601 text → epoch milliseconds, read digit by digit and checked field by field. Its own implementation,
 * because an oracle that shares the engine's date reader would share its mistakes. Fractions are cut to milliseconds.
 */
const SHAPE = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d))?$/;

function isLeapYear(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Days from 1970-01-01, by counting years and months; the slow way on purpose. */
export function daysFromEpoch(year: number, month: number, day: number): number {
  let days = 0;
  for (let y = 1970; y < year; y++) days += isLeapYear(y) ? 366 : 365;
  for (let y = year; y < 1970; y++) days -= isLeapYear(y) ? 366 : 365;
  for (let m = 1; m < month; m++) days += daysInMonth(year, m);
  return days + day - 1;
}

/** The instant a text names, or undefined when the text is not a date in the language's sense. */
export function instantOf(text: string): number | undefined {
  const match = SHAPE.exec(text);
  if (match === null) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  const dayMs = daysFromEpoch(year, month, day) * 86_400_000;
  if (match[4] === undefined) return dayMs;
  const [hour, minute, second] = [Number(match[4]), Number(match[5]), Number(match[6] ?? '0')];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const fractionMs = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const offsetMinutes = offsetMinutesOf(match[8] ?? 'Z');
  if (offsetMinutes === undefined) return undefined;
  return dayMs + (hour * 60 + minute - offsetMinutes) * 60_000 + second * 1_000 + fractionMs;
}

function offsetMinutesOf(text: string): number | undefined {
  if (text === 'Z') return 0;
  const [hours, minutes] = [Number(text.slice(1, 3)), Number(text.slice(4, 6))];
  if (hours > 23 || minutes > 59) return undefined;
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}
