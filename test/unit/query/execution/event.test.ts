/** Conditions on events: counts, windows, `where` and aggregates, by scan and by chains, with and without workers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  AggregateFunction,
  CountCondition,
  Expression,
  PropertyPredicate,
  Window,
} from '../../../../src/model/expression.ts';
import { ShardQuery } from '../../../../src/query/execution/shard-query.ts';
import { WorkerPool } from '../../../../src/runtime/worker-pool.ts';
import { DAY_MS, HASH_SEED, NOW_MS, track, World } from './world.ts';

const USER_COUNT = 30;
const SKUS: readonly unknown[] = ['A1', 'B2', 7, true, null, ['A1', 'C3'], [['B2'], 9], {}, undefined, { deep: 'A1' }];
const WINDOWS: readonly (Window | undefined)[] = [
  undefined,
  { last: '7d' },
  { last: '0d' },
  { between: ['9d', '2d'] },
  { from: '2024-06-10', to: '2024-06-14T12:00:00Z' },
  { to: '2024-06-01' },
  { from: '2030-01-01' },
  { calendar: 'week', offset: -1, timeZone: 'Europe/Berlin' },
];
const WHERES: readonly (readonly PropertyPredicate[])[] = [
  [],
  [{ property: 'total', op: 'gte', value: 20 }],
  [{ property: 'sku', op: 'eq', value: 'A1' }],
  [
    { property: 'sku', op: 'not_contains', value: 'A1' },
    { property: 'total', op: 'exists' },
  ],
  [{ property: 'sku.deep', op: 'starts_with', value: 'A' }],
  [{ property: 'context.ip', op: 'in', value: ['::1', '::2'] }],
  [{ property: 'context.ip', op: 'not_exists' }],
  [{ property: 'lines.price', op: 'lt', value: 3 }],
  [{ property: 'nothing', op: 'neq', value: 1 }],
  [{ property: 'nothing', op: 'eq', value: 1 }],
];
const COUNTS: readonly (CountCondition | undefined)[] = [
  undefined,
  { op: 'eq', value: 0 },
  { op: 'gte', value: 3 },
  { op: 'lt', value: 2 },
  { op: 'neq', value: 1 },
  { op: 'between', value: [2, 300] },
  { op: 'lte', value: 70_000 },
  { op: 'gt', value: 1_000_000 },
];
const FUNCTIONS: readonly AggregateFunction[] = ['sum', 'avg', 'min', 'max', 'count_distinct', 'first', 'last'];
const PROPERTIES = ['total', 'sku', 'lines.price', 'context.ip', 'nothing'];

function fill(world: World): void {
  let seed = 12_345;
  const random = (limit: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % limit;
  };
  for (let i = 0; i < 900; i++) {
    const properties: Record<string, unknown> = { sku: SKUS[random(SKUS.length)] };
    if (random(4) > 0) properties['total'] = random(3) === 0 ? random(40_000) / 4 : random(60);
    if (random(9) === 0) properties['total'] = 'free';
    if (random(3) === 0) properties['lines'] = [{ price: random(5) }, { price: [random(9), 'x'] }, {}];
    if (random(4) === 0) properties['context'] = { ip: [null, '::1', '::3'][random(3)] };
    const context = random(3) === 0 ? { ip: ['::1', '::2', 5][random(3)] } : undefined;
    const daysAgo = random(3) === 0 ? random(20) : random(2_000) / 100 - 1;
    world.add(
      track(
        `u${random(USER_COUNT)}`,
        random(5) === 0 ? 'Page Viewed' : 'Order Completed',
        daysAgo,
        properties,
        context,
      ),
    );
  }
  for (let i = 0; i < 4; i++) world.add(track(`quiet${i}`, 'Other', i));
}

function* leaves(): Generator<Expression> {
  for (const event of ['Order Completed', 'Page Viewed', 'Unknown']) {
    for (const window of WINDOWS) {
      for (const where of WHERES) {
        const base = { event, ...(where.length === 0 ? {} : { where }), ...(window === undefined ? {} : { window }) };
        for (const count of COUNTS) yield count === undefined ? base : { ...base, count };
      }
    }
  }
}

function* aggregates(): Generator<Expression> {
  for (const fn of FUNCTIONS) {
    for (const property of PROPERTIES) {
      for (const window of [undefined, { last: '7d' }] as const) {
        for (const where of WHERES.slice(0, 4)) {
          const base = { event: 'Order Completed', where, ...(window === undefined ? {} : { window }) };
          const conditions = [
            { op: 'gte', value: 30 },
            { op: 'eq', value: 0 },
            { op: 'neq', value: 2 },
            { op: 'in', value: [1, 2, 3, 45] },
            { op: 'between', value: [5, 500] },
            { op: 'exists' },
            { op: 'not_exists' },
          ] as const;
          for (const condition of conditions) yield { ...base, aggregate: { fn, property, ...condition } };
          if (fn !== 'first' && fn !== 'last') continue;
          const texts = [
            { op: 'eq', value: 'A1' },
            { op: 'contains', value: 'A' },
            { op: 'not_in', value: ['::1', true] },
          ] as const;
          for (const condition of texts) yield { ...base, aggregate: { fn, property, ...condition } };
        }
      }
    }
  }
}

const world = new World();
let pool: WorkerPool;
beforeAll(() => {
  fill(world);
  pool = new WorkerPool(2);
});
afterAll(() => pool.close());

describe('conditions on events', () => {
  it('agree with the naive model for every count, window and where', async () => {
    const query = new ShardQuery(world.data, undefined, { hashSeed: HASH_SEED });
    for (const leaf of leaves()) world.assertAgrees(await query.select(leaf, { nowMs: NOW_MS }), leaf);
  });

  it('agree with the naive model for every aggregate', async () => {
    const query = new ShardQuery(world.data, undefined, { hashSeed: HASH_SEED });
    for (const leaf of aggregates()) world.assertAgrees(await query.select(leaf, { nowMs: NOW_MS }), leaf);
  });

  it('agree with the naive model when scans run on workers', async () => {
    const query = new ShardQuery(world.data, pool, { hashSeed: HASH_SEED, workerThresholdNs: 0 });
    let number = 0;
    for (const leaf of [...leaves(), ...aggregates()]) {
      number += 1;
      if (number % 7 === 0) world.assertAgrees(await query.select(leaf, { nowMs: NOW_MS }), leaf);
    }
    expect(world.data.memory.liveSnapshotCount).toBe(0);
  });

  it('agree as of a past moment', async () => {
    const query = new ShardQuery(world.data, undefined, { hashSeed: HASH_SEED });
    for (const atMs of [NOW_MS - 5 * DAY_MS, NOW_MS - 60 * DAY_MS]) {
      for (const leaf of leaves()) {
        if (!('event' in leaf) || leaf.where !== undefined) continue;
        world.assertAgrees(await query.select(leaf, { nowMs: NOW_MS, atMs }), leaf, atMs);
      }
    }
  });
});
