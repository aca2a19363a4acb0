/** `as: "aggregate"`: one value over the events, or over a trait, of all selected profiles. */
import type { TotalRequest } from '../../../src/model/analysis.ts';
import type { AggregateFunction } from '../../../src/model/query.ts';
import { aggregate } from './aggregate.ts';
import { chosenEvents, type Moment } from './evaluator.ts';
import type { JsonScalar } from './json-value.ts';
import type { NaiveProfile } from './profile.ts';
import { reachProperty, reachTrait } from './reach-field.ts';

export type AggregateRequest = TotalRequest & { readonly fn: AggregateFunction };

/** The right values: one, but for `first` and `last` where events of several profiles share the time. null = missing. */
export function totals(
  request: AggregateRequest,
  profiles: readonly NaiveProfile[],
  moment: Moment,
): readonly (JsonScalar | null)[] {
  const { fn, event = '', property = '', trait, window } = request;
  if (trait !== undefined) {
    return [
      aggregate(
        fn,
        profiles.map((profile) => reachTrait(trait, profile)),
      ) ?? null,
    ];
  }
  const events = profiles.map((profile) => chosenEvents({ event, window }, profile, moment));
  if (fn !== 'first' && fn !== 'last') {
    return [
      aggregate(
        fn,
        events.flat().map((each) => reachProperty(property, each)),
      ) ?? null,
    ];
  }
  return edges(
    fn,
    events.map((own) => own.map((each) => ({ timeMs: each.timeMs, reached: reachProperty(property, each) }))),
  );
}

interface TimedReach {
  readonly timeMs: number;
  readonly reached: ReturnType<typeof reachProperty>;
}

/** Each profile's own edge; of those the ones at the extreme time. */
function edges(
  fn: Extract<AggregateFunction, 'first' | 'last'>,
  profiles: readonly (readonly TimedReach[])[],
): readonly (JsonScalar | null)[] {
  const own = profiles.flatMap((events) => {
    const present = events.filter(({ reached }) => reached.scalars.length > 0);
    const edge = fn === 'first' ? present[0] : present.at(-1);
    return edge === undefined ? [] : [{ timeMs: edge.timeMs, value: edge.reached.scalars[0].value }];
  });
  if (own.length === 0) return [null];
  const times = own.map(({ timeMs }) => timeMs);
  const extreme = fn === 'first' ? Math.min(...times) : Math.max(...times);
  return own.filter(({ timeMs }) => timeMs === extreme).map(({ value }) => value);
}
