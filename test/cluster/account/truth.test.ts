/** Accounts of a cluster against the truth, while people merge, calls come late and slots move; and with the first shard started anew. */
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/runtime/clock.ts';
import { checkAccounts } from '../../unit/account/account-check.ts';
import { RandomWorld } from '../../unit/account/random-world.ts';
import { MemoryCluster } from '../memory-cluster.ts';

const clock = { ...systemClock, nowMs: () => Date.parse('2026-03-01T00:00:00Z') };
let cluster: MemoryCluster | undefined;

afterEach(async () => {
  expect(cluster?.fatal).toEqual([]);
  await cluster?.close();
  cluster = undefined;
});

describe('accounts over a cluster', () => {
  test.each([1, 2])('are as the truth has them, seed %i', async (seed) => {
    cluster = await MemoryCluster.open({ shards: 3, clock });
    const routers = [await cluster.router(), await cluster.router('another')];
    const world = new RandomWorld(seed);
    for (let round = 0; round < 6; round++) {
      await world.send(routers[0], 5 + world.int(40));
      if (world.truth.accounts().length === 0) continue;
      await checkAccounts(routers[round % 2], world);
      const from = world.int(3);
      const slots = cluster.map.slotOwners.flatMap((owner, slot) => (owner === from ? [slot] : []));
      await cluster.moveSlots(slots.slice(0, 1 + world.int(slots.length)), (from + 1 + world.int(2)) % 3, routers);
      await checkAccounts(routers[(round + 1) % 2], world);
    }
    for (const router of routers) await router.close();
  });

  test('are asked of any door, and of a shard started anew', async () => {
    cluster = await MemoryCluster.open({ shards: 3, clock });
    const router = await cluster.router();
    const world = new RandomWorld(7);
    await world.send(router, 60);
    for (const { gateway } of cluster.hosts) await checkAccounts(gateway, world);
    for (const index of [2, 0]) {
      await cluster.hosts[index].close();
      cluster.storages[index] = cluster.storages[index].reopen();
      await cluster.start(index);
      await cluster.hosts[index].whenServing();
      await router.whenUp();
      await world.send(router, 20);
      await checkAccounts(router, world);
    }
    await router.close();
  });
});
