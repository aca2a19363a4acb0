/** Recency, frequency and money of customers, scored by rank. */
import { RFM_CELLS, type RfmBody, type RfmRequest } from '../../../src/model/analysis.ts';
import { chosenEvents, type Moment, nowOf } from './event-choice.ts';
import { isoText, type NaiveEvent, type NaiveProfile } from './profile.ts';
import { reachProperty } from './reach-field.ts';
import { cellOf } from './rfm-cell.ts';

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
    return [{ id: profile.id, lastMs, ageMs: nowOf(moment) - lastMs, orders: ordersOf(request, events), revenue }];
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

/** How many events, or how many orders where one is named by a property of several. */
function ordersOf({ order }: RfmRequest, events: readonly NaiveEvent[]): number {
  if (order === undefined) return events.length;
  const names = events.flatMap((event) => reachProperty(order, event).scalars.map(({ value }) => value));
  return new Set(names).size;
}

/** The score of a figure among all: by the position of the first that equals it. */
function scorer(figures: readonly number[], scores: number): (figure: number) => number {
  const sorted = figures.toSorted((a, b) => a - b);
  return (figure) => Math.floor((sorted.indexOf(figure) * scores) / figures.length) + 1;
}

type Score = 'recency' | 'frequency' | 'monetary';

export function naiveRfm(request: RfmRequest, profiles: readonly NaiveProfile[], moment: Moment): RfmBody {
  const customers = rfmCustomers(request, profiles, moment);
  const scores = request.scores ?? 5;
  const sumOf = (list: readonly RfmCustomer[], figure: 'orders' | 'revenue'): number =>
    list.reduce((sum, each) => sum + each[figure], 0);
  const scored = new Map<string, readonly RfmCustomer[]>();
  for (const each of customers) {
    const key = JSON.stringify([each.recency, each.frequency, each.monetary]);
    scored.set(key, [...(scored.get(key) ?? []), each]);
  }
  const inCells = RFM_CELLS.map((cell) => ({ cell, of: customers.filter((each) => cellOf(each, scores) === cell) }));
  const thresholdsOf = (score: Score, figure: (customer: RfmCustomer) => number, isHighest = false) =>
    Array.from({ length: scores - 1 }, (_, i) => {
      const figures = customers.filter((each) => each[score] >= i + 2).map(figure);
      if (figures.length === 0) return null;
      return isHighest ? Math.max(...figures) : Math.min(...figures);
    });
  return {
    customers: customers.length,
    orders: sumOf(customers, 'orders'),
    revenue: sumOf(customers, 'revenue'),
    thresholds: {
      recencyMs: thresholdsOf('recency', ({ ageMs }) => ageMs, true),
      frequency: thresholdsOf('frequency', ({ orders }) => orders),
      monetary: thresholdsOf('monetary', ({ revenue }) => revenue),
    },
    cells: inCells.map(({ cell, of }) => ({
      cell,
      count: of.length,
      revenue: sumOf(of, 'revenue'),
      orders: sumOf(of, 'orders'),
    })),
    scores: [...scored.values()].map((of) => ({ ...scoresOf(of[0]), count: of.length })),
    members: customers.map((each) => ({
      ...scoresOf(each),
      id: each.id,
      cell: cellOf(each, scores),
      lastAt: isoText(each.lastMs),
      orders: each.orders,
      revenue: each.revenue,
    })),
  };
}

function scoresOf({ recency, frequency, monetary }: RfmCustomer): Pick<RfmCustomer, Score> {
  return { recency, frequency, monetary };
}
