/** Groups of profiles, or of their events. */
import type { BreakdownBody, BreakdownRequest, Dimension, GroupValue } from '../../../src/model/analysis.ts';
import { calendarDate } from './calendar.ts';
import { chosenEvents, type Moment } from './event-choice.ts';
import { combinations, compareLists, distinctValues } from './group-value.ts';
import type { NaiveEvent, NaiveProfile } from './profile.ts';
import { reachProperty, reachTrait } from './reach-field.ts';
import { type TimedReach, totalOf } from './total.ts';

interface Member {
  readonly profile: NaiveProfile;
  readonly event?: NaiveEvent | undefined;
}
interface Group {
  readonly values: readonly GroupValue[];
  readonly members: Member[];
}
/** As the engine's, but a group's value is any of a list: `first` and `last` may tie over profiles. */
export type NaiveBreakdown = Omit<BreakdownBody, 'groups'> & {
  readonly groups: readonly {
    readonly values: readonly GroupValue[];
    readonly profiles: number;
    readonly events?: number;
    readonly oneOf?: readonly unknown[];
  }[];
};

export function breakdown(
  request: BreakdownRequest,
  profiles: readonly NaiveProfile[],
  moment: Moment,
): NaiveBreakdown {
  const groups = new Map<string, Group>();
  for (const member of membersOf(request, profiles, moment)) {
    for (const values of combinations(request.by.map((dimension) => valuesOf(dimension, member)))) {
      const key = JSON.stringify(values);
      const group = groups.get(key) ?? { values, members: [] };
      groups.set(key, group);
      group.members.push(member);
    }
  }
  const sized = [...groups.values()].map((group) => ({ ...group, ...sizeOf(request, group.members) }));
  const sorted = sized.toSorted(
    (a, b) => (b.events ?? b.profiles) - (a.events ?? a.profiles) || compareLists(a.values, b.values),
  );
  const shown = sorted.slice(0, request.limit ?? 20);
  const left = sorted.slice(shown.length);
  return {
    groups: shown.map(({ members, ...group }) => ({
      ...group,
      ...(request.aggregate === undefined ? {} : { oneOf: figureOf(request.aggregate, members) }),
    })),
    ...(left.length === 0 ? {} : { rest: together(request, left) }),
    total: together(request, sorted),
  };
}

function membersOf(request: BreakdownRequest, profiles: readonly NaiveProfile[], moment: Moment): readonly Member[] {
  const { event, where, window } = request;
  if (event === undefined) return profiles.map((profile) => ({ profile }));
  return profiles.flatMap((profile) =>
    chosenEvents({ event, where, window }, profile, moment).map((each) => ({ profile, event: each })),
  );
}

function valuesOf(dimension: Dimension, { profile, event }: Member): readonly GroupValue[] {
  if (typeof dimension === 'string') return distinctValues(reachTrait(dimension, profile));
  if ('trait' in dimension) return distinctValues(reachTrait(dimension.trait, profile));
  if (event === undefined) throw new TypeError('only events have properties and periods');
  if ('property' in dimension) return distinctValues(reachProperty(dimension.property, event));
  return [calendarDate(dimension.period, event.timeMs, dimension.timeZone ?? 'UTC')];
}

function sizeOf({ event }: BreakdownRequest, members: readonly Member[]) {
  const profiles = new Set(members.map(({ profile }) => profile)).size;
  return event === undefined ? { profiles } : { profiles, events: new Set(members.map((each) => each.event)).size };
}

function together(request: BreakdownRequest, groups: readonly Group[]) {
  return {
    groups: groups.length,
    ...sizeOf(
      request,
      groups.flatMap(({ members }) => members),
    ),
  };
}

function figureOf(
  { fn, p, property, trait }: NonNullable<BreakdownRequest['aggregate']>,
  members: readonly Member[],
): readonly unknown[] {
  const reached: readonly TimedReach[] =
    trait === undefined
      ? members.flatMap(({ profile, event }) =>
          event === undefined ? [] : [{ profile, event, reached: reachProperty(property ?? '', event) }],
        )
      : [...new Set(members.map(({ profile }) => profile))].map((profile) => ({
          profile,
          reached: reachTrait(trait, profile),
        }));
  return totalOf(fn, reached, p);
}
