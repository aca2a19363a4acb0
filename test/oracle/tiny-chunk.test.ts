/**
 * The engine with the smallest chunks that it can have, so that every column, scan and index of a small world has many of them, and so
 * many edges between them.
 */
import { expect, test, vi } from 'vitest';
import { newTally } from './engine-check.ts';
import { checkWorld, PAIRS } from './engine-world.ts';
import { runProperty, TIMEOUT_MS } from './property-run.ts';

vi.mock('../../src/memory/chunk-size.ts', () => ({ CHUNK_SHIFT: 5, CHUNK_ROWS: 32, CHUNK_MASK: 31, CHUNK_WORDS: 1 }));

test(
  'for any world an engine of tiny chunks agrees with the naive model',
  async () => {
    const tally = newTally();
    const pair = PAIRS['one shard on disk and four that crash'];
    await runProperty({ worldCount: 6, questionCount: 60, salt: 50, check: (world) => checkWorld(world, pair, tally) });
    expect(tally.questionCount).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);
