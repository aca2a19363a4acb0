import { expect, test } from 'vitest';
import { MemoryStorage } from '../../../src/storage/memory-storage.ts';
import { Core } from '../../sim/core.ts';

const event = (n: number, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  type: 'track',
  userId: 'u',
  event: 'E',
  messageId: `m${n}`,
  timestamp: '2026-01-01T00:00:00.000Z',
  ...more,
});

test('a checkpoint that is ahead of its log is refused at the start, before seqs are given out twice', async () => {
  const core = Core.fresh(1, { hashSeed: 1, isAutoFlush: true });
  await core.ingest([event(1)]);
  await core.shards[0].checkpoint(async () => undefined);
  const [kept] = core.storages;
  const emptied = new MemoryStorage({ isAutoFlush: true }, undefined, kept.checkpoints);
  expect(() => new Core([emptied], { hashSeed: 1 })).toThrow(expect.objectContaining({ code: 'storage_failed' }));
});

test('a second checkpoint can be taken after one that failed before its commit', async () => {
  const core = Core.fresh(1, { hashSeed: 1, isAutoFlush: true });
  for (let i = 0; i < 50; i++) await core.ingest([event(i, { event: `E${i}` })]);
  const [shard] = core.shards;
  let turns = 0;
  const failing = shard.checkpoint(async () => {
    turns += 1;
    throw new Error('stop');
  });
  await expect(failing).rejects.toThrow('stop');
  expect(turns).toBe(1);
  expect(shard.memory.liveSnapshotCount).toBe(0);
  await shard.checkpoint(async () => undefined);
  expect(core.reopened({ hashSeed: 3 }).state()).toEqual(core.state());
});

test('events without a messageId get the same one again in a replay', async () => {
  const core = Core.fresh(2, { hashSeed: 1, isAutoFlush: true });
  await core.ingest([
    event(1, { messageId: null }),
    event(2, { messageId: '', userId: 'v' }),
    event(3),
    event(4, { messageId: undefined }),
  ]);
  const again = core.reopened({ hashSeed: 9 });
  expect(again.state()).toEqual(core.state());
  const ids = core.profiles().flatMap((profile) => profile.events!.map(({ messageId }) => messageId));
  expect(new Set(ids).size).toBe(4);
  expect(ids.filter((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toHaveLength(
    3,
  );
});

test('a profile table with hundreds of event names and thousands of traits is saved and read back', async () => {
  const core = Core.fresh(1, { hashSeed: 1, isAutoFlush: true });
  for (let i = 0; i < 20; i++) {
    const traits = Object.fromEntries(Array.from({ length: 200 }, (_, t) => [`t${i}_${t}`, { deep: t }]));
    await core.ingest([
      event(i, { event: `Event ${i * 7}` }),
      { ...event(i), type: 'identify', messageId: `i${i}`, traits },
    ]);
  }
  await core.shards[0].checkpoint(async () => undefined);
  expect(core.reopened({ hashSeed: 5 }).state()).toEqual(core.state());
});
