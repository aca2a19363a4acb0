/**
 * Whatever passes are left out, the rows are those of the naive model: random expressions under random subsets of passes, on one
 * thread and on workers. A failure prints its seed and case.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Expression } from '../../../../src/model/expression.ts';
import { PASS_NAMES } from '../../../../src/model/optimizer.ts';
import { ShardQuery } from '../../../../src/query/execution/shard-query.ts';
import { WorkerPool } from '../../../../src/runtime/worker-pool.ts';
import { HASH_SEED, identify, NOW_MS, track, World } from '../execution/world.ts';

const SEED = Number(process.env['KITH_SEED'] ?? 20_240_615);
const USER_COUNT = 60;
const EXPRESSION_COUNT = 60;
const SUBSETS_EACH = 10;

let state = SEED >>> 0;
function random(limit: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}
function oneOf<T>(list: readonly T[]): T {
  return list[random(list.length)];
}

const world = new World();
for (let i = 0; i < USER_COUNT; i++) {
  const traits: Record<string, unknown> = {
    plan: oneOf(['pro', 'free', null]),
    age: random(60),
    tags: [oneOf(['a', 'b'])],
  };
  if (random(3) > 0) traits['score'] = random(400) / 4;
  if (random(3) > 0) traits['note'] = `note ${random(30)}`;
  if (random(3) > 0) traits['born'] = `20${10 + random(14)}-01-0${1 + random(9)}`;
  world.add(identify(`u${i}`, traits));
}
for (let i = 0; i < 400; i++) {
  world.add(
    track(`u${random(USER_COUNT)}`, oneOf(['Order', 'Order', 'View', 'Rare']), random(40), {
      total: random(50),
      sku: `s${random(5)}`,
    }),
  );
}

const OPEN = { property: 'total', op: 'gte', value: 10 } as const;
const LEAVES: readonly (() => Expression)[] = [
  () => ({ trait: 'plan', op: oneOf(['eq', 'neq'] as const), value: oneOf(['pro', 'free', 'none']) }),
  () => ({ trait: 'plan', op: oneOf(['exists', 'not_exists'] as const) }),
  () => ({ trait: 'age', op: oneOf(['lt', 'lte', 'gt', 'gte', 'eq', 'neq'] as const), value: random(60) }),
  () => ({ trait: 'age', op: oneOf(['in', 'not_in'] as const), value: [random(60), random(60), random(60)] }),
  () => ({ trait: 'score', op: 'between', value: [random(50), 50 + random(50)] }),
  () => ({ trait: 'note', op: oneOf(['contains', 'ends_with', 'matches'] as const), value: String(random(10)) }),
  () => ({ trait: 'born', op: oneOf(['before', 'after'] as const), value: `20${10 + random(14)}-01-01` }),
  () => ({ trait: 'tags', op: oneOf(['contains', 'not_contains'] as const), value: oneOf(['a', 'b']) }),
  () => ({ trait: 'first_seen', op: oneOf(['contains', 'starts_with'] as const), value: '2024' }),
  () => ({
    event: oneOf(['Order', 'View', 'Rare', 'None']),
    count: { op: oneOf(['gte', 'lt', 'eq'] as const), value: random(4) },
  }),
  () => ({
    event: 'Order',
    window: { last: `${random(40)}d` },
    count: { op: 'between', value: [random(2), 2 + random(4)] },
  }),
  () => ({
    event: 'Order',
    window: { last: `${random(40)}d` },
    where: [OPEN, { property: 'total', op: 'lt', value: random(60) }],
  }),
  () => ({
    event: 'View',
    where: [{ property: 'sku', op: oneOf(['eq', 'neq'] as const), value: 's1' }],
    count: { op: 'lte', value: 2 },
  }),
  () => ({
    event: 'Order',
    aggregate: {
      fn: oneOf(['sum', 'avg', 'min', 'max', 'count_distinct'] as const),
      property: 'total',
      op: 'gt',
      value: random(40),
    },
  }),
  () => ({
    event: 'Order',
    aggregate: { fn: oneOf(['first', 'last'] as const), property: 'sku', op: 'eq', value: 's2' },
  }),
];

/** Leaves come again, so that there is something to merge and to share. */
const used: Expression[] = [];
function expression(depth: number): Expression {
  const kind = depth === 0 ? 3 : random(5);
  if (kind === 0) return { not: expression(depth - 1) };
  if (kind <= 2) {
    const parts = Array.from({ length: 1 + random(4) }, () => expression(depth - 1));
    return kind === 1 ? { and: parts } : { or: parts };
  }
  if (used.length > 0 && random(3) === 0) return oneOf(used);
  const leaf = oneOf(LEAVES)();
  used.push(leaf);
  return leaf;
}

let pool: WorkerPool;
beforeAll(() => {
  pool = new WorkerPool(2);
});
afterAll(() => pool.close());

describe(`passes left out (KITH_SEED=${SEED})`, () => {
  const subsets = [[], [...PASS_NAMES], ...PASS_NAMES.map((name) => [name])];
  const ways = {
    'one thread': () => new ShardQuery(world.data, undefined, { hashSeed: HASH_SEED }),
    workers: () => {
      const yieldTurn = (): Promise<void> => Promise.resolve();
      return new ShardQuery(world.data, pool, { hashSeed: HASH_SEED, workerThresholdNs: 0, yieldTurn });
    },
  };
  for (const [way, make] of Object.entries(ways)) {
    it(`change no answer: ${way}`, async () => {
      const query = make();
      for (let e = 0; e < EXPRESSION_COUNT; e++) {
        used.length = Math.min(used.length, 8);
        const asked = expression(3);
        const expected = world.expected(asked);
        const tried = way === 'workers' ? [[], [...PASS_NAMES]] : [...subsets];
        for (let s = 0; s < SUBSETS_EACH; s++) tried.push(PASS_NAMES.filter(() => random(2) === 0));
        for (const passesOff of way === 'workers' ? tried.slice(0, 4) : tried) {
          const rows = await query.select(asked, { nowMs: NOW_MS, passesOff });
          expect(world.idsOf(rows), `off: ${passesOff.join()}\n${JSON.stringify(asked)}`).toEqual(expected);
        }
      }
      query.close();
    });
  }
});
