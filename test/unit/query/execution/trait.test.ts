/** Conditions on traits, every operator against every mix of types, answered as the naive model answers. */
import { beforeAll, describe, expect, it } from 'vitest';
import { EngineError } from '../../../../src/model/error.ts';
import type { Expression, Operator, Scalar } from '../../../../src/model/expression.ts';
import { ShardQuery } from '../../../../src/query/execution/shard-query.ts';
import { HASH_SEED, identify, NOW_MS, track, World } from './world.ts';

const LITERALS: readonly Scalar[] = [
  0,
  1,
  18,
  -2.5,
  300,
  70_000,
  0.1,
  'DE',
  'de',
  '',
  'A',
  '日本',
  '2024-06-14',
  '2024-06-15T12:00:00Z',
  true,
  false,
];
const VALUES: readonly unknown[] = [
  'DE',
  'de',
  'D',
  '',
  'ADE',
  '日本',
  'true',
  '1',
  '2024-06-14',
  '2024-06-14T00:00:00.000Z',
  '2024-06-16T00:00:00+02:00',
  '2024-02-30',
  0,
  1,
  17,
  18,
  -2.5,
  300,
  70_000,
  2 ** 40,
  0.1,
  -0,
  true,
  false,
  null,
  [],
  {},
  ['DE', 'AT'],
  [1, 18, [300]],
  [['DE']],
  [true],
  [null],
  [{ sku: 'A1', n: 1 }, { sku: 'B2' }],
  { sku: 'A1' },
  { sku: ['DE', 1] },
  { sku: { deep: 1 } },
  ['2024-06-14', {}],
  new Date(NOW_MS),
];
const SCALAR_OPERATORS: readonly Operator[] = ['eq', 'neq', 'contains', 'not_contains'];
const PATHS = ['v', 'v.sku', 'v.sku.deep', 'missing', 'first_seen', 'last_seen', 'first_seen.x'];

function conditions(): { op: Operator; value?: never }[] {
  const list: { op: Operator; value?: unknown }[] = [{ op: 'exists' }, { op: 'not_exists' }];
  for (const value of LITERALS) {
    for (const op of SCALAR_OPERATORS) list.push({ op, value });
    if (typeof value !== 'boolean') for (const op of ['lt', 'lte', 'gt', 'gte'] as const) list.push({ op, value });
    if (typeof value === 'string') for (const op of ['starts_with', 'ends_with'] as const) list.push({ op, value });
  }
  for (const value of ['^D', 'E$', '2024', '.']) list.push({ op: 'matches', value });
  for (const value of ['2024-06-14', '2024-06-15T12:00:00Z']) {
    for (const op of ['before', 'after'] as const) list.push({ op, value });
  }
  for (const value of ['0d', '1d', '36h', '1000d']) {
    for (const op of ['within_last', 'within_next', 'older_than'] as const) list.push({ op, value });
  }
  const lists: Scalar[][] = [['DE', 1, true], ['nowhere'], [0, 0.1, 300, 70_000], [], ['D', 'de', '日本']];
  for (const value of lists) for (const op of ['in', 'not_in'] as const) list.push({ op, value });
  for (const value of [
    [0, 18],
    [-3, 0],
    ['A', 'b'],
    ['2024-06-14', '2024-06-16'],
  ])
    list.push({ op: 'between', value });
  return list as { op: Operator; value?: never }[];
}

describe.each([
  ['with a hash seed', HASH_SEED],
  ['without a hash seed', undefined],
])('conditions on traits, %s', (_, hashSeed) => {
  const world = new World();
  let query: ShardQuery;
  beforeAll(() => {
    VALUES.forEach((v, i) => {
      world.add(identify(`u${i}`, { v }), track(`u${i}`, 'Seen', i / 3));
    });
    // A second value over the first, of another type: only the last counts.
    VALUES.forEach((v, i) => {
      world.add(identify(`w${i}`, { v }), identify(`w${i}`, { v: VALUES[(i + 7) % VALUES.length] }));
    });
    query = new ShardQuery(world.data, undefined, { hashSeed });
  });

  it.each(PATHS)('agree on %s with the naive model for every operator', async (trait) => {
    for (const condition of conditions()) {
      const leaf: Expression = { trait, ...condition };
      const rows = await query.select(leaf, { nowMs: NOW_MS });
      world.assertAgrees(rows, leaf);
    }
  });

  it('agree under and, or, not', async () => {
    const parts: Expression[] = [
      { trait: 'v', op: 'contains', value: 'DE' },
      { trait: 'v', op: 'gte', value: 1 },
      { trait: 'v.sku', op: 'exists' },
      { trait: 'first_seen', op: 'matches', value: '-0[56]-' },
      { event: 'Seen', window: { last: '5d' } },
      { and: [] },
      { or: [] },
    ];
    for (const a of parts) {
      for (const b of parts) {
        for (const c of parts.slice(0, 5)) {
          for (const whole of [
            { and: [a, { or: [b, { not: c }] }] },
            { or: [{ and: [a, b] }, { not: { or: [b, c] } }] },
          ]) {
            world.assertAgrees(await query.select(whole, { nowMs: NOW_MS }), whole);
          }
        }
      }
    }
  });
});

it('follows traits that change after an index was built', async () => {
  const world = new World();
  const query = new ShardQuery(world.data, undefined, { hashSeed: HASH_SEED });
  const leaves: Expression[] = [
    { trait: 'country', op: 'eq', value: 'DE' },
    { trait: 'country', op: 'not_in', value: ['DE', 'AT'] },
    { trait: 'active', op: 'eq', value: true },
    { trait: 'country', op: 'exists' },
  ];
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 40; i++) {
      const country = ['DE', 'AT', 'US', null, 7][(i * (round + 3)) % 5];
      world.add(identify(`u${i + round * 5}`, { country, active: (i + round) % 3 === 0 }));
    }
    for (const leaf of leaves) world.assertAgrees(await query.select(leaf, { nowMs: NOW_MS }), leaf);
  }
  expect(query.memoryBytes).toBeGreaterThan(0);
  query.close();
  expect(world.data.profiles.traits.every((column) => column.strings?.changes === undefined)).toBe(true);
});

it('keeps an answer as it was when its index goes on', async () => {
  const world = new World().add(identify('u1', { country: 'DE' }), identify('u2', { country: 'AT' }));
  const query = new ShardQuery(world.data, undefined, { hashSeed: HASH_SEED });
  const leaf: Expression = { trait: 'country', op: 'eq', value: 'DE' };
  const before = await query.select(leaf, { nowMs: NOW_MS });
  world.add(identify('u1', { country: 'AT' }), identify('u2', { country: 'DE' }), identify('u3', { country: 'DE' }));
  expect(world.idsOf(await query.select(leaf, { nowMs: NOW_MS }))).toEqual(['u2', 'u3']);
  expect(world.idsOf(before)).toEqual(['u1']);
});

it('refuses to compare instants of the engine with other fields at a past moment', async () => {
  const query = new ShardQuery(new World().data, undefined);
  const leaf: Expression = { trait: 'first_seen', op: 'lt', value: { trait: 'last_seen' } };
  const answer = query.select({ not: leaf }, { nowMs: NOW_MS, atMs: NOW_MS });
  await expect(answer).rejects.toThrow(/only be compared with a literal/);
  await expect(answer).rejects.toBeInstanceOf(EngineError);
  await expect(answer).rejects.toMatchObject({ code: 'query_unsupported' });
});
