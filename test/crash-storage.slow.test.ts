/** Kills a writing process with SIGKILL at many moments; see `unit/storage/crash-round.ts` for what must hold. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleChild } from './unit/storage/child-process.ts';
import { runCrashRound } from './unit/storage/crash-round.ts';

const ROUND_COUNT = 40;

describe('LmdbStorage', () => {
  it(
    'has every acknowledged record and a whole checkpoint after each of many kills',
    async () => {
      const path = mkdtempSync(join(tmpdir(), 'kith-crash-'));
      try {
        const script = await bundleChild('crash-child');
        let lastSeq = 0;
        for (let round = 0; round < ROUND_COUNT; round += 1) {
          const lineCount = 1 + ((round * 7_919) % 613);
          const found = await runCrashRound({ script, path, seed: round, lineCount });
          expect(found).toBeGreaterThanOrEqual(lastSeq);
          lastSeq = found;
        }
      } finally {
        rmSync(path, { recursive: true, force: true });
      }
    },
    10 * 60_000,
  );
});
