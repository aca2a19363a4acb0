/** `as: "aggregate"`: values over the events or a trait of the selected profiles, in one shard and merged over several. */
import { afterAll, describe, expect, it } from 'vitest';
import { RowSet } from '../../../../src/bitmap/row-set.ts';
import type { AggregateFunction } from '../../../../src/model/expression.ts';
import { type AggregateRequest, captureAggregate } from '../../../../src/query/execution/aggregate.ts';
import { type AggregateValue, mergeAggregates } from '../../../../src/query/execution/aggregate-merge.ts';
import { inSlices } from '../../../../src/query/execution/pace.ts';
import { ShardQuery } from '../../../../src/query/execution/shard-query.ts';
import { WorkerPool } from '../../../../src/runtime/worker-pool.ts';
import { HASH_SEED, identify, NOW_MS, track, World } from './world.ts';

const EVERYONE = { and: [] };
const pool = new WorkerPool(2);
afterAll(() => pool.close());

function worlds(): World[] {
  const one = new World().add(
    identify('u0', { age: 30, tags: ['a', 'b'], name: 'Ann' }),
    identify('u1', { age: 40.5, tags: ['b', 3, true], name: 'Bob' }),
    identify('u2', { age: 'old', tags: 'b' }),
    track('u0', 'Order', 3, { total: 10, sku: 'A' }),
    track('u1', 'Order', 2, { total: 30, sku: 'B' }),
    track('u0', 'Order', 1, { total: 20.5, sku: ['A', 'C'] }),
    track('u2', 'Order', 0.5, { total: 'none', sku: 7 }),
  );
  const two = new World().add(
    identify('w0', { age: 20, tags: [['a']], name: 'Ann' }),
    track('w0', 'Order', 9, { total: -5, sku: 'A' }, { ip: 'x' }),
    track('w0', 'Order', 0.25, { sku: false, context: {} }),
  );
  return [one, two, new World()];
}

async function answerOf(
  request: AggregateRequest,
  rows: RowSet | undefined,
  workers: boolean,
): Promise<AggregateValue> {
  const parts = worlds().map((world) => {
    const options = { hashSeed: HASH_SEED, workerThresholdNs: 0 };
    const query = new ShardQuery(world.data, workers ? pool : undefined, options);
    return query.run(EVERYONE, { nowMs: NOW_MS }, (instant) => {
      const finish = captureAggregate(instant, request);
      return (selected) => finish(rows === undefined ? selected : rows.and(selected));
    });
  });
  return inSlices(mergeAggregates(request.fn, await Promise.all(parts)), () => undefined);
}

const ofEvent = (fn: AggregateFunction, property: string, last?: string): AggregateRequest => {
  return { fn, event: 'Order', property, ...(last === undefined ? {} : { window: { last } }) };
};
const CASES: readonly [AggregateRequest, AggregateValue, AggregateValue][] = [
  [ofEvent('sum', 'total'), 55.5, 25.5],
  [ofEvent('avg', 'total'), 55.5 / 4, 25.5 / 3],
  [ofEvent('min', 'total'), -5, -5],
  [ofEvent('max', 'total'), 30, 20.5],
  [ofEvent('sum', 'total', '60h'), 50.5, 20.5],
  [ofEvent('sum', 'missing'), 0, 0],
  [ofEvent('avg', 'missing'), null, null],
  [ofEvent('count_distinct', 'sku'), 5, 3],
  [ofEvent('count_distinct', 'total'), 5, 3],
  [ofEvent('first', 'total'), -5, -5],
  [ofEvent('last', 'total'), 'none', 20.5],
  [ofEvent('last', 'sku'), false, false],
  [ofEvent('first', 'sku', '40h'), 'A', 'A'],
  [ofEvent('last', 'context.ip'), 'x', 'x'],
  [{ fn: 'sum', trait: 'age' }, 90.5, 50],
  [{ fn: 'avg', trait: 'age' }, 90.5 / 3, 25],
  [{ fn: 'max', trait: 'age' }, 40.5, 30],
  [{ fn: 'min', trait: 'nothing' }, null, null],
  [{ fn: 'count_distinct', trait: 'tags' }, 4, 2],
  [{ fn: 'count_distinct', trait: 'name' }, 2, 1],
];

describe.each([
  ['on the thread', false],
  ['on workers', true],
])('aggregates over shards, %s', (_, workers) => {
  it.each(CASES)('%j of all profiles is %j, of the first of each shard %j', async (request, ofAll, ofFirst) => {
    expect(await answerOf(request, undefined, workers)).toBe(ofAll);
    expect(await answerOf(request, RowSet.of(Uint32Array.of(0)), workers)).toBe(ofFirst);
  });
});

it('of the engine’s own instants is of the instant of the question, also when that is turns ago', async () => {
  const world = new World().add(...Array.from({ length: 200 }, (_, i) => track(`u${i}`, 'X', i % 4)));
  const options = { hashSeed: HASH_SEED, workerThresholdNs: 0 };
  const query = new ShardQuery(world.data, pool, options);
  const request = { fn: 'count_distinct', trait: 'last_seen' } as const;
  const part = query.run(EVERYONE, { nowMs: NOW_MS }, (instant) => captureAggregate(instant, request));
  // Everybody is seen at a moment of his own while the workers look.
  world.apply(Array.from({ length: 200 }, (_, i) => track(`u${i}`, 'X', -1 - i)));
  expect((await part).count).toBe(4);
});

it('of the engine’s own instants hides a sent trait of that name', async () => {
  const world = new World().add(identify('a', { first_seen: { x: 5 } }), identify('b', { first_seen: { x: 6 } }));
  const query = new ShardQuery(world.data, undefined);
  for (const [trait, count] of [
    ['first_seen', 1],
    ['first_seen.x', 0],
  ] as const) {
    const request = { fn: 'count_distinct', trait } as const;
    const part = await query.run(EVERYONE, { nowMs: NOW_MS }, (instant) => captureAggregate(instant, request));
    expect(part.count).toBe(count);
  }
});

it.each(['first', 'last'] as const)('refuses %s of a trait', async (fn) => {
  const query = new ShardQuery(new World().data, undefined);
  const answer = query.run(EVERYONE, { nowMs: NOW_MS }, (instant) => captureAggregate(instant, { fn, trait: 'age' }));
  await expect(answer).rejects.toMatchObject({ code: 'query_unsupported' });
});
