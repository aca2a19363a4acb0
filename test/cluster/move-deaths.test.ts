/** Slots on the move while shards die: few seeds of what `move-deaths.slow.test.ts` plays, always the same ones. */
import { describe, expect, it } from 'vitest';
import { playMovesWithDeaths } from './moves-with-deaths.ts';

const TIMEOUT_MS = 300_000;

describe('shards that die while their slots move', () => {
  it(
    'are as one process at the end',
    async () => {
      const trace = await playMovesWithDeaths(2_002);
      expect(trace.filter((line) => line.includes(' die ')).length).toBeGreaterThan(2);
    },
    TIMEOUT_MS,
  );

  it(
    'one seed, one course of things',
    async () => {
      const trace = await playMovesWithDeaths(2_005);
      expect(await playMovesWithDeaths(2_005)).toEqual(trace);
    },
    TIMEOUT_MS,
  );
});
