/**
 * The engine with the smallest chunks that it can have, so that every column, scan and index of a small world has many of them, and so
 * many edges between them. 32 rows, because a scan packs the bits of 32 rows into a word and no two chunks may write to one word. All
 * on this thread: workers are built code, which knows the true size only.
 */
import { expect, test, vi } from 'vitest';
import { CHUNK_ROWS } from '../../src/memory/chunk-size.ts';
import { U8Column } from '../../src/memory/fixed-column.ts';
import { SlabMemory } from '../../src/memory/slab-memory.ts';
import type * as ShardQueryModule from '../../src/query/execution/shard-query.ts';
import { newTally } from './engine-check.ts';
import { checkWorld, PAIRS } from './engine-world.ts';
import { runProperty, TIMEOUT_MS } from './property-run.ts';

vi.mock('../../src/memory/chunk-size.ts', () => ({ CHUNK_SHIFT: 5, CHUNK_ROWS: 32, CHUNK_MASK: 31, CHUNK_WORDS: 1 }));
vi.mock('../../src/query/execution/shard-query.ts', async (original) => {
  const module = await original<typeof ShardQueryModule>();
  const { checkedShardQuery } = await import('./row-test-check.ts');
  return {
    ...module,
    ShardQuery: checkedShardQuery(module.ShardQuery, { workerThresholdNs: Number.POSITIVE_INFINITY }),
  };
});

test('the chunks are tiny', () => {
  const column = new U8Column(new SlabMemory());
  for (let i = 0; i < 100; i++) column.push(i);
  expect(CHUNK_ROWS).toBe(32);
  expect(column.chunkCount).toBe(4);
});

test(
  'for any world an engine of tiny chunks agrees with the naive model',
  async () => {
    const tally = newTally();
    const pair = PAIRS['one shard on disk and four that crash'];
    await runProperty({ worldCount: 2, questionCount: 60, salt: 50, check: (world) => checkWorld(world, pair, tally) });
    expect(tally.questionCount).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);
