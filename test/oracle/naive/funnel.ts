/** Funnels: how far each profile comes by any choice of events, and the one chain of it that times are taken from. */
import type { FunnelBody, FunnelRequest, FunnelStepBody, GroupValue } from '../../../src/model/analysis.ts';
import { durationMsOf } from './duration.ts';
import { isChosen, type Moment, nowOf, visibleEvents } from './event-choice.ts';
import { compareValues } from './group-value.ts';
import type { NaiveEvent, NaiveProfile } from './profile.ts';
import { reachProperty, reachTrait } from './reach-field.ts';
import { percentile } from './total.ts';
import { isInWindow } from './window.ts';

interface Journey {
  readonly profile: NaiveProfile;
  readonly depth: number;
  readonly chain: readonly NaiveEvent[];
}

const DEFAULT_LIMIT = 20;

export function funnel(request: FunnelRequest, profiles: readonly NaiveProfile[], moment: Moment): FunnelBody {
  const journeys = profiles
    .map((profile) => journeyOf(request, profile, moment))
    .filter((journey) => journey.depth > 0);
  const steps = stepsOf(request, journeys);
  if (request.by === undefined) return { steps };
  const groups = new Map<GroupValue, Journey[]>();
  for (const journey of journeys) {
    const value = groupOf(request.by, journey);
    groups.set(value, [...(groups.get(value) ?? []), journey]);
  }
  const sorted = [...groups].toSorted(([a, of], [b, others]) => others.length - of.length || compareValues(a, b));
  const shown = sorted.slice(0, request.limit ?? DEFAULT_LIMIT);
  const left = sorted.slice(shown.length);
  return {
    steps,
    groups: shown.map(([value, of]) => ({ value, steps: stepsOf(request, of) })),
    ...(left.length === 0
      ? {}
      : {
          rest: {
            groups: left.length,
            steps: stepsOf(
              request,
              left.flatMap(([, of]) => of),
            ),
          },
        }),
  };
}

function groupOf(by: NonNullable<FunnelRequest['by']>, { profile, chain }: Journey): GroupValue {
  if (typeof by === 'object' && 'property' in by) {
    return reachProperty(by.property, chain[0]).scalars[0]?.value ?? null;
  }
  return reachTrait(typeof by === 'string' ? by : by.trait, profile).scalars[0]?.value ?? null;
}

function journeyOf({ steps, within, window }: FunnelRequest, profile: NaiveProfile, moment: Moment): Journey {
  const events = visibleEvents(profile, moment);
  const limitMs = within === undefined ? Number.POSITIVE_INFINITY : durationMsOf(within);
  const isStep = steps.map((step) =>
    events.map((event) => isChosen(step, event, profile, moment) && isInWindow(window, event.timeMs, nowOf(moment))),
  );
  const isObstacle = steps.map(({ without }) =>
    events.map((event) => without !== undefined && isChosen(without, event, profile, moment)),
  );
  const starts = events.flatMap((_, position) => (isStep[0][position] ? [position] : []));

  /** Positions that may come next, nearest first. */
  const nextOf = (step: number, start: number, previous: number): readonly number[] =>
    events.flatMap((event, position) => {
      const isLater = position > previous && isStep[step][position] && event.timeMs - events[start].timeMs <= limitMs;
      return isLater && !isObstacle[step].slice(previous + 1, position).includes(true) ? [position] : [];
    });

  const deepest = (step: number, start: number, previous: number): number => {
    if (step === steps.length) return step;
    return Math.max(step, ...nextOf(step, start, previous).map((position) => deepest(step + 1, start, position)));
  };

  const greedy = (start: number): readonly number[] => {
    const chain = [start];
    for (let step = 1; step < steps.length; step++) {
      const next = nextOf(step, start, chain[chain.length - 1]);
      if (next.length === 0) break;
      chain.push(next[0]);
    }
    return chain;
  };

  const depth = Math.max(0, ...starts.map((start) => deepest(1, start, start)));
  const chains = starts.map(greedy).toSorted((a, b) => b.length - a.length || last(a) - last(b) || b[0] - a[0]);
  return { profile, depth, chain: (chains[0] ?? []).map((position) => events[position]) };
}

function last(chain: readonly number[]): number {
  return chain[chain.length - 1];
}

function stepsOf({ steps }: FunnelRequest, journeys: readonly Journey[]): readonly FunnelStepBody[] {
  const counts = steps.map((_, i) => journeys.filter(({ depth }) => depth > i).length);
  return steps.map(({ event }, i) => {
    const times = journeys.flatMap(({ chain }) =>
      i > 0 && chain.length > i ? [chain[i].timeMs - chain[i - 1].timeMs] : [],
    );
    const before = counts[i - 1] ?? counts[0];
    return {
      event,
      count: counts[i],
      rate: before === 0 ? 0 : counts[i] / before,
      rateOfFirst: counts[0] === 0 ? 0 : counts[i] / counts[0],
      dropOff: before - counts[i],
      medianMs: percentile(times, 50),
    };
  });
}
