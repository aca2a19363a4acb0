/** Slots that go from shard to shard while people are written to and looked up: nobody is lost, doubled or not found. */
import { afterEach, expect, it } from 'vitest';
import { open } from '../../src/engine/open.ts';
import { MemoryCluster } from './memory-cluster.ts';

const START_MS = Date.parse('2026-01-02T03:04:05.000Z');
let cluster: MemoryCluster | undefined;

afterEach(async () => {
  expect(cluster?.fatal).toEqual([]);
  await cluster?.close();
  cluster = undefined;
});

function itemsOf(from: number, count: number): object[] {
  return Array.from({ length: count }, (_, k) => {
    const i = from + k;
    const messageId = `m${i}`;
    const timestamp = new Date(START_MS + i * 1_000).toISOString();
    const user = `u${(i * 7) % 90}`;
    const visitor = `a${(i * 11) % 150}`;
    if (i % 4 === 0) return { type: 'track', anonymousId: visitor, event: 'Seen', messageId, timestamp };
    if (i % 4 === 1)
      return { type: 'identify', userId: user, anonymousId: visitor, traits: { n: i }, messageId, timestamp };
    return { type: 'track', userId: user, event: 'Bought', properties: { total: i }, messageId, timestamp };
  });
}

it('moves every slot to another shard and back, with traffic going on', async () => {
  cluster = await MemoryCluster.open({ shards: 3 });
  const router = await cluster.router();
  const single = await open({ data: ':memory:', shards: 1 });
  let sent = 0;
  const send = async (count: number): Promise<void> => {
    const items = itemsOf(sent, count);
    sent += count;
    for (const item of items) {
      expect(await router.ingest([item], { isImport: true })).toMatchObject({ accepted: 1, rejected: [] });
      await single.ingest([item], { isImport: true });
    }
  };
  await send(200);
  for (let round = 0; round < 6; round++) {
    const from = round % 3;
    const slots = cluster.map.slotOwners.flatMap((owner, slot) => (owner === from ? [slot] : []));
    const traffic = send(60);
    for (let i = 0; i < slots.length; i += 128) {
      await cluster.moveSlots(slots.slice(i, i + 128), (from + 1) % 3, [router]);
    }
    await traffic;
    for (let i = 0; i < 90; i += 7) {
      const identifier = { type: 'user_id', value: `u${i}` };
      expect(await router.lookup(identifier, { events: 100 })).toEqual(single.lookup(identifier, { events: 100 }));
    }
  }
  expect(await router.stateHash()).toBe(single.stateHash());
  expect((await router.query({ as: 'count' })) as object).toMatchObject({ count: single.stats().profiles });
  expect(cluster.hosts.map((host) => host.stats().profiles)).toEqual([single.stats().profiles, 0, 0]);
  await router.close();
  await single.close();
});

it('counts everybody exactly once while people move', async () => {
  // People are away for as long as the disk takes: whoever asks meets it.
  cluster = await MemoryCluster.open({ shards: 2, flushTurns: 50 });
  const router = await cluster.router();
  await router.ingest(
    Array.from({ length: 2_000 }, (_, i) => ({ type: 'track', userId: `u${i}`, event: 'Seen', messageId: `m${i}` })),
  );
  let isMoving = true;
  const moves = (async () => {
    for (let slot = 0; slot < 512; slot += 16) {
      const slots = Array.from({ length: 16 }, (_, k) => slot + k);
      await cluster!.moveSlots(slots, 1, [router]);
    }
    isMoving = false;
  })();
  let asked = 0;
  while (isMoving) {
    expect(await router.query({ where: 'did "Seen"', as: 'count' })).toMatchObject({ count: 2_000 });
    asked += 1;
    // At another point of the move each time.
    for (let turn = (asked * 37) % 70; turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve));
  }
  await moves;
  expect(asked).toBeGreaterThan(3);
  expect(cluster.hosts.map((host) => host.stats().profiles)).toEqual([0, 2_000]);
  await router.close();
});
