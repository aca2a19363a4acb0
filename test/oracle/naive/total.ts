/** One value over many events or profiles: `as: "aggregate"`, and the further figure of a breakdown's groups. */
import type { TotalFunction, TotalRequest } from '../../../src/model/analysis.ts';
import { aggregate } from './aggregate.ts';
import { chosenEvents, type Moment } from './event-choice.ts';
import type { JsonScalar } from './json-value.ts';
import type { Reach } from './path.ts';
import type { NaiveEvent, NaiveProfile } from './profile.ts';
import { reachProperty, reachTrait } from './reach-field.ts';

export interface TimedReach {
  readonly profile: NaiveProfile;
  /** Absent where a trait was asked for. */
  readonly event?: NaiveEvent | undefined;
  readonly reached: Reach;
}
export type TotalValue = JsonScalar | null | readonly (number | null)[];

/** The right values: one, but for `first` and `last` where events of several profiles share the time. null = missing. */
export function totals(
  request: TotalRequest,
  profiles: readonly NaiveProfile[],
  moment: Moment,
): readonly TotalValue[] {
  const { fn, event = '', property = '', trait, where, window, p } = request;
  const reached = profiles.flatMap((profile): readonly TimedReach[] =>
    trait === undefined
      ? chosenEvents({ event, where, window }, profile, moment).map((each) => ({
          profile,
          event: each,
          reached: reachProperty(property, each),
        }))
      : [{ profile, reached: reachTrait(trait, profile) }],
  );
  return totalOf(fn, reached, p);
}

export function totalOf(
  fn: TotalFunction,
  reached: readonly TimedReach[],
  p: number | readonly number[] | undefined,
): readonly TotalValue[] {
  if (fn === 'first' || fn === 'last') return edges(fn, reached);
  if (fn !== 'percentile' && fn !== 'median') {
    return [
      aggregate(
        fn,
        reached.map((each) => each.reached),
      ) ?? null,
    ];
  }
  const values = reached.flatMap((each) => each.reached.scalars.map(({ value }) => value));
  const numbers = values.filter((value) => typeof value === 'number');
  if (typeof p === 'object') return [p.map((each) => percentile(numbers, each))];
  return [percentile(numbers, fn === 'median' ? 50 : (p ?? Number.NaN))];
}

/** The nearest rank; null of nothing. */
export function percentile(numbers: readonly number[], p: number): number | null {
  return numbers.toSorted((a, b) => a - b)[Math.ceil((p * numbers.length) / 100) - 1] ?? null;
}

/** Of the events that reach something, the first scalars of those at the extreme time: several where profiles tie. */
function edges(fn: 'first' | 'last', all: readonly TimedReach[]): readonly (JsonScalar | null)[] {
  const present = all.filter(({ reached }) => reached.scalars.length > 0);
  const profiles = [...new Set(present.map(({ profile }) => profile))];
  const own = profiles.flatMap((profile) => {
    const events = present.filter((each) => each.profile === profile);
    const edge = fn === 'first' ? events[0] : events.at(-1);
    return edge === undefined ? [] : [{ timeMs: edge.event?.timeMs ?? 0, value: edge.reached.scalars[0].value }];
  });
  if (own.length === 0) return [null];
  const times = own.map(({ timeMs }) => timeMs);
  const extreme = fn === 'first' ? Math.min(...times) : Math.max(...times);
  return own.filter(({ timeMs }) => timeMs === extreme).map(({ value }) => value);
}
