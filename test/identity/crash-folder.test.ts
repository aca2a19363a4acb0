/** The same crashes on a disk: a data folder, of which each shard's log keeps what had reached it at an instant of its own. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLmdbStorage } from '../../src/storage/lmdb-storage.ts';
import { diceOf } from '../property/memory-world.ts';
import { type Scenario, scenarios } from './crash-scenarios.ts';
import { calmPortraits, finish, give, openHost } from './crash-script.ts';

const CRASH_COUNT = 2;
const CHOSEN = [
  'two profiles of one shard become one, and that moves',
  'a visitor is separated from the user and moves home',
  'one item brings identifiers of three shards',
];

let root = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kith-identity-crash-'));
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

/** Takes records of the shard's log back that came behind `seq`. Gives how many. */
async function cutLog(folder: string, shard: number, seq: number): Promise<number> {
  const storage = await openLmdbStorage({ path: join(folder, `shard-${shard}`) });
  const count = storage.log.lastSeq - seq;
  if (count > 0) await storage.log.cutAfter(seq);
  await storage.close();
  return count;
}

async function crashes({ shards, steps, name }: Scenario, seed: number): Promise<number> {
  const dice = diceOf(seed);
  const expected = await calmPortraits(shards, steps);
  const data = await mkdtemp(join(root, 'calm-'));
  const host = await openHost(shards, { data });
  const seqs: number[][] = [host.engine.stats().shards.map(({ durableSeq }) => durableSeq)];
  for (const step of steps) {
    await give(host, step).done;
    seqs.push(host.engine.stats().shards.map(({ durableSeq }) => durableSeq));
  }
  let lost = 0;
  for (let crash = 0; crash < CRASH_COUNT; crash++) {
    const folder = join(root, `${name} ${crash}`);
    await cp(data, folder, { recursive: true });
    // Everything up to this step was acknowledged.
    const done = dice(steps.length);
    for (let shard = 0; shard < shards; shard++) {
      const [from, to] = [seqs[done][shard], seqs[steps.length][shard]];
      lost += await cutLog(folder, shard, from + dice(to - from + 1));
    }
    const opened = await openHost(shards, { data: folder, nowMs: host.nowMs });
    const last = await finish(opened, steps.slice(done), steps.slice(0, done), expected);
    await last.engine.close();
  }
  await host.engine.close();
  return lost;
}

for (const [i, scenario] of scenarios()
  .filter(({ name }) => CHOSEN.includes(name))
  .entries()) {
  test(`${scenario.name}: on a disk too, the client ends where no crash would have led`, async () => {
    expect(await crashes(scenario, 31 + i)).toBeGreaterThan(0);
  });
}
