/** Every kind of window, with edges that event times fall on. */
import fc from 'fast-check';
import type { Window } from '../../../src/model/query.ts';
import { CALENDAR_UNITS, DURATIONS, TIME_ZONES } from './pool.ts';
import { dateText } from './time.ts';

export function window(nowMs: number): fc.Arbitrary<Window> {
  const duration = fc.constantFrom(...DURATIONS);
  const date = dateText(nowMs);
  const offset = fc.constantFrom(undefined, 0, -1, -1, -2, -3, 1);
  const timeZone = fc.constantFrom(undefined, undefined, ...TIME_ZONES);
  const calendar = fc.tuple(fc.constantFrom(...CALENDAR_UNITS), offset, timeZone).map(
    ([unit, periods, zone]): Window => ({
      calendar: unit,
      ...(periods === undefined ? {} : { offset: periods }),
      ...(zone === undefined ? {} : { timeZone: zone }),
    }),
  );
  return fc.oneof(
    { weight: 4, arbitrary: duration.map((last): Window => ({ last })) },
    { weight: 2, arbitrary: betweenAgo(duration) },
    { weight: 2, arbitrary: fc.tuple(date, date).map(([from, to]): Window => ({ from, to })) },
    { weight: 1, arbitrary: date.map((from): Window => ({ from })) },
    { weight: 1, arbitrary: date.map((to): Window => ({ to })) },
    { weight: 4, arbitrary: calendar },
  );
}

/** The farther end first. */
function betweenAgo(duration: fc.Arbitrary<string>): fc.Arbitrary<Window> {
  return fc.tuple(duration, duration).map(([a, b]): Window => {
    const [near, far] = DURATIONS.indexOf(a) < DURATIONS.indexOf(b) ? [a, b] : [b, a];
    return { between: [far, near] };
  });
}
