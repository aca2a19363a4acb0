import { describe, expect, test } from 'vitest';
import { slotOf } from '../../src/client/cluster-map.ts';
import { KithError } from '../../src/client/kith-error.ts';
import { SlotMap } from '../../src/router/slot-map.ts';
import { type FakeServer, FakeWorld, HOME, turn } from './fake-world.ts';

const A = 'http://a.test:9001';
const B = 'http://b.test:9002';
const event = (userId: string) => ({ userId, event: 'E' });
const users = Array.from({ length: 60 }, (_, i) => `user-${i}`);

interface Shard {
  readonly address: string;
  readonly slotRanges: readonly (readonly [number, number])[];
}

function clusterMap(epoch: number, shards: readonly Shard[]): unknown {
  return {
    mode: 'cluster',
    slots: 1024,
    epoch,
    routers: [],
    shards: shards.map((shard, index) => ({ index, pid: 1, state: 'up', ...shard })),
  };
}

const halves = (epoch = 1): unknown =>
  clusterMap(epoch, [
    { address: A, slotRanges: [[0, 511]] },
    { address: B, slotRanges: [[512, 1023]] },
  ]);
const userIds = (server: FakeServer): string[] =>
  server.batches.flatMap(({ batch }) => batch.map(({ userId }: { userId: string }) => userId));
const owned = (from: number, to: number): string[] =>
  users.filter((user) => slotOf(user) >= from && slotOf(user) <= to).sort();

async function cluster(options: Parameters<FakeWorld['connect']>[0] = {}) {
  const world = new FakeWorld();
  const [a, b] = [world.server(A), world.server(B)];
  world.map = halves();
  const kith = await world.connect({ routing: 'auto', ...options });
  await world.clock.advance(5);
  return { world, a, b, kith };
}

test('slots are those of the server', () => {
  const map = new SlotMap(64);
  for (const key of ['u1', 'email:a@b.c', 'Zoë', 'x'.repeat(100), '']) {
    const bytes = Buffer.from(key);
    expect(Math.floor((slotOf(key) * 64) / 1024)).toBe(map.shardOfUser(bytes, 0, bytes.length));
  }
});

describe('direct routing', () => {
  test('brings items and lookups to the shard that owns them, all else to the url given', async () => {
    const { world, a, b, kith } = await cluster();
    await world.settled(Promise.all(users.map((userId) => kith.track(event(userId)))));
    expect(userIds(a).sort()).toEqual(owned(0, 511));
    expect(userIds(b).sort()).toEqual(owned(512, 1023));
    expect(world.home.batches).toEqual([]);
    const profiles = await world.settled(kith.getMany([...users, 'nobody']));
    expect(profiles.map((profile) => profile?.id)).toEqual([...users, undefined]);
    for (const [server, from] of [
      [a, 0],
      [b, 512],
    ] as const) {
      const asked = server.frames.filter(({ op }) => op === 'get').flatMap(({ ids }) => ids);
      expect(asked.filter((id) => id !== 'nobody').sort()).toEqual(owned(from, from + 511));
    }
    await world.settled(kith.query({ as: 'count' }));
    expect(world.home.frames.map(({ op }) => op)).toEqual(['query']);
    expect(kith.stats()).toMatchObject({ routing: 'direct', epoch: 1 });
    expect(kith.stats().doors.map(({ url }) => url)).toEqual([HOME, A, B]);
  });

  test('goes by the anonymousId where there is no userId, and by type:value for lookups', async () => {
    const { world, a, b, kith } = await cluster();
    const shardOf = (key: string): FakeServer => (slotOf(key) < 512 ? a : b);
    for (const anonymousId of ['a1', 'a2', 'a3', 'a4', 'a5']) {
      const before = shardOf(`anonymous_id:${anonymousId}`).batches.length;
      await world.settled(kith.track({ anonymousId, event: 'E' }));
      expect(shardOf(`anonymous_id:${anonymousId}`).batches).toHaveLength(before + 1);
    }
    for (const [id, key] of [
      [{ type: 'user_id', value: 'u:1' }, 'u:1'],
      [{ type: 'email', value: 'a@b.c' }, 'email:a@b.c'],
      ['email:a@b.c', 'email:a@b.c'],
    ] as const) {
      const before = shardOf(key).frames.length;
      await world.settled(kith.get(id));
      expect(shardOf(key).frames).toHaveLength(before + 1);
    }
    await world.settled(kith.identify({ context: { externalIds: [{ type: 'email', id: 'x@y.z' }] } }));
    expect(world.home.batches).toHaveLength(1);
  });

  test.each([
    [
      'a shard without an address',
      clusterMap(1, [
        { address: A, slotRanges: [[0, 511]] },
        { address: '', slotRanges: [[512, 1023]] },
      ]),
    ],
    [
      'an engine in one process',
      { ...(clusterMap(1, [{ address: '', slotRanges: [[0, 1023]] }]) as object), mode: 'embedded' },
    ],
    ['no map', new KithError('not_found', 'no such path')],
    ['what is no map', { hello: 1 }],
  ])('is left by auto for %s', async (_name, map) => {
    const world = new FakeWorld();
    world.server(A);
    world.map = map;
    const kith = await world.connect({ routing: 'auto' });
    await world.settled(kith.send(users.map((userId) => ({ type: 'track', ...event(userId) }))));
    expect(userIds(world.home)).toEqual(users);
    expect(kith.stats().routing).toBe('router');
    expect(world.warnings).toEqual([]);
  });

  test('as asked for uses the doors that there are', async () => {
    const world = new FakeWorld();
    const a = world.server(A);
    world.map = clusterMap(1, [
      { address: A, slotRanges: [[0, 511]] },
      { address: '', slotRanges: [[512, 1023]] },
    ]);
    const kith = await world.connect({ routing: 'direct' });
    await world.settled(kith.send(users.map((userId) => ({ type: 'track', ...event(userId) }))));
    expect(userIds(a).sort()).toEqual(owned(0, 511));
    expect(userIds(world.home).sort()).toEqual(owned(512, 1023));
  });

  test('never shows the key to another machine than was meant', async () => {
    const world = new FakeWorld();
    const local = world.server('http://127.0.0.1:9001');
    world.map = clusterMap(1, [{ address: 'http://127.0.0.1:9001', slotRanges: [[0, 1023]] }]);
    const kith = await world.connect({ routing: 'auto' });
    await world.settled(kith.track(event('u')));
    expect(local.connections).toEqual([]);
    expect(userIds(world.home)).toEqual(['u']);
    expect(world.warnings).toEqual(['direct_routing']);
    const secure = new FakeWorld();
    secure.server('https://home.test');
    const open = secure.server(A);
    secure.map = clusterMap(1, [{ address: A, slotRanges: [[0, 1023]] }]);
    await secure.connect({ routing: 'auto', url: 'https://home.test' });
    expect(open.connections).toEqual([]);
  });

  test('a map that cannot be read yet is read again', async () => {
    const world = new FakeWorld();
    world.server(A);
    world.server(B);
    world.map = new KithError('unreachable', 'x');
    const kith = await world.connect({ routing: 'auto' });
    expect(kith.stats().routing).toBe('router');
    world.map = halves();
    await world.clock.advance(1_000);
    expect(kith.stats()).toMatchObject({ routing: 'direct', epoch: 1 });
    expect(world.mapFetches).toBe(2);
  });
});

describe('a stale map', () => {
  test('is read again once when an answer tells of a later epoch; slots and doors follow', async () => {
    const { world, a, b, kith } = await cluster();
    expect(world.mapFetches).toBe(1);
    const c = world.server('http://c.test:9003');
    world.map = clusterMap(2, [
      { address: A, slotRanges: [[0, 511]] },
      { address: c.url, slotRanges: [[512, 1023]] },
    ]);
    a.epoch = 2;
    b.epoch = 2;
    await world.settled(kith.send(users.map((userId) => ({ type: 'track', ...event(userId) }))));
    await world.clock.advance(5);
    expect(world.mapFetches).toBe(2);
    expect(kith.stats().epoch).toBe(2);
    expect(b.connections.every(({ isEnded }) => isEnded)).toBe(true);
    await world.settled(kith.send(users.map((userId) => ({ type: 'track', ...event(userId) }))));
    expect(userIds(c).sort()).toEqual(owned(512, 1023));
    expect(world.mapFetches).toBe(2);
  });

  test('in answers to lookups too; a router that lags behind is asked again', async () => {
    const { world, a, b, kith } = await cluster();
    a.epoch = 3;
    b.epoch = 3;
    await world.settled(kith.get('user-1'));
    await world.clock.advance(500);
    expect(world.mapFetches).toBeGreaterThan(2);
    expect(kith.stats().epoch).toBe(1);
    world.map = halves(3);
    await world.clock.advance(5_000);
    const fetches = world.mapFetches;
    expect(kith.stats().epoch).toBe(3);
    await world.clock.advance(60_000);
    expect(world.mapFetches).toBe(fetches);
  });

  test('a retired door finishes what is under way and gives its queue to the new one', async () => {
    const { world, a, b, kith } = await cluster({ maxInFlight: 1, batch: { maxCount: 1 } });
    a.delayMs = 100;
    const all = kith.send(owned(0, 511).map((userId) => ({ type: 'track', ...event(userId) })));
    await turn();
    world.map = clusterMap(2, [{ address: B, slotRanges: [[0, 1023]] }]);
    b.epoch = 2;
    await world.settled(kith.get({ type: 'user_id', value: owned(512, 1023)[0] }));
    const outcomes = await world.settled(all);
    expect(outcomes.every(({ status }) => status === 'accepted')).toBe(true);
    expect(userIds(a)).toHaveLength(1);
    expect([...userIds(a), ...userIds(b)].sort()).toEqual(owned(0, 511));
    await world.clock.advance(1);
    expect(a.connections.every(({ isEnded }) => isEnded)).toBe(true);
  });
});

describe('a shard that is down', () => {
  test('is passed by over the router until it is back; what was under way goes that way too', async () => {
    const { world, a, kith } = await cluster();
    a.react = () => 'cut';
    a.admit = { status: 502 };
    world.clock.after(2, () => {
      a.admit = { status: 502 };
    });
    const fetches = world.mapFetches;
    const outcomes = await world.settled(kith.send(users.map((userId) => ({ type: 'track', ...event(userId) }))));
    expect(outcomes.every(({ status }) => status === 'accepted')).toBe(true);
    expect(userIds(world.home).sort()).toEqual(owned(0, 511));
    expect(a.stored.size).toBe(0);
    expect(world.mapFetches).toBeGreaterThan(fetches);
    expect(await world.settled(kith.get(owned(0, 511)[0]))).toMatchObject({ id: owned(0, 511)[0] });
    a.react = () => 'store';
    a.admit = 'in';
    await world.clock.advance(6_000);
    const before = a.batches.length;
    await world.settled(kith.track(event(owned(0, 511)[0])));
    expect(a.batches).toHaveLength(before + 1);
  });

  test('from the start does not hold anything up', async () => {
    const world = new FakeWorld();
    world.server(B);
    world.map = halves();
    const kith = await world.connect({ routing: 'auto' });
    const outcomes = await world.settled(kith.send(users.map((userId) => ({ type: 'track', ...event(userId) }))));
    expect(outcomes.every(({ status }) => status === 'accepted')).toBe(true);
    expect(userIds(world.home).sort()).toEqual(owned(0, 511));
  });

  test('close ends every door', async () => {
    const { world, a, b, kith } = await cluster();
    await world.settled(kith.close());
    for (const server of [world.home, a, b]) expect(server.connections.every(({ isEnded }) => isEnded)).toBe(true);
    expect(world.clock.step()).toBe(false);
  });
});
