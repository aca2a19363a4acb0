/**
 * The texts that every generated item carries: user ids, UUID-form message ids and ISO timestamps, made from numbers
 * without `Date`, which is several times slower and reads like a clock.
 */
import { deriveKey, mix } from './random.ts';

export const DAY_MS = 86_400_000;

const HEX = Array.from({ length: 65_536 }, (_, word) => word.toString(16).padStart(4, '0'));
const PAIR = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'));

/** `user-0000042`: fixed width up to ten million, so that text order is number order. */
export function userIdText(userIndex: number): string {
  return `user-${String(userIndex).padStart(7, '0')}`;
}

/** A version 4 UUID in form, unique per (userIndex, eventIndex) under one key: both numbers sit in it through
 * bijections (the first and the last 32 bits), the rest is filled with hash bits as a real one would be. */
export function messageIdText(key: number, userIndex: number, eventIndex: number): string {
  const first = mix(userIndex ^ key);
  const last = mix(eventIndex ^ deriveKey(key, first));
  const filler = deriveKey(first, last);
  const tail = mix(filler ^ last);
  return `${HEX[first >>> 16]}${HEX[first & 0xffff]}-${HEX[filler >>> 16]}-${HEX[0x4000 | (filler & 0x0fff)]}-${
    HEX[0x8000 | (tail & 0x3fff)]
  }-${HEX[tail >>> 16]}${HEX[last >>> 16]}${HEX[last & 0xffff]}`;
}

/** `YYYY-MM-DD` of a day number since 1970-01-01. Source: H. Hinnant, "chrono-compatible low-level date algorithms". */
export function dateText(dayNumber: number): string {
  const shifted = dayNumber + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${String(year).padStart(4, '0')}-${PAIR[month]}-${PAIR[day]}`;
}

const dateCache = new Map<number, string>();

/** ISO 8601 with milliseconds, UTC. */
export function timestampText(ms: number): string {
  const dayNumber = Math.floor(ms / DAY_MS);
  let date = dateCache.get(dayNumber);
  if (date === undefined) {
    date = dateText(dayNumber);
    if (dateCache.size > 4_096) dateCache.clear();
    dateCache.set(dayNumber, date);
  }
  const rest = ms - dayNumber * DAY_MS;
  const second = Math.floor(rest / 1_000);
  const minute = Math.floor(second / 60);
  const hour = Math.floor(minute / 60);
  return `${date}T${PAIR[hour]}:${PAIR[minute - hour * 60]}:${PAIR[second - minute * 60]}.${String(
    rest - second * 1_000,
  ).padStart(3, '0')}Z`;
}
