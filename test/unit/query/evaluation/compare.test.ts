/** Comparisons of two fields by every way that a scan has for them: few values, so that equal ones meet. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AggregateFunction, Expression, FieldReference, Operator } from '../../../../src/model/expression.ts';
import { ExpressionBinder } from '../../../../src/query/binder/bind-expression.ts';
import { RowSelector } from '../../../../src/query/binder/row-selector.ts';
import { compileRowTest } from '../../../../src/query/evaluation/row-test.ts';
import { ShardQuery } from '../../../../src/query/execution/shard-query.ts';
import { WorkerPool } from '../../../../src/runtime/worker-pool.ts';
import { NUMBER_OPERATORS } from '../../../oracle/generate/expression.ts';
import { REFERENCE_OPERATORS } from '../../../oracle/generate/predicate.ts';
import { DAY_MS, HASH_SEED, identify, NOW_MS, track, World } from '../execution/world.ts';

const day = (daysAgo: number): string => new Date(NOW_MS - daysAgo * DAY_MS).toISOString();
/** By field; several fields of one type, and of many. */
const POOLS: Readonly<Record<string, readonly unknown[]>> = {
  small: [1, 2, 3, -1, undefined],
  wide: [1, 2, 300, 70_000, 1.5, 2, -1, undefined],
  word: ['a', 'ab', 'b', 'ß', '', undefined],
  name: ['a', 'ab', 'abc', 'b', 'cab', '', undefined],
  date: [day(1), day(2), day(3), '2024-06-13', '2024-06-13T12:00:00Z', '2024-06-13T14:00:00+02:00'],
  when: [day(1), day(2), day(4), '2024-06-12T12:00:00.000Z', '2024-06-13'],
  loose: [day(2), '2024-06-13', 'a', 'no date', '2024-13-01', undefined],
  flag: [true, false, undefined],
  other: [true, false, 1, 'true'],
  list: [[1, 2], ['a', 'ab'], [], ['2024-06-13', true], [[1], 'b'], 'a', 2],
  tags: [['a', 2], ['b', false], [day(2)], [3, [1]], undefined],
  mixed: [1, 'a', true, '2024-06-13', ['a', 1], null, { below: 1 }, [{ below: 2 }]],
};
const FIELDS = Object.keys(POOLS);
const AGGREGATED = ['small', 'wide', 'word', 'when', 'flag', 'list', 'mixed', 'never'];
const TRAITS = [...FIELDS, 'first_seen', 'last_seen', 'first_seen.below', 'mixed.below', 'never'];
const EVENT = 'Order Completed';

function fill(world: World): void {
  let seed = 99;
  const pick = (pool: readonly unknown[]): unknown => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return pool[(seed >>> 8) % pool.length];
  };
  const document = (): Record<string, unknown> => {
    const fields = FIELDS.map((name) => [name, pick(POOLS[name])] as const);
    return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
  };
  for (let user = 0; user < 70; user++) {
    const daysAgo = [1, 2, 3, 4][user % 4];
    world.add({ ...identify(`u${user}`, document()), timestamp: day(daysAgo) });
    for (let i = 0; i < user % 4; i++) world.add(track(`u${user}`, EVENT, daysAgo - (i % 2), document(), document()));
  }
}

function* comparisons(): Generator<Expression> {
  let turn = 0;
  for (const op of REFERENCE_OPERATORS) {
    turn += 1;
    for (const left of TRAITS) {
      for (const right of TRAITS) {
        // Each pair in one place per operator, in turn: all places meet all pairs over the operators.
        const place = turn++ % 3;
        if (place === 0) yield { trait: left, op, value: { trait: right } };
        else if (place === 1) yield { event: EVENT, where: [{ property: left, op, value: { trait: right } }] };
        else yield { event: EVENT, where: [{ property: left, op, value: { property: `context.${right}` } }] };
      }
    }
  }
}

function* aggregates(): Generator<Expression> {
  const functions: readonly AggregateFunction[] = ['sum', 'avg', 'min', 'max', 'count_distinct', 'first', 'last'];
  for (const fn of functions) {
    const isPicked = fn === 'first' || fn === 'last';
    const ops: readonly Operator[] = REFERENCE_OPERATORS.filter((op) => isPicked || NUMBER_OPERATORS.includes(op));
    for (const op of ops) {
      for (const property of AGGREGATED) {
        for (const trait of ['small', 'wide', 'name', 'loose', 'other', 'tags', 'first_seen', 'never']) {
          const value: FieldReference = { trait };
          yield { event: EVENT, aggregate: { fn, property, op, value } };
          if (property === 'small') yield { event: 'Never Sent', aggregate: { fn, property, op, value } };
        }
      }
    }
  }
}

const world = new World();
let pool: WorkerPool;
beforeAll(() => {
  fill(world);
  pool = new WorkerPool(1);
});
afterAll(() => pool.close());

async function check(all: Iterable<Expression>, onWorkersEvery: number): Promise<number> {
  const selector = new RowSelector();
  const here = new ShardQuery(world.data, undefined, { hashSeed: HASH_SEED });
  const onWorkers = new ShardQuery(world.data, pool, { hashSeed: HASH_SEED, workerThresholdNs: 0 });
  let number = 0;
  let hits = 0;
  for (const where of all) {
    number += 1;
    const expected = world.expected(where);
    if (expected.length > 0 && expected.length < world.ids.length) hits += 1;
    const text = JSON.stringify(where);
    const binder = new ExpressionBinder(world.data, selector, { nowMs: NOW_MS, atMs: undefined });
    const holds = compileRowTest(binder.bind(where));
    expect(world.ids.filter((_, row) => holds(row)).sort(), text).toEqual(expected);
    expect(world.idsOf(await here.select(where, { nowMs: NOW_MS })), text).toEqual(expected);
    if (number % onWorkersEvery !== 0) continue;
    expect(world.idsOf(await onWorkers.select(where, { nowMs: NOW_MS })), text).toEqual(expected);
  }
  return hits / number;
}

describe('another field on the right-hand side', () => {
  it('of a trait or a property, under every operator', async () => {
    expect(await check(comparisons(), 17)).toBeGreaterThan(0.3);
  }, 120_000);

  it('of an aggregate', async () => {
    expect(await check(aggregates(), 41)).toBeGreaterThan(0.1);
  }, 120_000);
});
