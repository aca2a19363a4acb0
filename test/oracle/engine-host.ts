/**
 * Where the oracle's engines live and how they stop: in a folder, closed in order, so that they come back from a checkpoint;
 * or in memory, struck down, so that they come back from a checkpoint made on the way (if any) and the log after it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../../src/engine/engine.ts';
import { open } from '../../src/engine/open.ts';
import type { IdentitySettings } from '../../src/model/identity.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';

export interface ManualClock {
  /** Ms since the epoch; only the test moves it. */
  time: number;
  nowMs(): number;
}

export function manualClock(): ManualClock {
  return {
    time: 0,
    nowMs() {
      return this.time;
    },
  };
}

export interface EngineHost {
  readonly name: string;
  /** Absent = the default rules for identifiers. */
  open(clock: ManualClock, identity?: IdentitySettings): Promise<Engine>;
  /** The engine is gone afterwards; the next `open` finds what it left. */
  stop(engine: Engine): Promise<void>;
}

/** Every messageId of a world is remembered; nothing happens in the background. */
const OPTIONS = { dedupWindowMs: 3_650 * 86_400_000, checkpointIntervalMs: 0, workers: 1 };

/** An engine on disk for the length of the callback. */
export async function onDisk<T>(shardCount: number, use: (host: EngineHost) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'kith-oracle-'));
  try {
    return await use({
      name: `${shardCount} on disk`,
      open: (clock, identity) => open({ ...OPTIONS, data: folder, shards: shardCount, clock, identity }),
      stop: (engine) => engine.close(),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An engine that is never closed in order: each stop is a crash that keeps what was appended. */
export async function crashing<T>(shardCount: number, use: (host: EngineHost) => Promise<T>): Promise<T> {
  let storages = Array.from({ length: shardCount }, () => new MemoryStorage({ isAutoFlush: true }));
  return use({
    name: `${shardCount} crashing`,
    open: (clock, identity) =>
      open({ ...OPTIONS, shards: shardCount, clock, identity, storage: (index) => storages[index] }),
    stop: async (engine) => {
      storages = storages.map((storage) => storage.crash({ loseUnflushed: false }));
      // Only to let its threads go; its storage no longer listens.
      await engine.close().catch(() => undefined);
    },
  });
}
