/** An item or a call that its shard dies of: refused after the second death, while all else is taken. */
import { afterEach, describe, expect, it } from 'vitest';
import { xxh32 } from '../../../src/base/hash.ts';
import { callKey } from '../../../src/cluster/quarantine-key.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { DeadlyCluster, hasText } from './deadly-cluster.ts';
import { sendUntilSettled } from './sender.ts';

const AT = '2026-01-02T03:04:05.000Z';
const POISON = 'Poisonous';
let cluster: DeadlyCluster | undefined;

afterEach(async () => {
  await cluster?.close();
  cluster = undefined;
});

const track = (i: number, event = 'Seen', userId = `u${i % 97}`): object => ({
  type: 'track',
  userId,
  event,
  messageId: `m${i}`,
  timestamp: AT,
});

/** A person of that shard of two. */
function userOf(shard: number, from = 0): string {
  for (let i = from; ; i++) {
    const bytes = Buffer.from(`person-${i}`);
    if ((xxh32(bytes, 0, bytes.length, 0) & 1_023) >> 9 === shard) return `person-${i}`;
  }
}

const isPoisonous = (method: string, args: unknown): boolean => method === 'ingest' && hasText(args, POISON);

describe.each([1, 2])('over %i router(s)', (routers) => {
  it('one poison item among thousands is refused after two deaths, and all others are acknowledged', async () => {
    cluster = await DeadlyCluster.open({ shards: 2, isDeadly: isPoisonous }, routers);
    const items = Array.from({ length: 3_000 }, (_, i) => track(i, i === 1_234 ? POISON : 'Seen'));
    const told = await sendUntilSettled(cluster.routers, items);
    expect(told.accepted).toBe(2_999);
    expect(told.refused).toMatchObject([{ code: 'quarantined', item: { event: POISON } }]);
    expect(told.refused[0].message).toMatch(/died .*kith cluster quarantine/);
    expect(cluster.deaths).toHaveLength(2);
    expect(cluster.found).toMatchObject([{ kind: 'item', what: 'track', event: POISON, messageId: 'm1234' }]);
    expect(cluster.kept.at(-1)).toHaveLength(1);
    await cluster.whenAllServe();
    const answer = await cluster.routers[0].query({ where: 'did "Seen"', as: 'count' });
    expect(answer).toMatchObject({ count: 97 });
    // Never again, whoever sends it, also over a router that came later.
    const later = await cluster.addRouter('later');
    for (const router of [...cluster.routers, later]) {
      const again = await router.ingest([items[1_234], track(5_000)], { isImport: true });
      expect(again.rejected).toMatchObject([{ index: 0, code: 'quarantined' }]);
      expect(again.accepted).toBe(1);
    }
    expect(cluster.deaths).toHaveLength(2);
  });
});

describe('a suspect', () => {
  it('is cleared when it is answered, and then goes with the others again', async () => {
    let deaths = 0;
    const isDeadly = (method: string): boolean => method === 'ingest' && ++deaths === 1;
    cluster = await DeadlyCluster.open({ shards: 1, isDeadly }, 1);
    const items = Array.from({ length: 50 }, (_, i) => track(i));
    await expect(cluster.routers[0].ingest(items, { isImport: true })).rejects.toMatchObject({
      code: 'shard_unavailable',
    });
    await cluster.whenAllServe();
    const told = await sendUntilSettled(cluster.routers, items);
    expect(told).toMatchObject({ accepted: 50, refused: [] });
    expect(cluster.deaths).toEqual([0]);
    // The one that killed, and fifty alone.
    expect(cluster.batches.map(({ count }) => count)).toEqual([50, ...new Array<number>(50).fill(1)]);
    // The router's last word is on its way to the court.
    await systemClock.yieldTurn();
    await systemClock.yieldTurn();
    expect(cluster.court.suspectCount).toBe(0);
    await cluster.routers[0].ingest(items, { isImport: true });
    expect(cluster.batches.at(-1)).toEqual({ shard: 0, count: 50 });
  });

  it('does not hold up what is not suspected', async () => {
    cluster = await DeadlyCluster.open({ shards: 1, isDeadly: isPoisonous }, 1);
    const [router] = cluster.routers;
    await expect(router.ingest([track(1, POISON)], { isImport: true })).rejects.toMatchObject({
      code: 'shard_unavailable',
    });
    await cluster.whenAllServe();
    const others = await sendUntilSettled(
      [router],
      Array.from({ length: 20 }, (_, i) => track(i + 10)),
    );
    expect(others).toMatchObject({ accepted: 20, refused: [] });
    const both = await sendUntilSettled([router], [track(1, POISON), track(40)]);
    expect(both).toMatchObject({ accepted: 1, refused: [{ code: 'quarantined', index: 0 }] });
    expect(cluster.deaths).toEqual([0, 0]);
  });

  it('that is let go may be sent again', async () => {
    let isOn = true;
    cluster = await DeadlyCluster.open({ shards: 1, isDeadly: (...call) => isOn && isPoisonous(call[0], call[1]) }, 1);
    const item = track(1, POISON);
    const told = await sendUntilSettled(cluster.routers, [item]);
    expect(told.refused).toMatchObject([{ code: 'quarantined' }]);
    isOn = false;
    expect(cluster.court.release('nothing')).toBe(false);
    expect(cluster.court.release(cluster.found[0].hash)).toBe(true);
    expect(cluster.kept.at(-1)).toEqual([]);
    await cluster.whenAllServe();
    // Word of it is on its way to the routers.
    await systemClock.yieldTurn();
    await systemClock.yieldTurn();
    expect(await sendUntilSettled(cluster.routers, [item])).toMatchObject({ accepted: 1, refused: [] });
  });

  it('is not condemned because somebody killed the process twice', async () => {
    let left = 2;
    const options = {
      shards: 1,
      end: 'killed' as const,
      isDeadly: (method: string) => method === 'ingest' && left-- > 0,
    };
    cluster = await DeadlyCluster.open(options, 1);
    expect(await sendUntilSettled(cluster.routers, [track(1)])).toMatchObject({ accepted: 1, refused: [] });
    expect(cluster.deaths).toEqual([0, 0]);
  });

  it('is condemned when it is killed alone three times', async () => {
    cluster = await DeadlyCluster.open({ shards: 1, end: 'killed', isDeadly: isPoisonous }, 1);
    const told = await sendUntilSettled(cluster.routers, [track(1, POISON)]);
    expect(told.refused).toMatchObject([{ code: 'quarantined' }]);
    expect(cluster.deaths).toHaveLength(4);
  });
});

it('an item that kills the shard it is passed on to is found too', async () => {
  const [here, there] = [userOf(0), userOf(1)];
  // The visitor's slot is the first shard's, and who they are lives on the second.
  cluster = await DeadlyCluster.open(
    { shards: 2, isDeadly: (m, args, shard) => shard === 1 && isPoisonous(m, args) },
    2,
  );
  const visitor = here;
  const start = [
    { type: 'identify', userId: there, anonymousId: visitor, messageId: 'i', timestamp: AT, traits: { a: 1 } },
    { type: 'track', userId: there, event: 'Seen', messageId: 's', timestamp: AT },
  ];
  await sendUntilSettled(cluster.routers, start);
  const poison = { type: 'track', anonymousId: visitor, event: POISON, messageId: 'p', timestamp: AT };
  const told = await sendUntilSettled(cluster.routers, [poison, ...Array.from({ length: 30 }, (_, i) => track(i))]);
  expect(told).toMatchObject({ accepted: 30, refused: [{ code: 'quarantined', item: poison }] });
  expect(new Set(cluster.deaths)).toEqual(new Set([1]));
  expect(cluster.deaths).toHaveLength(2);
});

describe('a call', () => {
  it('that kills its shard twice is refused for a while, and others are answered', async () => {
    const isDeadly = (method: string, args: unknown): boolean =>
      method === 'part_open' && JSON.stringify(args).includes(POISON);
    cluster = await DeadlyCluster.open({ shards: 2, isDeadly }, 2);
    await sendUntilSettled(
      cluster.routers,
      Array.from({ length: 50 }, (_, i) => track(i)),
    );
    const [first, second] = cluster.routers;
    const ask = { where: `did "${POISON}"`, as: 'count' } as const;
    let refusal: unknown;
    for (let i = 0; i < 400; i++) {
      const router = i % 2 === 0 ? first : second;
      await cluster.whenAllServe();
      // A link that is down has not tried yet: nothing is sent, and nothing can be lost.
      await router.whenUp();
      try {
        await router.query(ask);
      } catch (error) {
        if ((error as { code: string }).code === 'shard_unavailable') continue;
        refusal = error;
        break;
      }
    }
    expect(refusal).toMatchObject({ code: 'quarantined' });
    // Both shards are asked at once and both die of it.
    expect(cluster.deaths.length).toBeLessThanOrEqual(4);
    await cluster.whenAllServe();
    expect(cluster.found[0]).toMatchObject({ kind: 'call', what: 'part_open' });
    expect(cluster.kept).toEqual([]);
    await first.whenUp();
    expect(await first.query({ where: 'did "Seen"', as: 'count' })).toMatchObject({ count: 50 });
  });

  it('has the same name whatever time is left of it', () => {
    const request = { where: 'x', as: 'count' };
    const key = callKey('part_open', { request, nowMs: 1, timeoutMs: 2 });
    expect(callKey('part_open', { request, nowMs: 5, timeoutMs: 7 })).toBe(key);
    expect(callKey('part_open', { request: { ...request, where: 'y' }, nowMs: 1, timeoutMs: 2 })).not.toBe(key);
    expect(callKey('lookup', { identifiers: [] })).not.toBe(callKey('person', { identifiers: [] }));
  });
});
