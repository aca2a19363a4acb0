/** What random worlds do not show of analyses: orders of several lines, limits, dictionaries that change meanwhile, many chunks. */
import { afterAll, describe, expect, it } from 'vitest';
import type { BreakdownBody, RetentionBody, RfmBody } from '../../../../src/model/analysis.ts';
import type { ValueBody } from '../../../../src/model/query.ts';
import { captureBreakdown } from '../../../../src/query/execution/breakdown.ts';
import { GroupIndex } from '../../../../src/query/execution/group-index.ts';
import { ShardQuery } from '../../../../src/query/execution/shard-query.ts';
import { WorkerPool } from '../../../../src/runtime/worker-pool.ts';
import { AnalysisWorld } from './analysis-world.ts';
import { HASH_SEED, identify, NOW_MS, track, World } from './world.ts';

const pool = new WorkerPool(2);
afterAll(() => pool.close());

it('with `order` frequency counts orders, not their lines', async () => {
  const world = new AnalysisWorld(2, undefined);
  for (const [user, order, total] of [
    ['a', 'o1', 1],
    ['a', 'o1', 2],
    ['a', 'o2', 3],
    ['b', 'o3', 4],
    ['b', undefined, 5],
    ['c', undefined, 6],
  ] as const) {
    world.add(track(user, 'Line', 1, { total, ...(order === undefined ? {} : { order }) }));
  }
  const rfm = { event: 'Line', amount: 'total', order: 'order', members: {} };
  const answer = (await world.ask({ as: 'rfm', rfm })) as RfmBody;
  expect(answer).toMatchObject({ customers: 3, orders: 3, revenue: 21 });
  const found = new Map(answer.members?.map(({ id, orders, revenue }) => [id, [orders, revenue]]));
  expect(Object.fromEntries(found)).toEqual({ a: [2, 6], b: [1, 9], c: [0, 6] });
});

it('too many cohorts or periods are refused with a hint', async () => {
  const world = new AnalysisWorld(1, undefined);
  world.add(track('a', 'X', 0));
  world.add({ ...track('b', 'X', 0), timestamp: '1900-01-01T00:00:00.000Z' });
  const retention = { cohort: { event: 'X' }, period: 'day', periods: 400 } as const;
  await expect(world.ask({ as: 'retention', retention })).rejects.toMatchObject({ code: 'query_too_large' });
  const { cohorts } = (await world.ask({ as: 'retention', retention: { ...retention, periods: 1 } })) as RetentionBody;
  expect(cohorts.map(({ cohort, size }) => [cohort, size])).toEqual([
    ['1900-01-01', 1],
    ['2024-06-15', 1],
  ]);
});

it('an instant of the engine cannot be grouped by at a past moment', async () => {
  const world = new World().add(identify('a', { x: 1 }), track('a', 'X', 3));
  const query = new ShardQuery(world.data, undefined);
  const ask = (by: string): Promise<unknown> => {
    const capture = captureBreakdown;
    return query.run({ and: [] }, { nowMs: NOW_MS, atMs: NOW_MS }, (instant) =>
      capture(instant, { by: [by], event: 'X' }, new GroupIndex()),
    );
  };
  await expect(ask('last_seen')).rejects.toMatchObject({ code: 'query_unsupported' });
});

it('a dictionary that is renumbered between the scan and the answer does not mix up groups', async () => {
  const world = new World();
  world.overwrite(Array.from({ length: 300 }, (_, i) => identify(`u${i}`, { city: `city ${i % 3}` })));
  const { strings } = world.data.profiles.traits[0];
  strings!.enableCompaction(4);
  const query = new ShardQuery(world.data, pool, { hashSeed: HASH_SEED, workerThresholdNs: 0 });
  const index = new GroupIndex();
  const answer = query.run({ and: [] }, { nowMs: NOW_MS }, (instant) =>
    captureBreakdown(instant, { by: ['city'] }, index),
  );
  // Everyone moves, one after another, while the workers scan.
  world.overwrite(Array.from({ length: 3_000 }, (_, i) => identify(`u${i % 300}`, { city: `town ${i}` })));
  world.overwrite(Array.from({ length: 300 }, (_, i) => identify(`u${i}`, { city: i % 2 === 0 ? 'east' : 'west' })));
  expect(strings!.generation).toBeGreaterThan(0);
  const { pieces } = await answer;
  const counts = new Map<unknown, number>();
  for (const piece of pieces) {
    piece.groups.forEach((group, k) => {
      const [city] = index.values[group];
      counts.set(city, (counts.get(city) ?? 0) + piece.counts[k]);
    });
  }
  expect(Object.fromEntries(counts)).toEqual({ east: 150, west: 150 });
});

describe.each([
  ['on the thread', undefined],
  ['on workers', pool],
] as const)('more than one chunk, %s', (_, workers) => {
  const ROWS = 70_000;
  const EVENTS = 150_000;
  const world = new AnalysisWorld(1, workers);
  world.worlds[0].apply(Array.from({ length: ROWS }, (_u, i) => identify(`u${i}`, { city: `c${i % 7}`, age: i % 90 })));
  world.worlds[0].apply(
    Array.from({ length: EVENTS }, (_e, e) =>
      track(`u${e % 50_000}`, 'X', (e % 3) * 31 + 1, { n: e / 8, k: e % 1_000 }),
    ),
  );

  it('breakdowns, with more groups than bits are kept for too', async () => {
    const answer = async (breakdown: object): Promise<BreakdownBody> =>
      (await world.ask({ as: 'breakdown', breakdown: breakdown as never })) as BreakdownBody;
    const cities = await answer({ by: ['city'], aggregate: { fn: 'max', trait: 'age' } });
    expect(cities.groups).toHaveLength(7);
    expect(cities.groups[0]).toEqual({ values: ['c0'], profiles: 10_000, value: 89 });
    const events = await answer({ by: [{ property: 'k' }], event: 'X', limit: 600 });
    expect(events.groups[0]).toEqual({ values: [0], events: 150, profiles: 50 });
    expect(events.groups.every(({ profiles }) => profiles === 50)).toBe(true);
    expect(events.rest).toEqual({ groups: 400, events: 60_000, profiles: 20_000 });
    expect(events.total).toEqual({ groups: 1_000, events: EVENTS, profiles: 50_000 });
    const wide = await answer({ by: [{ property: 'n' }], event: 'X', limit: 1 });
    expect(wide.total).toEqual({ groups: EVENTS, events: EVENTS, profiles: 50_000 });
    expect(wide.groups[0].values).toEqual([0]);
  });

  it('percentiles, retention and rfm', async () => {
    const aggregate = { fn: 'percentile', p: [10, 50], event: 'X', property: 'n' } as const;
    const { value } = (await world.ask({ as: 'aggregate', aggregate })) as ValueBody;
    expect(value).toEqual([14_999 / 8, 74_999 / 8]);
    const retention = { cohort: { event: 'X' }, period: 'month', periods: 3 } as const;
    const { cohorts } = (await world.ask({ as: 'retention', retention })) as RetentionBody;
    expect(cohorts.reduce((sum, { size }) => sum + size, 0)).toBe(50_000);
    expect(cohorts.every(({ size, counts }) => counts[0] === size)).toBe(true);
    const rfm = (await world.ask({ as: 'rfm', rfm: { event: 'X', amount: 'k' } })) as RfmBody;
    expect(rfm).toMatchObject({ customers: 50_000, orders: EVENTS, revenue: (EVENTS / 1_000) * 499_500 });
  });
});
