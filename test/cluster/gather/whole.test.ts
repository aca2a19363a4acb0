import { describe, expect, it } from 'vitest';
import { gatherExport } from '../../../src/cluster/gather/export.ts';
import { mergeStats } from '../../../src/cluster/gather/stats.ts';
import { exportPage } from '../../../src/engine/export-page.ts';
import { open } from '../../../src/engine/open.ts';
import { mergeStateHash, stateHashOf, stateHashPart } from '../../../src/engine/state-hash.ts';
import { testSeed } from '../../process/seed.ts';
import { crossed, randomCore } from './world.ts';

describe('the state hash from parts', () => {
  const seed = testSeed('the state hash from parts');

  it('is that of all shards together, in whatever order they are asked', async () => {
    for (const shardCount of [1, 2, 5]) {
      const core = await randomCore(seed, shardCount);
      const parts = core.shards.map((shard) => crossed(stateHashPart([shard])));
      expect(mergeStateHash(parts)).toBe(stateHashOf(core.shards));
      expect(mergeStateHash([...parts].reverse())).toBe(core.hash);
    }
    expect(mergeStateHash([])).toBe('0-0000000000000000');
  });
});

describe('the export from pages', () => {
  const seed = testSeed('the export from pages');

  it('is every living profile once, shards then rows, however small the pages', async () => {
    for (const shardCount of [1, 3]) {
      const core = await randomCore(seed, shardCount);
      for (const options of [{}, { events: 1_000_000 }]) {
        const expected: string[] = [];
        for (const { data, renderer } of core.shards) {
          for (let row = 0; row < data.profiles.count; row++) {
            if (data.isDead(row)) continue;
            renderer.render(row, options);
            expected.push(Buffer.from(renderer.bytes.subarray(renderer.start, renderer.end)).toString('utf8'));
          }
        }
        expect(expected.length).toBeGreaterThan(10);
        for (const sizeBytesMax of [1, 2_000, undefined]) {
          const given: string[] = [];
          const ask = async (shard: number, fromRow: number) =>
            crossed(exportPage(core.shards[shard], fromRow, options, sizeBytesMax));
          for await (const profile of gatherExport(shardCount, ask)) given.push(Buffer.from(profile).toString('utf8'));
          expect(given).toEqual(expected);
        }
      }
    }
  });

  it('ends a page at its size, and after so many rows', async () => {
    const core = await randomCore(seed, 1);
    const [shard] = core.shards;
    expect(exportPage(shard, 0, {}, 1).profiles).toHaveLength(1);
    await core.ingest(
      Array.from({ length: 700 }, (_, i) => ({ type: 'identify', userId: `new${i}`, traits: { n: i } })),
    );
    const rows: (number | null)[] = [];
    for (let from: number | null = 0; from !== null; from = rows[rows.length - 1])
      rows.push(exportPage(shard, from).nextRow);
    expect(rows.slice(0, 2)).toEqual([256, 512]);
    expect(rows[rows.length - 1]).toBeNull();
  });
});

describe('the figures from parts', () => {
  it('are those of one engine that got the same', async () => {
    const itemsOf = (name: string): readonly unknown[] => [
      ...Array.from({ length: 20 }, (_, i) => ({
        type: 'identify',
        userId: `${name}${i}`,
        messageId: `${name}${i}`,
        traits: { n: i },
      })),
      ...Array.from({ length: 5 }, (_, i) => ({
        type: 'track',
        userId: `${name}${i}`,
        event: 'E',
        messageId: `${name}-e${i}`,
      })),
      { type: 'identify', userId: `${name}0`, messageId: `${name}0`, traits: { n: 0 } },
      { type: 'track', userId: `${name}1` },
      { type: 'wrong', userId: `${name}1` },
    ];
    const [whole, first, second] = await Promise.all(
      [2, 1, 1].map((shards) => open({ data: ':memory:', shards, workers: 1 })),
    );
    for (const engine of [whole, first]) await engine.ingest(itemsOf('a'));
    for (const engine of [whole, second]) await engine.ingest(itemsOf('b'));
    const parts = [first, second].map((engine) => crossed(engine.stats()));
    const merged = mergeStats(parts);
    const { memoryBytes, memoryLimitBytes, shards, ...counted } = whole.stats();
    expect(merged).toMatchObject({ ...counted, shardCount: 2 });
    expect(Object.keys(merged).sort()).toEqual(Object.keys(whole.stats()).sort());
    expect(Object.keys(merged.memoryBytes).sort()).toEqual(Object.keys(memoryBytes).sort());
    expect([merged.shards, shards.length]).toEqual([parts.flatMap((part) => part.shards), 2]);
    expect(merged.memoryLimitBytes).toBe(2 * memoryLimitBytes);
    expect([merged.accepted, merged.duplicates, Object.keys(merged.rejectedByCode).length]).toEqual([52, 2, 2]);
    for (const engine of [whole, first, second]) await engine.close();
    expect(mergeStats([parts[0], first.stats()]).isReady).toBe(false);
    expect(mergeStats([]).isReady).toBe(false);
    const failed = { ...parts[0], droppedByReason: { checkpoint_failed: 1, identifier_taken: 2 } };
    expect(mergeStats([failed, failed]).droppedByReason).toEqual({ checkpoint_failed: 1, identifier_taken: 4 });
    expect(mergeStats(parts, { queries: 7, lookups: 9 })).toMatchObject({ queries: 7, lookups: 9, accepted: 52 });
  });
});
