/** A shard that has given its last slot away begins nothing any more, even in a process that does not know that it was retired: what it began would be lost when it leaves. */
import { pack } from 'msgpackr';
import { afterEach, expect, it } from 'vitest';
import type { WireBatch, WireOutcome } from '../../src/cluster/wire-batch.ts';
import { Peer } from '../../src/link/peer.ts';
import { evenOwners, SlotMap } from '../../src/router/slot-map.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { MemoryCluster } from './memory-cluster.ts';

const LEAVING = 2;
const slots = new SlotMap(3, evenOwners(3));
let cluster: MemoryCluster | undefined;

afterEach(async () => {
  expect(cluster?.fatal).toEqual([]);
  await cluster?.close();
  cluster = undefined;
});

function userOf(shard: number, prefix: string): string {
  for (let i = 0; ; i++) {
    if (slots.shardOf({ type: 'user_id', value: `${prefix}${i}` }) === shard) return `${prefix}${i}`;
  }
}

function batchOf(item: object, hops: number): WireBatch {
  return {
    receivedAtMs: systemClock.nowMs(),
    sentAtMs: Number.NaN,
    isImport: true,
    defaultKind: 0,
    idSeedHigh: 1,
    idSeedLow: 2,
    ack: 'durable',
    hops,
    count: 1,
    items: Uint8Array.from(pack(item)),
    indexes: Uint32Array.of(0),
  };
}

it('a retired shard that was started anew passes on, and takes nothing in hand', async () => {
  cluster = await MemoryCluster.open({ shards: 3 });
  const router = await cluster.router();
  const [a, b] = [userOf(0, 'a'), userOf(1, 'b')];
  for (const userId of [a, b]) {
    expect(await router.ingest([{ type: 'track', userId, event: 'Seen' }])).toMatchObject({ accepted: 1 });
  }
  const given = cluster.map.slotOwners.flatMap((owner, slot) => (owner === LEAVING ? [slot] : []));
  await cluster.moveSlots(given, 0, [router]);
  const retiring = new Peer(await cluster.network.dial(`shard-${LEAVING}`), { handlers: {}, clock: systemClock });
  await retiring.ready;
  await retiring.call('retire', null);
  await expect(retiring.call('ingest', batchOf({ type: 'track', userId: a, event: 'Seen' }, 0))).rejects.toMatchObject({
    code: 'shard_unavailable',
  });
  retiring.close();

  await cluster.hosts[LEAVING].close();
  cluster.storages[LEAVING] = cluster.storages[LEAVING].reopen();
  await cluster.start(LEAVING);
  await cluster.hosts[LEAVING].whenServing();
  const peer = new Peer(await cluster.network.dial(`shard-${LEAVING}`), { handlers: {}, clock: systemClock });
  await peer.ready;
  // A router that has not heard yet: a hop more, and nothing lost.
  const relayed = await peer.call<WireOutcome>('ingest', batchOf({ type: 'track', userId: a, event: 'Seen' }, 0));
  expect(relayed).toMatchObject({ accepted: 1, rejected: [] });
  // Passed on so often that the shard would take it in hand itself.
  const kept = await peer.call<WireOutcome>('ingest', batchOf({ type: 'alias', userId: a, previousId: b }, 3));
  expect(kept).toMatchObject({ accepted: 0, rejected: [{ code: 'shard_unavailable', retryable: true }] });
  const merge = { into: { type: 'user_id', value: a }, from: { type: 'user_id', value: b }, reason: 'request' };
  await expect(peer.call('merge', merge)).rejects.toMatchObject({ code: 'shard_unavailable' });
  for (const value of [a, b]) {
    const found = await router.lookup({ type: 'user_id', value });
    expect(found?.identifiers.map((one) => one.value)).toEqual([value]);
  }
  peer.close();
  await router.close();
});
