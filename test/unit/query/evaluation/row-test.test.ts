/** Three ways to one answer: the evaluator of one profile, scans (here and on workers), and the naive model. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Expression } from '../../../../src/model/expression.ts';
import { ExpressionBinder } from '../../../../src/query/binder/bind-expression.ts';
import { CodeSelector } from '../../../../src/query/binder/code-selector.ts';
import { RowSelector } from '../../../../src/query/binder/row-selector.ts';
import type { Selector } from '../../../../src/query/binder/selector.ts';
import { compileRowTest } from '../../../../src/query/evaluation/row-test.ts';
import { ShardQuery } from '../../../../src/query/execution/shard-query.ts';
import { WorkerPool } from '../../../../src/runtime/worker-pool.ts';
import { HASH_SEED, NOW_MS, type World } from '../execution/world.ts';
import { condition, items, worldOf } from './random-world.ts';

const SEED = Number(process.env['KITH_ORACLE_SEED'] ?? 20_240_615);
const RUNS = 12 * Number(process.env['KITH_ORACLE_ROUNDS'] ?? 1);

let pool: WorkerPool;
beforeAll(() => {
  pool = new WorkerPool(1);
});
afterAll(() => pool.close());

function idsByRow(world: World, where: Expression, selector: Selector): string[] {
  const binder = new ExpressionBinder(world.data, selector, { nowMs: NOW_MS, atMs: undefined });
  const holds = compileRowTest(binder.bind(where));
  return world.ids.filter((_, row) => holds(row)).sort();
}

it('one profile at a time gives what scans and the naive model give', async () => {
  await fc.assert(
    fc.asyncProperty(items, fc.array(condition, { minLength: 40, maxLength: 40 }), async (sent, conditions) => {
      const world = worldOf(sent);
      const selectors = [new RowSelector(), new CodeSelector(HASH_SEED, 1 << 20)];
      const here = new ShardQuery(world.data, undefined, { hashSeed: HASH_SEED });
      const onWorkers = new ShardQuery(world.data, pool, { hashSeed: HASH_SEED, workerThresholdNs: 0 });
      for (const [index, where] of conditions.entries()) {
        const expected = world.expected(where);
        const text = JSON.stringify(where);
        for (const selector of selectors) expect(idsByRow(world, where, selector), text).toEqual(expected);
        expect(world.idsOf(await here.select(where, { nowMs: NOW_MS })), text).toEqual(expected);
        if (index % 5 !== 0) continue;
        expect(world.idsOf(await onWorkers.select(where, { nowMs: NOW_MS })), text).toEqual(expected);
      }
    }),
    { seed: SEED, numRuns: RUNS, endOnFailure: process.env['KITH_ORACLE_ROUNDS'] !== undefined },
  );
}, 600_000);
