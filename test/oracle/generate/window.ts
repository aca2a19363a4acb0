/** Every kind of window, with edges that event times fall on. */
import fc from 'fast-check';
import type { Window } from '../../../src/model/expression.ts';
import { durationMsOf } from '../naive/duration.ts';
import { mustInstantOf } from '../naive/window.ts';
import { perMoment } from './per-moment.ts';
import { CALENDAR_UNITS } from './pool.ts';
import { dateText, duration, timeZone } from './time.ts';

export const window = perMoment((nowMs): fc.Arbitrary<Window> => {
  const date = dateText(nowMs);
  const offset = fc.constantFrom(undefined, 0, -1, -1, -2, -3, 1);
  const zone = fc.oneof(fc.constant(undefined), timeZone(nowMs), timeZone(nowMs));
  const calendar = fc.tuple(fc.constantFrom(...CALENDAR_UNITS), offset, zone).map(
    ([unit, periods, where]): Window => ({
      calendar: unit,
      ...(periods === undefined ? {} : { offset: periods }),
      ...(where === undefined ? {} : { timeZone: where }),
    }),
  );
  return fc.oneof(
    { weight: 4, arbitrary: duration.map((last): Window => ({ last })) },
    { weight: 2, arbitrary: betweenAgo() },
    { weight: 2, arbitrary: fromTo(date) },
    { weight: 1, arbitrary: date.map((from): Window => ({ from })) },
    { weight: 1, arbitrary: date.map((to): Window => ({ to })) },
    { weight: 4, arbitrary: calendar },
  );
});

/** The farther end first; two equal ends are no window. */
function betweenAgo(): fc.Arbitrary<Window> {
  return fc.tuple(duration, duration).map(([a, b]): Window => {
    const [near, far] = durationMsOf(a) < durationMsOf(b) ? [a, b] : [b, a];
    return near === far ? { last: far } : { between: [far, near] };
  });
}

/** The earlier end first; two equal ends are no window. */
function fromTo(date: fc.Arbitrary<string>): fc.Arbitrary<Window> {
  return fc.tuple(date, date).map(([a, b]): Window => {
    const [from, to] = mustInstantOf(a) < mustInstantOf(b) ? [a, b] : [b, a];
    return mustInstantOf(from) === mustInstantOf(to) ? { from } : { from, to };
  });
}
