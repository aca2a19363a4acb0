/** Recency, frequency and money of customers, scored by rank. */
import type { RfmRequest } from '../../../src/model/analysis.ts';
import { chosenEvents, type Moment, nowOf } from './event-choice.ts';
import type { NaiveProfile } from './profile.ts';
import { reachProperty } from './reach-field.ts';

export interface RfmCustomer {
  readonly id: string;
  readonly lastMs: number;
  readonly ageMs: number;
  readonly orders: number;
  readonly revenue: number;
  readonly recency: number;
  readonly frequency: number;
  readonly monetary: number;
}

export function rfmCustomers(
  request: RfmRequest,
  profiles: readonly NaiveProfile[],
  moment: Moment,
): readonly RfmCustomer[] {
  const figures = profiles.flatMap((profile) => {
    const events = chosenEvents(request, profile, moment);
    const lastMs = events.at(-1)?.timeMs;
    if (lastMs === undefined) return [];
    const amounts = events.flatMap((event) => reachProperty(request.amount, event).scalars.map(({ value }) => value));
    const revenue = amounts.filter((value) => typeof value === 'number').reduce((sum, value) => sum + value, 0);
    return [{ id: profile.id, lastMs, ageMs: nowOf(moment) - lastMs, orders: events.length, revenue }];
  });
  const scores = request.scores ?? 5;
  const [recency, frequency, monetary] = [
    scorer(
      figures.map(({ lastMs }) => lastMs),
      scores,
    ),
    scorer(
      figures.map(({ orders }) => orders),
      scores,
    ),
    scorer(
      figures.map(({ revenue }) => revenue),
      scores,
    ),
  ];
  return figures.map((each) => ({
    ...each,
    recency: recency(each.lastMs),
    frequency: frequency(each.orders),
    monetary: monetary(each.revenue),
  }));
}

/** The score of a figure among all: by the position of the first that equals it. */
function scorer(figures: readonly number[], scores: number): (figure: number) => number {
  const sorted = figures.toSorted((a, b) => a - b);
  return (figure) => Math.floor((sorted.indexOf(figure) * scores) / figures.length) + 1;
}
