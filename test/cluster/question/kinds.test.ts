/** Every kind of question by hand, over many people: gathered out of the shards' parts, the answer is that of the whole engine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gatherIds } from '../../../src/cluster/question/gather.ts';
import { idsJson } from '../../../src/engine/answer/id-list.ts';
import { LOAD_SIZE_BYTES } from '../../../src/engine/answer/parcel.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { open } from '../../../src/engine/open.ts';
import type { QueryRequest } from '../../../src/model/query.ts';
import { checkRequest } from '../../../src/query/parser/check-request.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { BothWays, traffic } from './both-ways.ts';
import { NOW_MS, populate } from './people.ts';

const PEOPLE = 24_000;
const AT = new Date(NOW_MS - 40 * 86_400_000).toISOString();
const ORDERS = { event: 'Order Completed' } as const;
const SOME = { trait: 'age', op: 'gt', value: 20 } as const;

const TOTALS: readonly QueryRequest[] = [
  ...(['sum', 'avg', 'min', 'max', 'first', 'last', 'count_distinct', 'median'] as const).flatMap(
    (fn): QueryRequest[] => [
      { as: 'aggregate', aggregate: { fn, ...ORDERS, property: 'total' }, where: SOME },
      { as: 'aggregate', aggregate: { fn, ...ORDERS, property: 'sku' } },
      { as: 'aggregate', aggregate: { fn, ...ORDERS, property: 'nothing' } },
    ],
  ),
  { as: 'aggregate', aggregate: { fn: 'count_distinct', trait: 'country' } },
  { as: 'aggregate', aggregate: { fn: 'count_distinct', trait: 'tags' }, where: SOME },
  { as: 'aggregate', aggregate: { fn: 'count_distinct', trait: 'first_seen' } },
  { as: 'aggregate', aggregate: { fn: 'count_distinct', ...ORDERS, property: 'note' } },
  { as: 'aggregate', aggregate: { fn: 'percentile', p: [1, 50, 99.5], trait: 'age' } },
  { as: 'aggregate', aggregate: { fn: 'percentile', p: 33, ...ORDERS, property: 'total' }, at: AT },
];

const BREAKDOWNS: readonly QueryRequest[] = [
  { by: ['country'] },
  { by: ['code'] },
  { by: ['code'], limit: 500 },
  { by: ['code', 'tags', { trait: 'country' }], limit: 7 },
  { by: ['age'], aggregate: { fn: 'median', trait: 'age' } as const, limit: 3 },
  { by: ['country'], aggregate: { fn: 'count_distinct', trait: 'code' } as const },
  { by: [{ property: 'sku' }], ...ORDERS },
  { by: [{ property: 'order' }], ...ORDERS, limit: 10 },
  { by: [{ period: 'week' as const }, 'country'], ...ORDERS, limit: 4 },
  ...(['sum', 'avg', 'min', 'max', 'first', 'last', 'count_distinct', 'median'] as const).map((fn) => {
    return { by: [{ property: 'sku' }], ...ORDERS, aggregate: { fn, property: 'total' } as const, limit: 2 };
  }),
  ...(['first', 'last', 'count_distinct'] as const).map((fn) => {
    return { by: ['country'], ...ORDERS, aggregate: { fn, property: 'order' } as const, limit: 3 };
  }),
  { by: ['country'], ...ORDERS, aggregate: { fn: 'percentile', p: [10, 90], trait: 'age' } as const },
  { by: ['nothing'] },
  { by: [{ property: 'x' }], event: 'Nothing' },
].flatMap((breakdown): QueryRequest[] => [
  { as: 'breakdown', breakdown },
  { as: 'breakdown', breakdown, where: SOME, at: AT },
]);

const STEPS = [{ event: 'Visit' }, { event: 'Order Completed' }, { event: 'Order Completed' }];
const ANALYSES: readonly QueryRequest[] = [
  { as: 'funnel', funnel: { steps: STEPS } },
  { as: 'funnel', funnel: { steps: STEPS, within: '7d', by: 'country' }, where: SOME },
  { as: 'funnel', funnel: { steps: STEPS, by: { trait: 'code' }, limit: 5 } },
  { as: 'funnel', funnel: { steps: STEPS.slice(1), by: { property: 'sku' }, limit: 1 }, at: AT },
  { as: 'funnel', funnel: { steps: [...STEPS, { event: 'Nothing' }] } },
  { as: 'retention', retention: { cohort: ORDERS, period: 'week' } },
  { as: 'retention', retention: { cohort: { event: 'Visit' }, return: ORDERS, period: 'month', periods: 3 }, at: AT },
  { as: 'rfm', rfm: { ...ORDERS, amount: 'total' } },
  { as: 'rfm', rfm: { ...ORDERS, amount: 'total', order: 'order', scores: 3, members: {} }, where: SOME },
  { as: 'rfm', rfm: { ...ORDERS, amount: 'total', members: { cell: 'champions', limit: 5_000 } } },
  { as: 'rfm', rfm: { event: 'Nothing', amount: 'total', members: {} } },
  {
    as: 'overlap',
    overlap: {
      segments: [
        { name: 'old', where: SOME },
        { name: 'de', where: { trait: 'country', op: 'eq', value: 'DE' } },
        { name: 'nobody', where: { trait: 'country', op: 'eq', value: 'XX' } },
      ],
    },
  },
];

const LISTS: readonly QueryRequest[] = [
  { where: SOME },
  { as: 'ids' },
  { as: 'ids', limit: 1 },
  { as: 'ids', limit: 1_000_000 },
  { as: 'ids', where: { trait: 'country', op: 'eq', value: 'XX' } },
  { as: 'profiles', where: SOME, events: 3 },
  { as: 'profiles', limit: 2_500, fields: ['traits.age'] },
  { as: 'profiles', limit: 300, at: AT },
  { as: 'aggregate', aggregate: { fn: 'sum', trait: 'last_seen' }, at: AT },
];

const ESTIMATES: readonly QueryRequest[] = [
  // Bitmaps know the first, and are made for it.
  { where: { trait: 'country', op: 'eq', value: 'DE' }, mode: 'estimate' },
  { where: { event: 'Order Completed', count: { op: 'gte', value: 2 } }, mode: 'estimate' },
  {
    where: { event: 'Order Completed', aggregate: { fn: 'sum', property: 'total', op: 'gt', value: 90 } },
    mode: 'estimate',
  },
  { where: { event: 'Order Completed', count: { op: 'gte', value: 2 } }, mode: 'estimate', at: AT },
];

describe.each([1, 3])('over %i shards', (shardCount) => {
  let engine: Engine;
  let both: BothWays;
  beforeAll(async () => {
    engine = await open({ data: ':memory:', shards: shardCount, workers: 2, clock: { nowMs: () => NOW_MS } });
    await populate(engine, PEOPLE);
    both = new BothWays(engine, () => NOW_MS);
  }, 120_000);
  afterAll(() => engine.close());

  it.each([
    ['single values', TOTALS],
    ['breakdowns', BREAKDOWNS],
    ['funnels, cohorts, scores, overlaps', ANALYSES],
    ['counts, ids, profiles', LISTS],
    ['estimates', ESTIMATES],
  ])('%s are the same', async (_name, requests) => {
    for (const request of requests) {
      const before = { ...traffic };
      expect(await both.difference(request)).toBeUndefined();
      expect(await both.difference({ ...request, explain: true })).toBeUndefined();
      expect(traffic.messageCount).toBeGreaterThan(before.messageCount);
    }
    expect(both.answerCount).toBeGreaterThan(both.refusalCount);
  });

  it('what is refused is refused alike', async () => {
    const before = both.refusalCount;
    const refused: readonly QueryRequest[] = [
      { as: 'ids', cursor: 'nonsense' },
      { as: 'rfm', rfm: { ...ORDERS, amount: 'total', members: { cursor: 'nonsense' } } },
      { as: 'breakdown', breakdown: { by: ['first_seen'] }, at: AT },
      { as: 'retention', retention: { cohort: ORDERS, period: 'day', periods: 1_000_000 } },
    ];
    for (const request of refused) expect(await both.difference(request)).toBeUndefined();
    expect(both.refusalCount).toBe(before + refused.length);
  });

  it('no message is much larger than a load, whatever the answer', () => {
    expect(traffic.largestBytes).toBeLessThan(LOAD_SIZE_BYTES + 65_536);
    // Texts of all notes do not fit into one.
    if (shardCount === 1) expect(traffic.loadCount).toBeGreaterThan(0);
  });

  it('an estimate is one: neither small enough nor answered by bitmaps', async () => {
    const { body } = await both.gather(ESTIMATES[1]);
    expect(body).toMatchObject({ isExact: false, sampleSize: 10_000 });
  });

  it('pages to the end are the same', async () => {
    expect(await both.pagedDifference({ as: 'ids' }, 5_000)).toBeUndefined();
    expect(await both.pagedDifference({ as: 'ids' }, PEOPLE / 3)).toBeUndefined();
    expect(await both.pagedDifference({ as: 'profiles', where: SOME }, 4_999)).toBeUndefined();
    const rfm = { ...ORDERS, amount: 'total', members: { cell: 'loyal' } } as const;
    expect(await both.pagedDifference({ as: 'rfm', rfm }, 700)).toBeUndefined();
  });

  it('a page asks only the shards it needs for ids', async () => {
    const asked: number[] = [];
    const ports = both.ports.map((port, index) => ({
      ...port,
      further: (...args: Parameters<typeof port.further>) => {
        asked.push(index);
        return port.further(...args);
      },
    }));
    await both.gather({ as: 'ids', limit: 10 }, ports);
    expect(asked).toEqual([0]);
  });

  it('ids as JSON bytes are the same', async () => {
    const request: QueryRequest = { as: 'ids', limit: 20_000, where: SOME };
    const clock = { ...systemClock, nowMs: () => NOW_MS };
    const { body } = await gatherIds(checkRequest(request), both.ports, { nowMs: NOW_MS, clock });
    const pieces: Buffer[] = [];
    for await (const piece of idsJson(body.items, { n: 1 }, clock.yieldTurn)) pieces.push(Buffer.from(piece));
    const whole = await engine.query(request);
    expect(JSON.parse(Buffer.concat(pieces).toString('utf8'))).toEqual({ ids: 'ids' in whole && whole.ids, n: 1 });
  });
});
