/**
 * A client that never gives up against an engine that keeps losing its tail: batches, flushes and checkpoints at random, then a
 * power cut that takes a different tail from each shard, some times over; at last everything is sent once more.
 */
import { expect } from 'vitest';
import { diceOf } from '../property/memory-world.ts';
import { Core } from './core.ts';
import { traffic } from './traffic.ts';

export interface CrashRoundOptions {
  readonly seed: number;
  readonly people: number;
  readonly batchCount: number;
}

const SHARD_COUNT = 4;

/** The state at the end is that of an engine that never crashed. */
export async function crashRound({ seed, people, batchCount }: CrashRoundOptions): Promise<void> {
  const dice = diceOf(seed);
  const batches = traffic(seed, { batchCount, people, hasRetries: false });
  const calm = Core.fresh(SHARD_COUNT, { hashSeed: 3, isAutoFlush: true });
  for (const batch of batches) await calm.ingest(batch);
  let core = Core.fresh(SHARD_COUNT, { hashSeed: 1, isAutoFlush: false });
  for (let crashes = 1 + dice(3); crashes > 0; crashes--) {
    for (const batch of batches.slice(0, 1 + dice(batches.length))) {
      await core.ingest(batch);
      const at = dice(SHARD_COUNT);
      if (dice(3) === 0) core.storages[at].flush(1 + dice(core.shards[at].appliedSeq + 1));
      if (dice(8) === 0) {
        await core.checkpoint(at);
      }
    }
    const random = (): number => dice(1_000) / 1_000;
    const crashed = core.storages.map((storage) => storage.crash({ loseUnflushed: true, random }));
    core = await Core.afterCrash(crashed, { hashSeed: 100 + crashes });
    expectEveryoneFound(core);
  }
  for (const batch of batches) await core.ingest(batch);
  expectEveryoneFound(core);
  expect(core.state()).toEqual(calm.state());
}

function expectEveryoneFound(core: Core): void {
  for (const profile of core.profiles()) {
    for (const identifier of profile.identifiers) expect(core.lookup(identifier)?.id).toBe(profile.id);
  }
}
