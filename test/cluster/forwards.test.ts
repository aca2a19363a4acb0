/** Where identifiers lead after word of it came late, or came to a shard that need not know: nobody is refused, and everybody is found. */
import { afterEach, expect, it } from 'vitest';
import type { ClusterEngine } from '../../src/cluster/cluster-engine.ts';
import { Peer } from '../../src/link/peer.ts';
import type { Identifier } from '../../src/model/profile.ts';
import { evenOwners, SlotMap } from '../../src/router/slot-map.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { MemoryCluster } from './memory-cluster.ts';

const SHARDS = 4;
const slots = new SlotMap(SHARDS, evenOwners(SHARDS));

let cluster: MemoryCluster | undefined;
let messageCount = 0;

afterEach(async () => {
  expect(cluster?.fatal).toEqual([]);
  await cluster?.close();
  cluster = undefined;
});

/** An identifier whose slot is the shard's, as is that of a visitor of this name: an alias asks for both. */
function of(shard: number, type: string, prefix: string): Identifier {
  for (let i = 0; ; i++) {
    const value = type === 'email' ? `${prefix}${i}@x.org` : `${prefix}${i}`;
    const namesakes = [type, 'anonymous_id'].map((one) => slots.shardOf({ type: one, value }));
    if (namesakes.every((owner) => owner === shard)) return { type, value };
  }
}

async function send(router: ClusterEngine, item: object): Promise<void> {
  messageCount += 1;
  const sent = { ...item, messageId: `m${messageCount}` };
  expect(await router.ingest([sent], { isImport: true })).toMatchObject({ accepted: 1, rejected: [] });
}

async function identifiersOf(router: ClusterEngine, identifier: Identifier): Promise<string[]> {
  const profile = await router.lookup(identifier);
  return [...new Set((profile?.identifiers ?? []).map(({ value }) => value))].sort();
}

/** As the supervisor tells it one after the other. */
async function give(from: number, to: number, given: readonly number[], told: readonly number[]): Promise<void> {
  const { network, map, hosts } = cluster!;
  const peer = new Peer(await network.dial(`shard-${from}`), { handlers: {}, clock: systemClock });
  await peer.ready;
  await peer.call('move_slots', { slots: given, to });
  peer.close();
  const slotOwners = map.slotOwners.map((owner, slot) => (given.includes(slot) ? to : owner));
  cluster!.map = { ...map, epoch: map.epoch + 1, slotOwners };
  for (const shard of told) hosts[shard].useMap(cluster!.map);
}

it('word of a merge that knew an older map does not undo the cut behind it', async () => {
  cluster = await MemoryCluster.open({ shards: SHARDS });
  const router = await cluster.router();
  const old = await cluster.router('router-of-the-old-map');
  const stays = of(0, 'user_id', 'stays');
  const comes = of(1, 'user_id', 'comes');
  const email = of(2, 'email', 'mail');
  for (let n = 0; n < 5; n++) await send(router, { type: 'track', userId: stays.value, event: 'Seen' });
  await send(router, { type: 'identify', userId: comes.value, traits: { email: email.value } });
  // The address' slot goes, and the shards of the two people have not heard of it.
  await give(2, 3, [slots.slotOf(email)], [2, 3]);
  cluster.network.cut('shard-3', 'shard-2');
  await send(old, { type: 'alias', userId: stays.value, previousId: comes.value });
  for (const host of cluster.hosts) host.useMap(cluster.map);
  router.useMap(cluster.map);
  expect(await identifiersOf(router, email)).toEqual([stays, comes, email].map(({ value }) => value).sort());
  await router.unmergeProfile({ profile: stays, identifiers: [comes, email] });
  const apart = [comes, email].map(({ value }) => value).sort();
  expect(await identifiersOf(router, email)).toEqual(apart);
  cluster.network.heal('shard-3', 'shard-2');
  // What the one that gave still had to say has been said.
  await send(router, {
    type: 'track',
    userId: of(3, 'user_id', 'other').value,
    anonymousId: of(2, 'anonymous_id', 'visitor').value,
    event: 'Seen',
  });
  expect(cluster.hosts.map((host) => host.stepsUnderWay().parts)).toEqual([0, 0, 0, 0]);
  expect(await identifiersOf(router, email)).toEqual(apart);
  await send(router, { type: 'identify', userId: comes.value, traits: { email: email.value } });
  await send(router, {
    type: 'identify',
    anonymousId: of(0, 'anonymous_id', 'late').value,
    traits: { email: email.value },
  });
  await router.close();
  await old.close();
});

it('a shard that remembers of where somebody went is not led astray by it after a cut', async () => {
  cluster = await MemoryCluster.open({ shards: SHARDS });
  const router = await cluster.router();
  const visitor = of(0, 'anonymous_id', 'visitor');
  const user = of(2, 'user_id', 'user');
  const larger = of(1, 'user_id', 'larger');
  const device = of(3, 'anonymous_id', 'device');
  for (let n = 0; n < 3; n++) await send(router, { type: 'track', anonymousId: visitor.value, event: 'Seen' });
  await send(router, { type: 'identify', userId: user.value, anonymousId: visitor.value });
  for (let n = 0; n < 9; n++) await send(router, { type: 'track', userId: larger.value, event: 'Seen' });
  // The profile leaves the visitor's shard, which remembers of all of its identifiers where they went.
  await send(router, { type: 'alias', userId: larger.value, previousId: visitor.value });
  await router.unmergeProfile({ profile: larger, identifiers: [user] });
  await send(router, { type: 'identify', userId: user.value, anonymousId: device.value });
  const apart = [user, device].map(({ value }) => value).sort();
  expect(await identifiersOf(router, device)).toEqual(apart);
  // Somebody of the visitor's shard comes with the device, which leads to the user.
  const other = of(0, 'user_id', 'other');
  await send(router, { type: 'track', userId: other.value, anonymousId: device.value, event: 'Seen' });
  expect(await identifiersOf(router, device)).toEqual(apart);
  await router.close();
});
