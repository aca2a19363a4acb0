/** Comparisons on workers answer for the moment of the question, whatever is written to profiles in the meantime. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { xxh32 } from '../../../../src/base/hash.ts';
import type { Expression } from '../../../../src/model/expression.ts';
import { ShardQuery } from '../../../../src/query/execution/shard-query.ts';
import { WorkerPool } from '../../../../src/runtime/worker-pool.ts';
import { DAY_MS, HASH_SEED, identify, NOW_MS, track, World } from '../execution/world.ts';

const USERS = 400;
const EVENT = 'Order Completed';
const QUESTIONS: readonly Expression[] = [
  { trait: 'low', op: 'lt', value: { trait: 'high' } },
  { trait: 'word', op: 'eq', value: { trait: 'name' } },
  { trait: 'word', op: 'lt', value: { trait: 'name' } },
  { trait: 'list', op: 'contains', value: { trait: 'word' } },
  { trait: 'first_seen', op: 'lt', value: { trait: 'last_seen' } },
  { event: EVENT, where: [{ property: 'total', op: 'gt', value: { trait: 'high' } }] },
  { event: EVENT, where: [{ property: 'sku', op: 'eq', value: { trait: 'word' } }] },
  { event: EVENT, where: [{ property: 'sku', op: 'starts_with', value: { trait: 'word' } }] },
  { event: EVENT, where: [{ property: 'sku', op: 'contains', value: { trait: 'list' } }] },
  { event: EVENT, aggregate: { fn: 'sum', property: 'total', op: 'gt', value: { trait: 'high' } } },
  { event: EVENT, aggregate: { fn: 'count_distinct', property: 'sku', op: 'eq', value: { trait: 'low' } } },
  { event: EVENT, aggregate: { fn: 'last', property: 'sku', op: 'eq', value: { trait: 'word' } } },
  { event: EVENT, aggregate: { fn: 'first', property: 'total', op: 'lt', value: { trait: 'high' } } },
  { random: { salt: 'exp', from: 0.2, to: 0.7 } },
];

let pool: WorkerPool;
beforeAll(() => {
  pool = new WorkerPool(2);
});
afterAll(() => pool.close());

function person(user: number, turn: number): Record<string, unknown> {
  const n = (user * 7 + turn * 13) % 10;
  return {
    low: n,
    high: (user * 3 + turn) % 10,
    word: `a${n}`,
    name: `a${(user + turn) % 10}`,
    list: [`a${(user * 3 + turn) % 10}`, n],
  };
}

function newWorld(): World {
  const world = new World();
  for (let user = 0; user < USERS; user++) {
    world.add(identify(`u${user}`, person(user, 0)));
    for (let i = 0; i < user % 4; i++)
      world.add(track(`u${user}`, EVENT, i, { total: (user + i) % 9, sku: i === 1 ? 'a1b' : `a${(user + i) % 10}` }));
  }
  return world;
}

it.each(QUESTIONS.map((where) => [JSON.stringify(where), where] as const))('%s', async (_, where) => {
  const world = newWorld();
  const query = new ShardQuery(world.data, pool, { hashSeed: HASH_SEED, workerThresholdNs: 0 });
  const expected = world.expected(where);
  expect(expected.length).toBeGreaterThan(0);
  expect(expected.length).toBeLessThan(USERS);
  const answer = query.select(where, { nowMs: NOW_MS });
  for (let turn = 1; turn <= 3; turn++) {
    for (let user = 0; user < USERS; user++) {
      const timestamp = new Date(NOW_MS + turn * DAY_MS).toISOString();
      world.apply([
        { ...identify(`u${user}`, person(user, turn)), timestamp },
        track(`u${user}`, EVENT, -1, { total: 5, sku: 'a1' }),
      ]);
      const other = Buffer.from(`other${turn} ${user}`);
      world.data.attach(user, 1, other, 0, other.length, xxh32(other, 0, other.length, HASH_SEED));
    }
    await Promise.resolve();
  }
  expect(world.idsOf(await answer)).toEqual(expected);
});
