/**
 * Slots on the move while shards die, from a seed that is printed: KITH_TEST_SEED and KITH_TEST_RUNS say which and how many. Slow by the work of it, some ten
 * seconds a seed.
 */
import { describe, it } from 'vitest';
import { testSeed } from '../process/seed.ts';
import { playMovesWithDeaths } from './moves-with-deaths.ts';

const RUNS = Number(process.env['KITH_TEST_RUNS'] ?? 1);

describe('shards that die while their slots move', () => {
  const first = testSeed('moves with deaths');
  it.each(Array.from({ length: RUNS }, (_, i) => first + i))('are as one process at the end, seed %i', async (seed) => {
    await playMovesWithDeaths(seed);
  });
});
