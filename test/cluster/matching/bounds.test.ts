/** What does not fit into memory is refused while it is read, in one process and in a cluster alike. */
import { describe, expect, it } from 'vitest';
import { assertRoomFor } from '../../../src/engine/matching/matching-people.ts';
import { openCluster, openEmbedded } from '../../helpers/test-engine.ts';
import { crowd } from '../../unit/engine/matching-people.ts';

const LIMIT_BYTES = 16 * 2 ** 20;

describe.each([
  ['one process', openEmbedded],
  ['a cluster', openCluster],
] as const)('%s', (_, open) => {
  it('fails a run whose records would take more than the limit leaves, and goes on', async () => {
    const engine = await open({ memoryLimitBytes: LIMIT_BYTES });
    expect(await engine.ingest(crowd(3, 60).items)).toMatchObject({ rejected: [] });
    await engine.matching.start({});
    const state = await engine.matching.settled();
    expect(state).toMatchObject({ state: 'failed', error: { code: 'memory_limit' } });
    expect(state.error?.message).toMatch(/comparing \d+ profiles and more takes over \d+ bytes.*raise memoryLimit/);
    expect((await engine.matching.suggestions('open', 5)).suggestions).toEqual([]);
    expect((await engine.matching.start({ fields: ['surname'] })).state).toBe('running');
    await engine.matching.settled();
    await engine.close();
  });
});

it('knows how many can be told apart, and how much they take', () => {
  expect(() => assertRoomFor(16_000_000, 2 ** 30 - 1, 8, 2 ** 33)).not.toThrow();
  expect(() => assertRoomFor(16_000_001, 1, 0, 2 ** 40)).toThrow('more than 16000000 profiles');
  expect(() => assertRoomFor(10, 2 ** 30, 1, 2 ** 33)).toThrow('memory limit leaves 8589934592');
  expect(() => assertRoomFor(10, 1, 0, -5)).toThrow('leaves 0;');
});
