/**
 * `kill -9` of shards, routers and the supervisor at random, and other numbers of shards at random, under load for minutes; every acknowledged event is
 * counted once. KITH_TEST_MINUTES says how long (2), KITH_TEST_SEED plays the same order of kills again (not the same moments).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ClusterUnderLoad } from './cluster-under-load.ts';
import { randomOf, testSeed } from './seed.ts';

const MINUTES = Number(process.env['KITH_TEST_MINUTES'] ?? 2);
const ROUTERS = 2;
const SHARDS_MAX = 4;
const PAUSE_MAX_MS = 2_000;
const MINUTE_MS = 60_000;

it('whoever is killed, whenever: every acknowledged event is counted once', { timeout: 3_600_000 }, async () => {
  const random = randomOf(testSeed('random kills'));
  const cluster = await ClusterUnderLoad.start(2, ROUTERS, random.fork());
  cluster.beginLoad();
  const done = { shard: 0, router: 0, supervisor: 0, order: 0 };
  const endMs = Date.now() + MINUTES * MINUTE_MS;
  while (Date.now() < endMs) {
    // Mostly all are back and something was taken before the next one; sometimes nobody is.
    if (random.chance(70)) {
      await cluster.whole();
      await cluster.goesOn(50);
    }
    await delay(random.below(PAUSE_MAX_MS));
    const what = random.below(100);
    if (what < 50) {
      const { shards } = await cluster.view();
      if (await cluster.killShard(random.below(shards.length))) done.shard += 1;
    } else if (what < 65) {
      if (await cluster.killRouter(random.below(ROUTERS))) done.router += 1;
    } else if (what < 75) {
      await cluster.killSupervisor(ROUTERS);
      done.supervisor += 1;
    } else {
      await cluster.order(1 + random.below(SHARDS_MAX));
      done.order += 1;
    }
  }
  console.log(JSON.stringify({ ...done, acknowledged: cluster.settledCount }));
  await cluster.goesOn(100);
  await cluster.expectAll();
  expect(Math.min(...Object.values(done))).toBeGreaterThan(0);
});
