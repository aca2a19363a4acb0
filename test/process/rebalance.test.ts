/** Real processes: slots move to a third shard and back under load, and whoever takes part is killed in the midst. */
import { expect, it } from 'vitest';
import { runCommand } from '../cli/run-command.ts';
import { ClusterUnderLoad } from './cluster-under-load.ts';
import { ADMIN_KEY } from './kith-process.ts';
import { randomOf, testSeed } from './seed.ts';

it('slots move while giver, taker and supervisor are killed; nothing is lost or there twice', async () => {
  const cluster = await ClusterUnderLoad.start(2, 1, randomOf(testSeed('moves with kills')));
  cluster.beginLoad();
  await cluster.goesOn(200);
  await cluster.order(3);
  const first = await cluster.amidMove(0);
  expect(await cluster.killShard(0)).toBe(true);
  const second = await cluster.amidMove(first);
  expect(await cluster.killShard(2)).toBe(true);
  await cluster.amidMove(second);
  await cluster.killSupervisor(1);
  const grown = await cluster.spread(3);
  expect(grown.shards.map(({ slotCount }) => slotCount).sort()).toEqual([341, 341, 342]);
  await cluster.goesOn(200);

  await cluster.order(2);
  await cluster.amidMove(0);
  expect(await cluster.killShard(2)).toBe(true);
  const connection = ['--url', cluster.kith.url, '--key', ADMIN_KEY];
  const told = await runCommand(['cluster', 'rebalance', '--shards', '2', '--json', ...connection], {
    isRealTime: true,
  });
  expect([told.exitCode, told.stderr]).toEqual([0, '']);
  const shrunk = await cluster.spread(2);
  expect(shrunk.shards.map(({ slotCount }) => slotCount)).toEqual([512, 512]);
  await cluster.goesOn(200);
  await cluster.expectAll();
});
