import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { diceOf } from '../property/memory-world.ts';
import { Core } from './core.ts';
import { crashRound } from './crash-round.ts';
import { type Item, traffic } from './traffic.ts';

const scenario = fc.record({
  seed: fc.integer(),
  shardCount: fc.constantFrom(1, 4),
  people: fc.integer({ min: 1, max: 9 }),
  batchCount: fc.integer({ min: 2, max: 25 }),
});

async function ingestAll(core: Core, batches: readonly Item[][]): Promise<void> {
  for (const batch of batches) await core.ingest(batch);
}

test('for any traffic, a restart from the log alone gives the same state under another hash seed', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ seed, shardCount, people, batchCount }) => {
      const core = Core.fresh(shardCount, { hashSeed: 1, isAutoFlush: true });
      const batches = traffic(seed, { batchCount, people, hasRetries: true });
      await ingestAll(core, batches);
      const again = core.reopened({ hashSeed: 2 });
      expect(again.state()).toEqual(core.state());
      expect(again.hash).toBe(core.hash);
      expect(again.recoveredCount).toBe(0);
      // And it goes on as the first would have.
      const more = traffic(seed + 1, { batchCount: 5, people, hasRetries: false });
      await ingestAll(core, more);
      await ingestAll(again, more);
      expect(again.state()).toEqual(core.state());
    }),
    { numRuns: 60 },
  );
});

test('for any traffic with checkpoints in the middle of it, a restart gives the same state and knows every message', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ seed, shardCount, people, batchCount }) => {
      const dice = diceOf(seed);
      let core = Core.fresh(shardCount, { hashSeed: 1, isAutoFlush: true });
      const batches = traffic(seed, { batchCount, people, hasRetries: true });
      const queue = [...batches];
      while (queue.length > 0) {
        await core.ingest(queue.shift()!);
        if (dice(4) === 0) {
          const shard = core.shards[dice(shardCount)];
          const seqBefore = shard.appliedSeq;
          const { seq } = await shard.checkpoint(async () => {
            if (queue.length > 0 && dice(2) === 0) await core.ingest(queue.shift()!);
          });
          expect(seq).toBe(seqBefore);
          expect(shard.storage.log.firstSeq).toBe(seq + 1);
          expect(shard.memory.liveSnapshotCount).toBe(0);
        }
        if (dice(6) === 0) {
          const again = core.reopened({ hashSeed: 77 });
          expect(again.state()).toEqual(core.state());
          core = again;
        }
      }
      // From the checkpoint alone.
      for (const shard of core.shards) await shard.checkpoint(async () => undefined);
      const last = core.reopened({ hashSeed: 78 });
      expect(last.state()).toEqual(core.state());
      expect(last.hash).toBe(core.hash);
      for (const batch of batches) {
        const { accepted, duplicates } = await last.ingest(batch);
        expect(duplicates).toBe(accepted);
      }
      expect(last.state()).toEqual(core.state());
      const fresh = Core.fresh(1, { hashSeed: 5, isAutoFlush: true });
      await ingestAll(fresh, batches);
      expect(last.state()).toEqual(fresh.state());
    }),
    { numRuns: 80 },
  );
});

test('a checkpoint after no change writes no page, and after one event only a few', async () => {
  const core = Core.fresh(1, { hashSeed: 1, isAutoFlush: true });
  await ingestAll(core, traffic(5, { batchCount: 200, people: 300, hasRetries: false }));
  const [shard] = core.shards;
  const first = await shard.checkpoint(async () => undefined);
  expect(first.writtenPageCount).toBeGreaterThan(50);
  expect((await shard.checkpoint(async () => undefined)).writtenPageCount).toBe(0);
  await core.ingest([
    {
      type: 'track',
      userId: 'u1',
      event: 'Event 1',
      properties: { price: 1 },
      messageId: 'x',
      timestamp: '2026-01-01',
    },
  ]);
  const small = await shard.checkpoint(async () => undefined);
  expect(small.writtenPageCount).toBeGreaterThan(5);
  expect(small.writtenPageCount).toBeLessThan(20);
  const again = core.reopened({ hashSeed: 9 });
  expect((await again.shards[0].checkpoint(async () => undefined)).writtenPageCount).toBe(0);
  expect(again.state()).toEqual(core.state());
});

test('for any crash of one shard, what is recovered is the state after some batch', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ seed, people, batchCount }) => {
      const dice = diceOf(seed);
      const core = Core.fresh(1, { hashSeed: 1, isAutoFlush: false });
      const [storage] = core.storages;
      const [shard] = core.shards;
      const stateAt = new Map([[0, core.state()]]);
      for (const batch of traffic(seed, { batchCount, people, hasRetries: true })) {
        await core.ingest(batch);
        stateAt.set(shard.appliedSeq, core.state());
        if (dice(3) === 0) storage.flush(1 + dice(shard.appliedSeq + 1));
        if (dice(6) === 0) {
          storage.flush();
          await shard.checkpoint(async () => undefined);
        }
      }
      const { durableSeq } = storage.log;
      const crashed = storage.crash({ loseUnflushed: true, random: () => dice(1_000) / 1_000 });
      const again = new Core([crashed], { hashSeed: 2 });
      expect(again.shards[0].appliedSeq).toBeGreaterThanOrEqual(durableSeq);
      expect(again.state()).toEqual(stateAt.get(again.shards[0].appliedSeq));
    }),
    { numRuns: 60 },
  );
});

test('for any crash that takes a different tail from each shard, a client that sends everything again loses nothing and doubles nothing', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, ({ seed, people, batchCount }) => crashRound({ seed, people, batchCount })),
    { numRuns: 80 },
  );
});

test('a checkpoint waits until its records are durable', async () => {
  const storage = new MemoryStorage({ isAutoFlush: false });
  const core = new Core([storage], { hashSeed: 1 });
  await core.ingest([{ type: 'track', userId: 'u', event: 'E', messageId: '1', timestamp: '2026-01-01' }]);
  let isDone = false;
  const checkpoint = core.shards[0]
    .checkpoint(async () => undefined)
    .then(() => {
      isDone = true;
    });
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  expect(isDone).toBe(false);
  expect(storage.checkpoints.latest()).toBeUndefined();
  storage.flush();
  await checkpoint;
  expect(storage.checkpoints.latest()).toBeDefined();
});

test('a disk that fails during a checkpoint is told as storage_failed, and the snapshot is let go', async () => {
  const storage = new MemoryStorage({ isAutoFlush: true });
  const core = new Core([storage], { hashSeed: 1 });
  await core.ingest([{ type: 'track', userId: 'u', event: 'E', messageId: '1', timestamp: '2026-01-01' }]);
  const [shard] = core.shards;
  let isFailed = false;
  const checkpoint = shard.checkpoint(async () => {
    if (!isFailed) storage.failDisk();
    isFailed = true;
  });
  await expect(checkpoint).rejects.toMatchObject({ code: 'storage_failed' });
  expect(shard.memory.liveSnapshotCount).toBe(0);
});
