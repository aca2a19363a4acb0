/** Times around one moment: exactly on the edges that windows have, a millisecond to either side, and anywhere. */
import fc from 'fast-check';
import { calendarPeriod } from '../naive/calendar.ts';
import { durationMsOf } from '../naive/duration.ts';
import { ANCHORS, CALENDAR_UNITS, DURATIONS, NEAR_DATES, TIME_ZONES } from './pool.ts';

const DAY_MS = 86_400_000;

const jitterMs = fc.constantFrom(0, 0, -1, 1);

/** Mostly the zone that belongs to the moment, so that events lie on the edges of the periods that are asked about. */
export function timeZone(nowMs: number): fc.Arbitrary<string> {
  const own = ANCHORS.find(({ at }) => Date.parse(at) === nowMs)?.timeZone ?? 'UTC';
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant(own) },
    { weight: 3, arbitrary: fc.constant('UTC') },
    { weight: 1, arbitrary: fc.constantFrom(...TIME_ZONES) },
  );
}

export function instant(nowMs: number): fc.Arbitrary<number> {
  const ago = fc.tuple(fc.constantFrom(...DURATIONS), jitterMs).map(([text, ms]) => nowMs - durationMsOf(text) + ms);
  const ahead = fc
    .tuple(fc.constantFrom('1ms', '12h', '1d', '7d'), jitterMs)
    .map(([text, ms]) => nowMs + durationMsOf(text) + ms);
  const edge = fc
    .tuple(fc.constantFrom(...CALENDAR_UNITS), fc.constantFrom(-1, 0, 1), timeZone(nowMs), jitterMs)
    .map(([unit, offset, timeZone, ms]) => calendarPeriod(unit, offset, timeZone, nowMs).fromMs + ms);
  const anywhere = fc.integer({ min: -400, max: 5 }).map((days) => nowMs + days * DAY_MS + 1_234);
  return fc.oneof(
    { weight: 3, arbitrary: ago },
    { weight: 3, arbitrary: edge },
    { weight: 3, arbitrary: anywhere },
    { weight: 1, arbitrary: ahead },
    { weight: 1, arbitrary: jitterMs.map((ms) => nowMs + ms) },
  );
}

function withOffset(timeMs: number, sign: 1 | -1, minutes: number): string {
  const local = new Date(timeMs + sign * minutes * 60_000).toISOString().slice(0, -1);
  const hh = String(Math.floor(minutes / 60)).padStart(2, '0');
  return `${local}${sign === 1 ? '+' : '-'}${hh}:${String(minutes % 60).padStart(2, '0')}`;
}

/** The ways to write a moment; the short ones cut it to the minute or the day. */
const FORMS: readonly ((timeMs: number) => string)[] = [
  (timeMs) => new Date(timeMs).toISOString(),
  (timeMs) => new Date(timeMs).toISOString(),
  (timeMs) => new Date(timeMs).toISOString().slice(0, 10),
  (timeMs) => `${new Date(timeMs).toISOString().slice(0, 16)}Z`,
  (timeMs) => `${new Date(timeMs).toISOString().slice(0, 19)}Z`,
  (timeMs) => `${new Date(timeMs).toISOString().slice(0, 21)}Z`,
  (timeMs) => `${new Date(timeMs).toISOString().slice(0, 23)}987Z`,
  (timeMs) => withOffset(timeMs, 1, 120),
  (timeMs) => withOffset(timeMs, -1, 330),
];

/** ISO text that the language takes as a date. */
export function dateText(nowMs: number): fc.Arbitrary<string> {
  return fc.tuple(instant(nowMs), fc.constantFrom(...FORMS)).map(([timeMs, form]) => form(timeMs));
}

/** What a date field holds in practice: dates, and now and then something that only looks like one. */
export function datelikeText(nowMs: number): fc.Arbitrary<string> {
  return fc.oneof({ weight: 9, arbitrary: dateText(nowMs) }, { weight: 1, arbitrary: fc.constantFrom(...NEAR_DATES) });
}
