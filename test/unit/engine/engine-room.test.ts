/** Room for more: memory up to the limit and no byte beyond it, a disk down to its reserve and no byte below it. */
import { expect, test } from 'vitest';
import { EngineRoom } from '../../../src/engine/engine-room.ts';
import { Core } from '../../sim/core.ts';
import { ManualClock } from '../supervisor/fake-world.ts';

const MIB = 2 ** 20;
const RESERVE_BYTES = 256 * MIB;
const LOOK_MS = 5_000;

test('memory: what shards and questions use, to the byte', async () => {
  const { shards, ...core } = await filled();
  const queries = { usedBytes: 0 };
  const used = (): number =>
    shards.reduce((sum, { memory, data }) => sum + memory.usedBytes + data.cache.usedBytes, queries.usedBytes);
  const memoryLimitBytes = used() + 1_000;
  const room = new EngineRoom({ shards, clock: core.clock, folder: undefined, memoryLimitBytes, queries });
  expect(room.usedBytes).toBe(used());
  expect(room.usedBytes).toBeGreaterThan(0);
  queries.usedBytes = 1_000;
  expect(room.fault()).toBeUndefined();
  queries.usedBytes = 1_001;
  expect(room.fault()).toMatchObject({ code: 'memory_limit', retryAfterMs: 30_000 });
  expect(room.fault()?.message).toContain(`${memoryLimitBytes + 1} bytes of its limit of ${memoryLimitBytes}`);
  queries.usedBytes = 0;
  expect(room.fault()).toBeUndefined();
});

test('the disk: looked at when it starts and every five seconds, until that is ended', async () => {
  const { shards, clock } = await filled();
  let freeBytes = RESERVE_BYTES - 1;
  let looks = 0;
  const folder = {
    freeBytes: () => {
      looks += 1;
      return freeBytes;
    },
  };
  const room = new EngineRoom({
    shards,
    clock,
    folder,
    memoryLimitBytes: Number.MAX_SAFE_INTEGER,
    queries: NO_QUERIES,
  });
  expect(room.fault()).toBeUndefined();
  const stop = room.start();
  expect(room.fault()).toMatchObject({ code: 'storage_failed', retryAfterMs: 30_000 });
  freeBytes = RESERVE_BYTES;
  clock.advance(LOOK_MS - 1);
  expect(room.fault()).toBeDefined();
  clock.advance(1);
  expect(room.fault()).toBeUndefined();
  freeBytes = 0;
  clock.advance(LOOK_MS);
  expect(room.fault()).toMatchObject({ code: 'storage_failed' });
  expect(looks).toBe(3);
  stop();
  clock.advance(10 * LOOK_MS);
  expect(looks).toBe(3);
});

test('an almost full disk is told before memory: what is refused for it cannot be helped by more memory', async () => {
  const { shards, clock } = await filled();
  const folder = { freeBytes: () => 0 };
  const room = new EngineRoom({ shards, clock, folder, memoryLimitBytes: 0, queries: NO_QUERIES });
  expect(room.fault()).toMatchObject({ code: 'memory_limit' });
  room.start();
  expect(room.fault()).toMatchObject({ code: 'storage_failed' });
});

test('without a disk nothing is looked at', async () => {
  const { shards, clock } = await filled();
  const room = new EngineRoom({
    shards,
    clock,
    folder: undefined,
    memoryLimitBytes: Number.MAX_SAFE_INTEGER,
    queries: NO_QUERIES,
  });
  room.start()();
  clock.advance(LOOK_MS);
  expect(room.fault()).toBeUndefined();
});

const NO_QUERIES = { usedBytes: 0 };

async function filled(): Promise<{ shards: Core['shards']; clock: ManualClock }> {
  const core = Core.fresh(2, { hashSeed: 1, isAutoFlush: true });
  await core.ingest(Array.from({ length: 20 }, (_, n) => ({ type: 'track', userId: `u${n}`, event: 'Seen' })));
  return { shards: core.shards, clock: new ManualClock() };
}
