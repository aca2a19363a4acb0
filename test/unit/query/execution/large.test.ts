/** More rows and events than one chunk holds: scans, chains and workers give one answer, and writers do not disturb it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Expression } from '../../../../src/model/expression.ts';
import { ShardQuery } from '../../../../src/query/execution/shard-query.ts';
import { WorkerPool } from '../../../../src/runtime/worker-pool.ts';
import { HASH_SEED, type Item, identify, NOW_MS, track, World } from './world.ts';

const ROW_COUNT = 70_000;
const EVENT_COUNT = 150_000;
const OPTIONS = { nowMs: NOW_MS };

interface Person {
  readonly age: number;
  readonly balance: number;
  readonly city: string;
  readonly totals: { daysAgo: number; total: number }[];
}

const world = new World();
const people: Person[] = [];
let pool: WorkerPool;
beforeAll(() => {
  pool = new WorkerPool(2);
  const items: Item[] = [];
  for (let i = 0; i < ROW_COUNT; i++) {
    const person = { age: i % 90, balance: (i % 1_000) / 4, city: `city ${i % 6_000}`, totals: [] };
    people.push(person);
    items.push(
      identify(`u${i}`, {
        age: person.age,
        balance: person.balance,
        city: person.city,
        plan: i % 3 === 0 ? 'pro' : 'free',
      }),
    );
  }
  for (let e = 0; e < EVENT_COUNT; e++) {
    const row = (e * 7_919) % (ROW_COUNT - 1_000);
    const daysAgo = 60 - (e / EVENT_COUNT) * 60 + ((e * 31) % 97) / 97;
    const total = (e % 400) / 4;
    people[row].totals.push({ daysAgo, total });
    items.push(track(`u${row}`, 'Order', daysAgo, { total, sku: `sku ${e % 50}` }));
  }
  for (let e = 0; e < 40; e++) items.push(track(`u${e * 1_500}`, 'Rare', e));
  world.apply(items);
}, 120_000);
afterAll(() => pool.close());

type Case = readonly [Expression, (person: Person, row: number) => boolean];
const recent = (person: Person, days: number): { total: number }[] => {
  return person.totals.filter(({ daysAgo }) => Math.round(daysAgo * 86_400_000) <= days * 86_400_000);
};
const CASES: readonly Case[] = [
  [{ trait: 'plan', op: 'eq', value: 'pro' }, (_, row) => row % 3 === 0],
  [{ trait: 'age', op: 'between', value: [20, 29] }, ({ age }) => age >= 20 && age <= 29],
  [{ trait: 'balance', op: 'lt', value: 17.25 }, ({ balance }) => balance < 17.25],
  [{ trait: 'balance', op: 'in', value: [0, 17.25, 3] }, ({ balance }) => [0, 17.25, 3].includes(balance)],
  [{ trait: 'city', op: 'ends_with', value: '99' }, ({ city }) => city.endsWith('99')],
  [{ event: 'Order', count: { op: 'gte', value: 3 } }, ({ totals }) => totals.length >= 3],
  [
    { event: 'Order', count: { op: 'gte', value: 2 }, window: { last: '10d' } },
    (person) => recent(person, 10).length >= 2,
  ],
  [
    { event: 'Order', count: { op: 'eq', value: 0 }, window: { last: '10d' } },
    (person) => recent(person, 10).length === 0,
  ],
  [
    { event: 'Order', where: [{ property: 'total', op: 'gt', value: 90 }], window: { last: '30d' } },
    (person) => recent(person, 30).some(({ total }) => total > 90),
  ],
  [
    { event: 'Order', aggregate: { fn: 'sum', property: 'total', op: 'gte', value: 100 }, window: { last: '30d' } },
    (person) => recent(person, 30).reduce((sum, { total }) => sum + total, 0) >= 100,
  ],
  [
    { event: 'Order', aggregate: { fn: 'avg', property: 'total', op: 'lt', value: 10 } },
    ({ totals }) => totals.length > 0 && totals.reduce((sum, { total }) => sum + total, 0) / totals.length < 10,
  ],
  [
    { event: 'Order', aggregate: { fn: 'max', property: 'total', op: 'gte', value: 99 } },
    ({ totals }) => totals.some(({ total }) => total >= 99),
  ],
  [
    { event: 'Order', aggregate: { fn: 'count_distinct', property: 'total', op: 'gte', value: 3 } },
    ({ totals }) => new Set(totals.map(({ total }) => total)).size >= 3,
  ],
  [
    { event: 'Order', aggregate: { fn: 'last', property: 'total', op: 'lt', value: 5 } },
    ({ totals }) => totals.length > 0 && totals.reduce((a, b) => (b.daysAgo <= a.daysAgo ? b : a)).total < 5,
  ],
  [{ event: 'Rare', window: { last: '10d' } }, (_, row) => row % 1_500 === 0 && row / 1_500 <= 10],
  [
    {
      and: [
        { trait: 'plan', op: 'eq', value: 'pro' },
        { trait: 'age', op: 'gte', value: 80 },
        { event: 'Order', window: { last: '5d' } },
      ],
    },
    (person, row) => row % 3 === 0 && person.age >= 80 && recent(person, 5).length > 0,
  ],
  [
    {
      and: [
        { trait: 'city', op: 'eq', value: 'city 17' },
        { event: 'Order', count: { op: 'lte', value: 1 }, window: { last: '40d' } },
      ],
    },
    (person) => person.city === 'city 17' && recent(person, 40).length <= 1,
  ],
  [
    { or: [{ trait: 'age', op: 'eq', value: 3 }, { not: { event: 'Order', window: { last: '50d' } } }] },
    (person) => person.age === 3 || recent(person, 50).length === 0,
  ],
];

function expectedRows(fits: Case[1]): number[] {
  return people.flatMap((person, row) => (fits(person, row) ? [row] : []));
}

describe.each([
  ['on the thread', () => undefined],
  ['on workers', () => pool],
])('queries over several chunks, %s', (_, poolOf) => {
  it.each(CASES)('answer %j exactly', async (expression, fits) => {
    const query = new ShardQuery(world.data, poolOf(), { hashSeed: HASH_SEED, workerThresholdNs: 0 });
    const rows = await query.select(expression, OPTIONS);
    expect([...rows.rowsFrom(0, ROW_COUNT)]).toEqual(expectedRows(fits));
    query.close();
  });
});

describe('a query on workers', () => {
  it('answers for the moment it was asked, whatever is written meanwhile', async () => {
    const own = new World();
    const items: Item[] = [];
    for (let i = 0; i < 70_000; i++)
      items.push(identify(`u${i}`, { age: 1, name: `n ${i % 9_000}` }), track(`u${i}`, 'E', 1, { n: 1 }));
    own.apply(items);
    const query = new ShardQuery(own.data, pool, { hashSeed: HASH_SEED, workerThresholdNs: 0 });
    const asked = [
      query.select({ trait: 'age', op: 'eq', value: 1 }, OPTIONS),
      query.select({ trait: 'name', op: 'starts_with', value: 'n 1' }, OPTIONS),
      query.select({ event: 'E', count: { op: 'eq', value: 1 }, window: { last: '5d' } }, OPTIONS),
      query.select(
        { event: 'E', aggregate: { fn: 'sum', property: 'n', op: 'eq', value: 1 }, window: { last: '5d' } },
        OPTIONS,
      ),
    ];
    expect(own.data.memory.liveSnapshotCount).toBe(4);
    const changes: Item[] = [];
    for (let i = 0; i < 70_000; i += 7) {
      changes.push(
        identify(`u${i}`, { age: 70_000, name: `m ${i}` }),
        track(`u${i}`, 'E', 2, { n: 0.5 }),
        identify(`v${i}`, { age: 1 }),
      );
    }
    own.apply(changes);
    const counts = (await Promise.all(asked)).map((rows) => rows.cardinality);
    const names = Array.from({ length: 70_000 }, (_, i) => `n ${i % 9_000}`).filter((name) =>
      name.startsWith('n 1'),
    ).length;
    expect(counts).toEqual([70_000, names, 70_000, 70_000]);
    expect(own.data.memory.liveSnapshotCount).toBe(0);
    const later = await query.select({ trait: 'age', op: 'eq', value: 1 }, OPTIONS);
    expect(later.cardinality).toBe(70_000);
  });

  it('ends when its caller gives up', async () => {
    const query = new ShardQuery(world.data, pool, { hashSeed: HASH_SEED, workerThresholdNs: 0 });
    const controller = new AbortController();
    const answer = query.select(CASES[9][0], { ...OPTIONS, signal: controller.signal });
    controller.abort();
    await expect(answer).rejects.toMatchObject({ code: 'query_cancelled' });
    await expect(query.select(CASES[9][0], { ...OPTIONS, signal: controller.signal })).rejects.toMatchObject({
      code: 'query_cancelled',
    });
    expect(world.data.memory.liveSnapshotCount).toBe(0);
  });

  it('ends when its time is over', async () => {
    const query = new ShardQuery(world.data, pool, { hashSeed: HASH_SEED, workerThresholdNs: 0 });
    const slow: Expression = {
      event: 'Order',
      aggregate: { fn: 'count_distinct', property: 'sku', op: 'gte', value: 3 },
      window: { last: '59d' },
    };
    await expect(query.select(slow, { ...OPTIONS, timeoutMs: 1 })).rejects.toMatchObject({ code: 'query_timeout' });
    expect(world.data.memory.liveSnapshotCount).toBe(0);
  });
});
