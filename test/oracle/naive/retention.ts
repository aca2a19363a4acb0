/** Cohorts by the period of the first event, and who came back in which period after it. */
import type { RetentionBody, RetentionRequest } from '../../../src/model/analysis.ts';
import { calendarDate } from './calendar.ts';
import { isChosen, type Moment, nowOf, visibleEvents } from './event-choice.ts';
import type { NaiveProfile } from './profile.ts';
import { isInWindow } from './window.ts';

interface Belonging {
  readonly firstMs: number;
  readonly returnedIn: ReadonlySet<string>;
}

export function retention(request: RetentionRequest, profiles: readonly NaiveProfile[], moment: Moment): RetentionBody {
  const { period, periods = 12, timeZone = 'UTC' } = request;
  const cohorts = new Map<string, Belonging[]>();
  for (const profile of profiles) {
    const belonging = belongingOf(request, profile, moment);
    if (belonging === undefined) continue;
    const cohort = calendarDate(period, belonging.firstMs, timeZone);
    cohorts.set(cohort, [...(cohorts.get(cohort) ?? []), belonging]);
  }
  const today = calendarDate(period, nowOf(moment), timeZone);
  return {
    cohorts: [...cohorts]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([cohort, members]) => {
        const counts = Array.from({ length: periods + 1 }, (_, k) => {
          const date = calendarDate(period, members[0].firstMs, timeZone, k);
          return date > today ? null : members.filter(({ returnedIn }) => returnedIn.has(date)).length;
        });
        return {
          cohort,
          size: members.length,
          counts,
          rates: counts.map((count) => (count === null ? null : count / members.length)),
        };
      }),
  };
}

function belongingOf(request: RetentionRequest, profile: NaiveProfile, moment: Moment): Belonging | undefined {
  const { cohort, period, window, timeZone = 'UTC' } = request;
  const events = visibleEvents(profile, moment).filter(({ timeMs }) => isInWindow(window, timeMs, nowOf(moment)));
  const start = events.findIndex((event) => isChosen(cohort, event, profile, moment));
  if (start < 0) return undefined;
  const returns = events
    .slice(start)
    .filter((event) => isChosen(request.return ?? cohort, event, profile, moment))
    .map(({ timeMs }) => calendarDate(period, timeMs, timeZone));
  return { firstMs: events[start].timeMs, returnedIn: new Set(returns) };
}
