/** Times around one moment: exactly on the edges that windows have, a millisecond to either side, and anywhere. */
import fc from 'fast-check';
import { calendarPeriod } from '../naive/calendar.ts';
import { durationMsOf } from '../naive/duration.ts';
import { perMoment } from './per-moment.ts';
import { ANCHORS, CALENDAR_UNITS, DURATIONS, HOT_DURATIONS, NEAR_DATES, TIME_ZONES } from './pool.ts';

const DAY_MS = 86_400_000;

const jitterMs = fc.constantFrom(0, 0, -1, 1);

function ownZone(nowMs: number): string {
  return ANCHORS.find(({ at }) => Date.parse(at) === nowMs)?.timeZone ?? 'UTC';
}

/** Mostly the zone that belongs to the moment, so that events lie on the edges of the periods that are asked about. */
export const timeZone = perMoment((nowMs): fc.Arbitrary<string> => {
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant(ownZone(nowMs)) },
    { weight: 3, arbitrary: fc.constant('UTC') },
    { weight: 1, arbitrary: fc.constantFrom(...TIME_ZONES) },
  );
});

/** A duration; a few come up more often, so that they meet the times that lie that long ago. */
export const duration: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...HOT_DURATIONS),
  fc.constantFrom(...DURATIONS),
);

/** Half of all times and date literals come from these, so that they meet each other to the millisecond. */
const hotInstants = perMoment((nowMs): readonly number[] => {
  const own = ownZone(nowMs);
  const ago = HOT_DURATIONS.flatMap((text) => [nowMs - durationMsOf(text), nowMs + durationMsOf(text)]);
  const edges = (['day', 'month'] as const).flatMap((unit) => [
    calendarPeriod(unit, 0, own, nowMs).fromMs,
    calendarPeriod(unit, -1, 'UTC', nowMs).fromMs,
  ]);
  return [nowMs, ...ago, ...edges];
});

export const instant = perMoment((nowMs): fc.Arbitrary<number> => {
  const hot = fc.tuple(fc.constantFrom(...hotInstants(nowMs)), jitterMs).map(([timeMs, ms]) => timeMs + ms);
  const ago = fc.tuple(duration, jitterMs).map(([text, ms]) => nowMs - durationMsOf(text) + ms);
  const edge = fc
    .tuple(fc.constantFrom(...CALENDAR_UNITS), fc.constantFrom(-1, 0, 1), timeZone(nowMs), jitterMs)
    .map(([unit, offset, zone, ms]) => calendarPeriod(unit, offset, zone, nowMs).fromMs + ms);
  const anywhere = fc.integer({ min: -400, max: 5 }).map((days) => nowMs + days * DAY_MS + 1_234);
  return fc.oneof(
    { weight: 5, arbitrary: hot },
    { weight: 1, arbitrary: ago },
    { weight: 3, arbitrary: edge },
    { weight: 1, arbitrary: anywhere },
  );
});

function withOffset(timeMs: number, sign: 1 | -1, minutes: number): string {
  const local = new Date(timeMs + sign * minutes * 60_000).toISOString().slice(0, -1);
  const hh = String(Math.floor(minutes / 60)).padStart(2, '0');
  return `${local}${sign === 1 ? '+' : '-'}${hh}:${String(minutes % 60).padStart(2, '0')}`;
}

/** The ways to write a moment; the short ones cut it to the minute or the day. */
const FORMS: readonly ((timeMs: number) => string)[] = [
  (timeMs) => new Date(timeMs).toISOString(),
  (timeMs) => new Date(timeMs).toISOString(),
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
export const dateText = perMoment((nowMs): fc.Arbitrary<string> => {
  return fc.tuple(instant(nowMs), fc.constantFrom(...FORMS)).map(([timeMs, form]) => form(timeMs));
});

/** What a date field holds in practice: dates, and now and then something that only looks like one. */
export const datelikeText = perMoment((nowMs): fc.Arbitrary<string> => {
  return fc.oneof({ weight: 9, arbitrary: dateText(nowMs) }, { weight: 1, arbitrary: fc.constantFrom(...NEAR_DATES) });
});
