/** Analyses over random worlds agree with the naive model: in one shard and in several, on this thread and on workers. */
import { afterAll, describe, expect, it } from 'vitest';
import type {
  BreakdownBody,
  BreakdownRequest,
  OverlapBody,
  RetentionRequest,
  RfmBody,
  RfmRequest,
  TotalRequest,
} from '../../../../src/model/analysis.ts';
import type { ValueBody } from '../../../../src/model/query.ts';
import { rfmCell } from '../../../../src/query/execution/rfm-cell.ts';
import { WorkerPool } from '../../../../src/runtime/worker-pool.ts';
import { breakdown } from '../../../oracle/naive/breakdown.ts';
import { evaluate } from '../../../oracle/naive/evaluator.ts';
import { overlap } from '../../../oracle/naive/overlap.ts';
import { retention } from '../../../oracle/naive/retention.ts';
import { rfmCustomers } from '../../../oracle/naive/rfm.ts';
import { totals } from '../../../oracle/naive/total.ts';
import { AnalysisWorld, pick, randomOf } from './analysis-world.ts';
import { NOW_MS } from './world.ts';

const pool = new WorkerPool(2);
afterAll(() => pool.close());

const MOMENT = { nowMs: NOW_MS };
const WHERES = [undefined, { trait: 'country', op: 'exists' }, { event: 'Visit' }] as const;
const ARRANGEMENTS = [
  ['one shard', 1, undefined],
  ['three shards', 3, undefined],
  ['one shard on workers', 1, pool],
  ['three shards on workers', 3, pool],
] as const;
const SEEDS = [1, 2, 3, 4];

const CHOSEN = [{ property: 'hour', op: 'lt', value: 12 }] as const;
const TOTALS: readonly TotalRequest[] = [
  { fn: 'percentile', p: 95, event: 'Order', property: 'total' },
  { fn: 'percentile', p: [1, 25, 50, 99.5, 100], event: 'Order', property: 'total', where: CHOSEN },
  { fn: 'median', event: 'Order', property: 'hour' },
  { fn: 'percentile', p: [10, 90], event: 'Visit', property: 'hour', window: { last: '20d' } },
  { fn: 'median', trait: 'age' },
  { fn: 'percentile', p: [50], trait: 'tags' },
  { fn: 'median', event: 'Nothing', property: 'hour' },
  { fn: 'sum', event: 'Order', property: 'hour', where: CHOSEN },
  { fn: 'count_distinct', event: 'Order', property: 'sku', where: CHOSEN },
  { fn: 'count_distinct', trait: 'first_seen' },
  { fn: 'count_distinct', trait: 'last_seen' },
  { fn: 'count_distinct', trait: 'last_seen.x' },
  { fn: 'min', trait: 'first_seen' },
  { fn: 'median', trait: 'first_seen.x' },
];
const BREAKDOWNS: readonly BreakdownRequest[] = [
  { by: ['country'] },
  { by: ['tags'], limit: 2 },
  { by: ['country', 'tags'], limit: 5, aggregate: { fn: 'avg', trait: 'age' } },
  { by: ['age', 'tags.x', 'nothing'] },
  { by: ['tags'], aggregate: { fn: 'count_distinct', trait: 'country' } },
  { by: [{ property: 'sku' }], event: 'Order' },
  { by: [{ property: 'sku' }], event: 'Order', limit: 1, where: CHOSEN },
  { by: [{ period: 'week', timeZone: 'America/New_York' }], event: 'Order', limit: 100 },
  { by: [{ period: 'day' }, { property: 'hour' }], event: 'Order', limit: 7, window: { last: '30d' } },
  { by: [{ property: 'total' }, 'country'], event: 'Order', limit: 4 },
  {
    by: [{ property: 'sku' }, 'tags'],
    event: 'Order',
    aggregate: { fn: 'percentile', p: [50, 90], property: 'total' },
  },
  { by: ['tags'], event: 'Order', limit: 3, aggregate: { fn: 'median', trait: 'age' } },
  { by: [{ property: 'sku' }], event: 'Order', aggregate: { fn: 'count_distinct', property: 'total' } },
  { by: [{ property: 'context.ip' }], event: 'Visit', aggregate: { fn: 'max', property: 'hour' } },
  { by: [{ period: 'month' }], event: 'Order', aggregate: { fn: 'last', property: 'total' } },
  { by: [{ period: 'quarter' }], event: 'Order', aggregate: { fn: 'first', property: 'sku' } },
  { by: [{ property: 'hour' }], event: 'Nothing' },
  { by: [{ property: 'order' }], event: 'Order', limit: 100, aggregate: { fn: 'count_distinct', trait: 'tags' } },
  { by: ['first_seen'], limit: 3 },
  { by: ['country'], aggregate: { fn: 'count_distinct', trait: 'first_seen' } },
  { by: ['tags'], limit: 2, aggregate: { fn: 'count_distinct', trait: 'last_seen' } },
  { by: [{ property: 'sku' }], event: 'Order', aggregate: { fn: 'count_distinct', trait: 'last_seen' } },
  { by: ['country'], aggregate: { fn: 'count_distinct', trait: 'first_seen.x' } },
  { by: ['country'], aggregate: { fn: 'sum', trait: 'first_seen' } },
  { by: ['country'], aggregate: { fn: 'max', trait: 'last_seen' } },
  { by: ['country'], aggregate: { fn: 'median', trait: 'first_seen' } },
];
const RETENTIONS: readonly RetentionRequest[] = [
  { cohort: { event: 'Order' }, period: 'month' },
  { cohort: { event: 'Order' }, return: { event: 'Visit' }, period: 'week', periods: 5 },
  { cohort: { event: 'Visit', where: CHOSEN }, return: { event: 'Order', where: CHOSEN }, period: 'day', periods: 40 },
  { cohort: { event: 'Order' }, period: 'week', timeZone: 'Asia/Kolkata', window: { last: '45d' } },
  { cohort: { event: 'Order' }, return: { event: 'Nothing' }, period: 'month', periods: 0 },
  { cohort: { event: 'Order', where: CHOSEN }, return: { event: 'Order' }, period: 'day', periods: 3 },
];
const RFMS: readonly RfmRequest[] = [
  { event: 'Order', amount: 'total' },
  { event: 'Order', amount: 'total', where: CHOSEN, scores: 3, window: { last: '50d' } },
  { event: 'Visit', amount: 'hour', scores: 10 },
];

describe.each(ARRANGEMENTS)('%s', (_, shardCount, workers) => {
  it.each(SEEDS)('seed %d', async (seed) => {
    const random = randomOf(seed * 7_919 + shardCount);
    const world = new AnalysisWorld(shardCount, workers);
    world.fill(random, 1 + Math.floor(random() * 60), Math.floor(random() * 500));
    const where = pick(random, WHERES);
    const selected = world.naive.profiles.filter((each) => where === undefined || evaluate(where, each, MOMENT));
    const named = (request: object): string => `seed ${seed} ${JSON.stringify({ where, request })}`;

    for (const aggregate of TOTALS) {
      const { value } = (await world.ask({ where, as: 'aggregate', aggregate })) as ValueBody;
      expect([value], named(aggregate)).toEqual(totals(aggregate, selected, MOMENT).slice(0, 1));
    }
    for (const request of BREAKDOWNS) {
      const answer = (await world.ask({ where, as: 'breakdown', breakdown: request })) as BreakdownBody;
      const checked = { ...request, by: request.by };
      assertBreakdown(answer, breakdown(checked, selected, MOMENT), request, named(request));
    }
    for (const request of RETENTIONS) {
      const answer = await world.ask({ where, as: 'retention', retention: request });
      expect(answer, named(request)).toEqual(retention(request, selected, MOMENT));
    }
    for (const request of RFMS) await assertRfm(world, request, where, selected, named(request));
    const segments = WHERES.flatMap((each, index) => (each === undefined ? [] : [{ name: `s${index}`, where: each }]));
    const both = (await world.ask({ where, as: 'overlap', overlap: { segments } })) as OverlapBody;
    expect(both, named(segments)).toEqual(overlap({ segments }, selected, MOMENT));
  });
});

type Naive = ReturnType<typeof breakdown>;

function assertBreakdown(answer: BreakdownBody, expected: Naive, request: BreakdownRequest, name: string): void {
  expect(
    answer.groups.map(({ value: _, ...group }) => group),
    name,
  ).toEqual(expected.groups.map(({ oneOf: _, ...group }) => group));
  expect({ rest: answer.rest, total: answer.total }, name).toEqual({ rest: expected.rest, total: expected.total });
  if (request.aggregate === undefined) return;
  answer.groups.forEach(({ value }, g) => {
    const oneOf = expected.groups[g].oneOf ?? [];
    if (typeof value === 'number' && oneOf.length === 1 && typeof oneOf[0] === 'number') {
      expect(value, name).toBeCloseTo(oneOf[0], 6);
    } else expect(oneOf, name).toContainEqual(value);
  });
}

async function assertRfm(
  world: AnalysisWorld,
  request: RfmRequest,
  where: (typeof WHERES)[number],
  selected: Parameters<typeof rfmCustomers>[1],
  name: string,
): Promise<void> {
  const expected = rfmCustomers(request, selected, MOMENT);
  const scores = request.scores ?? 5;
  const found: NonNullable<RfmBody['members']>[number][] = [];
  let cursor: string | undefined;
  let answer: RfmBody;
  do {
    const members = { limit: 7, ...(cursor === undefined ? {} : { cursor }) };
    answer = (await world.ask({ where, as: 'rfm', rfm: { ...request, members } })) as RfmBody;
    found.push(...answer.members!);
    cursor = answer.cursor;
  } while (cursor !== undefined);
  const byId = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1);
  expect(
    found.toSorted(byId).map(({ revenue, ...rest }) => ({ ...rest, revenue: Math.round(revenue * 1e6) / 1e6 })),
    name,
  ).toEqual(
    expected.toSorted(byId).map(({ id, lastMs, orders, revenue, recency, frequency, monetary }) => ({
      id,
      cell: rfmCell(recency, frequency, monetary, scores),
      lastAt: new Date(lastMs).toISOString(),
      orders,
      revenue: Math.round(revenue * 1e6) / 1e6,
      recency,
      frequency,
      monetary,
    })),
  );
  expect(answer.customers, name).toBe(expected.length);
  expect(answer.orders, name).toBe(expected.reduce((sum, { orders }) => sum + orders, 0));
  expect(
    answer.cells.reduce((sum, { count }) => sum + count, 0),
    name,
  ).toBe(expected.length);
  expect(
    answer.scores.reduce((sum, { count }) => sum + count, 0),
    name,
  ).toBe(expected.length);
}
