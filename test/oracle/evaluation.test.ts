/**
 * Two evaluators of the engine against each other and the naive model: whatever is selected, the evaluator that looks at one profile
 * says the same of every row, be it bound for many rows or for one; and every scan goes to a worker, however small it is.
 */
import { expect, test, vi } from 'vitest';
import type * as ShardQueryModule from '../../src/query/execution/shard-query.ts';
import { newTally } from './engine-check.ts';
import { checkWorld, PAIRS } from './engine-world.ts';
import { runProperty, TIMEOUT_MS } from './property-run.ts';
import { comparedRowCount } from './row-test-check.ts';

vi.mock('../../src/query/execution/shard-query.ts', async (original) => {
  const module = await original<typeof ShardQueryModule>();
  const { checkedShardQuery } = await import('./row-test-check.ts');
  return { ...module, ShardQuery: checkedShardQuery(module.ShardQuery, { workerThresholdNs: 0 }) };
});

test(
  'for any world workers and the evaluator of one profile agree with the naive model',
  async () => {
    const tally = newTally();
    const pair = PAIRS['four shards on disk and one that crashes'];
    await runProperty({ worldCount: 1, questionCount: 60, salt: 60, check: (world) => checkWorld(world, pair, tally) });
    expect(tally.questionCount).toBeGreaterThan(0);
    expect(comparedRowCount()).toBeGreaterThan(1_000);
  },
  TIMEOUT_MS,
);
