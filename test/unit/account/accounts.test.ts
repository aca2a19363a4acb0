/** Accounts against the truth: traits, people, links and conditions in both directions, while people merge and calls come late. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, test } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import { open } from '../../../src/engine/open.ts';
import { checkAccounts } from './account-check.ts';
import { RandomWorld } from './random-world.ts';

const clock = { nowMs: () => Date.parse('2026-03-01T00:00:00Z') };
const folders: string[] = [];
const engines: Engine[] = [];

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

async function opened(data: string, shards: number): Promise<Engine> {
  const engine = await open({ data, shards, workers: 1, clock });
  engines.push(engine);
  return engine;
}

describe.each([1, 4])('accounts over %i shards', (shards) => {
  test.each([1, 2, 3])('are as the truth has them, seed %i', async (seed) => {
    const folder = mkdtempSync(join(tmpdir(), 'kith-accounts-'));
    folders.push(folder);
    const data = join(folder, 'data');
    let engine = await opened(data, shards);
    const world = new RandomWorld(seed);
    for (let round = 0; round < 8; round++) {
      await world.send(engine, 5 + world.int(40));
      if (world.truth.accounts().length === 0) continue;
      await checkAccounts(engine, world);
      if (round !== 4) continue;
      await engine.close();
      engine = await opened(data, shards);
      await checkAccounts(engine, world);
    }
  });
});
