/** How the oracle opens an engine: in a folder of its own, with a clock that only the test moves and nothing in the background. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../../src/engine/engine.ts';
import { open } from '../../src/engine/open.ts';

export interface ManualClock {
  /** Ms since the epoch. */
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

/** A folder that is gone after the callback, whatever happens in it. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'kith-oracle-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function openEngine(folder: string, shardCount: number, clock: ManualClock): Promise<Engine> {
  return open({ data: folder, shards: shardCount, clock, dedupWindowMs: 365 * 86_400_000 });
}
