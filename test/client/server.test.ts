/** The client against real servers: with a front between them that cuts, and two of them as shards of a cluster. */
import { createServer, type Server } from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { KithClient } from '../../src/client/client.ts';
import { slotOf } from '../../src/client/cluster-map.ts';
import { type ConnectOptions, connect } from '../../src/client/connect.ts';
import type { ClusterMap } from '../../src/cluster/cluster-map.ts';
import { slotRanges as slotRangesOf } from '../../src/model/cluster.ts';
import { EngineError } from '../../src/model/error.ts';
import { DEFAULT_INGEST_LIMITS } from '../../src/model/limits.ts';
import type { ServerOptions } from '../../src/server/options.ts';
import { startServer } from '../../src/server/server.ts';
import { MemoryCluster } from '../cluster/memory-cluster.ts';
import { openCluster, openEmbedded, type TestEngine } from '../helpers/test-engine.ts';
import { rig } from '../server/harness.ts';

const KEYS = { write: ['w'], read: ['r'], admin: ['a'] };
const endings: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function serve(
  options: ServerOptions = {},
  openEngine = openEmbedded,
): Promise<{ readonly engine: TestEngine; readonly url: string; readonly port: number }> {
  const engine = await openEngine();
  endings.push(() => engine.close());
  const server = await startServer(engine, { port: 0, keys: KEYS, ...options });
  endings.push(() => server.close());
  return { engine, url: server.url, port: Number(new URL(server.url).port) };
}

async function client(url: string, options: ConnectOptions = {}): Promise<KithClient> {
  const kith = await connect({ url, key: 'a', backoff: { minMs: 1, maxMs: 20 }, ...options });
  endings.push(() => kith.close({ waitMs: 0 }));
  return kith;
}

interface Front {
  readonly url: string;
  connectionCount: number;
  map: unknown;
  mapFetches: number;
  /** Bytes that a connection lets through towards the client before it is cut. */
  budgetBytes: () => number;
}

/** Passes streams on to `port`, and answers `/v1/cluster` itself. */
async function front(port: number): Promise<Front> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((_request, response) => {
    state.mapFetches += 1;
    response.writeHead(state.map === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(state.map ?? { error: { code: 'not_found', message: 'no map' } }));
  });
  server.on('upgrade', (request, socket: Socket) => {
    state.connectionCount += 1;
    const upstream = net.connect(port, '127.0.0.1');
    let leftBytes = state.budgetBytes();
    const end = (): void => {
      socket.destroy();
      upstream.destroy();
    };
    for (const one of [socket, upstream]) {
      sockets.add(one);
      one.on('error', end);
      one.on('close', () => {
        sockets.delete(one);
        end();
      });
    }
    upstream.on('data', (data) => {
      if (data.length > leftBytes) {
        end();
        return;
      }
      leftBytes -= data.length;
      socket.write(data);
    });
    const lines = [`GET ${request.url} HTTP/1.1`];
    for (let i = 0; i < request.rawHeaders.length; i += 2)
      lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
    upstream.write(`${lines.join('\r\n')}\r\n\r\n`);
    socket.pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const state: Front = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connectionCount: 0,
    map: undefined,
    mapFetches: 0,
    budgetBytes: () => Number.POSITIVE_INFINITY,
  };
  endings.push(() => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return state;
}

describe.each([
  ['a server', openEmbedded],
  ['a router of a cluster', openCluster],
])('%s', (_name, openEngine) => {
  test('stores all kinds of calls, and answers lookups and questions', async () => {
    const { url } = await serve({}, openEngine);
    const kith = await client(url);
    await Promise.all([
      kith.identify({
        userId: 'u1',
        traits: { email: 'ada@example.com', country: 'DE', gone: undefined, born: new Date(0) },
      }),
      kith.track({ userId: 'u1', event: 'Order Completed', properties: { total: 12.5, products: [{ id: 1 }] } }),
      kith.page({ userId: 'u1', name: 'Home' }),
      kith.screen({ userId: 'u1', name: 'Main' }),
      kith.group({ userId: 'u1', groupId: 'g1', traits: { plan: 'pro' } }),
      kith.track({ anonymousId: 'a1', event: 'Seen', timestamp: '2024-01-31T12:00:00.000Z' }),
    ]);
    const profile = await kith.get('u1', { events: 10 });
    expect(profile).toMatchObject({ id: 'u1', traits: { country: 'DE' } });
    expect(profile?.traits).not.toHaveProperty('gone');
    expect(profile?.events?.map(({ event }) => event).sort()).toEqual([
      'Group Joined',
      'Order Completed',
      'Page Viewed',
      'Screen Viewed',
    ]);
    expect(await kith.get({ type: 'email', value: 'ada@example.com' })).toMatchObject({ id: 'u1' });
    const [anonymous, nobody] = await kith.getMany([{ type: 'anonymous_id', value: 'a1' }, 'nobody'], { events: 1 });
    expect(anonymous?.events).toMatchObject([{ event: 'Seen', timestamp: '2024-01-31T12:00:00.000Z' }]);
    expect(nobody).toBeUndefined();
    const answer = await kith.query({ where: 'did "Order Completed" and country = "DE"', as: 'ids' });
    expect(answer).toMatchObject({ ids: ['u1'] });
    expect(answer).not.toHaveProperty('ref');
    await expect(kith.query({ where: 'country =' })).rejects.toMatchObject({ code: 'query_syntax' });
    await expect(kith.track({ userId: 'u1' } as never)).rejects.toMatchObject({ code: 'missing_event' });
    await expect(kith.track({ event: 'E' })).rejects.toMatchObject({ code: 'missing_user' });
  });

  test('takes many at once from many callers, each once', async () => {
    const { engine, url } = await serve({}, openEngine);
    const kith = await client(url, { maxBufferedItems: 2_000 });
    const senders = Array.from({ length: 20 }, async (_, sender) => {
      for (let i = 0; i < 5; i += 1) {
        const outcomes = await kith.send(
          Array.from({ length: 200 }, (_, j) => ({
            type: 'track',
            userId: `u${sender}-${j}`,
            event: 'E',
            properties: { i },
          })),
        );
        expect(outcomes.every(({ status }) => status === 'accepted')).toBe(true);
      }
    });
    await Promise.all(senders);
    expect(await engine.query({ where: 'did "E" exactly 5 times', as: 'count' })).toMatchObject({ count: 4_000 });
    expect(kith.stats()).toMatchObject({ acceptedCount: 20_000, retriedCount: 0, bufferedItemCount: 0 });
  });

  test('refuses what the key may not, and a wrong key', async () => {
    const { url } = await serve({}, openEngine);
    await expect(connect({ url, key: 'nope' })).rejects.toMatchObject({ name: 'KithError', code: 'unauthorized' });
    await expect(connect({ url })).rejects.toMatchObject({ code: 'unauthorized' });
    const reader = await client(url, { key: 'r' });
    await expect(reader.track({ userId: 'u', event: 'E' })).rejects.toMatchObject({ code: 'forbidden' });
    const writer = await client(url, { key: 'w' });
    await writer.track({ userId: 'u', event: 'E' });
    await expect(writer.get('u')).rejects.toMatchObject({ code: 'forbidden' });
    expect(await reader.get('u')).toMatchObject({ counts: { E: 1 } });
  });

  test('without keys takes none', async () => {
    const { url } = await serve({ keys: {} }, openEngine);
    const kith = await client(url, { key: undefined });
    await kith.track({ userId: 'u', event: 'E' });
    expect(await kith.get('u')).toMatchObject({ id: 'u' });
  });
});

describe('a server', () => {
  test('that is not there is told', async () => {
    const { url } = await serve();
    await endings.pop()!();
    await expect(connect({ url, connectForMs: 60, backoff: { minMs: 5, maxMs: 5 } })).rejects.toMatchObject({
      code: 'unreachable',
    });
  });

  test('that is under pressure is asked again until it takes the items', async () => {
    const { engine, url } = await rig();
    const warnings: string[] = [];
    const kith = await client(url, { key: 'admin-key', onWarning: ({ code }) => warnings.push(code) });
    engine.pressure = new EngineError('memory_limit', 'full', { retryAfterMs: 1 });
    const call = kith.track({ userId: 'u1', event: 'E' });
    while (!warnings.includes('refused')) await new Promise((resolve) => setImmediate(resolve));
    engine.pressure = undefined;
    await call;
    expect(engine.ingested).toHaveLength(1);
  });

  test.each([
    ['says so', 32_768],
    // Past twice the limit the transport hangs up without a word.
    ['cuts', 4_096],
  ])('that allows smaller frames, and %s, gets smaller frames', async (_name, bodySizeBytes) => {
    const { engine, url } = await rig({ limits: { ...DEFAULT_INGEST_LIMITS, bodySizeBytes } });
    const kith = await client(url, { key: 'admin-key' });
    const properties = { text: 'x'.repeat(400) };
    const outcomes = await kith.send(
      Array.from({ length: 100 }, (_, i) => ({ type: 'track', userId: `u${i}`, event: 'E', properties })),
    );
    expect(outcomes.every(({ status }) => status === 'accepted')).toBe(true);
    expect(await engine.query({ as: 'count' })).toMatchObject({ count: 100 });
  });
});

test('connections that are cut again and again lose nothing and double nothing', async () => {
  const { engine, port } = await serve();
  const between = await front(port);
  // The greeting has 200 bytes; an ack some 45. Every third connection gets further.
  between.budgetBytes = () =>
    between.connectionCount % 3 === 0 ? 3_000 : 150 + ((between.connectionCount * 97) % 700);
  const kith = await client(between.url, { batch: { maxCount: 20 }, retryForMs: 600_000 });
  const calls: Promise<unknown>[] = [];
  for (let i = 0; i < 4_000; i += 1) calls.push(kith.track({ userId: `u${i % 100}`, event: 'E', properties: { i } }));
  for (let i = 0; i < 100; i += 1) calls.push(kith.query({ as: 'count' }));
  await Promise.all(calls);
  await kith.flush();
  expect(between.connectionCount).toBeGreaterThan(5);
  expect(await engine.query({ where: 'did "E" exactly 40 times', as: 'count' })).toMatchObject({ count: 100 });
  expect(kith.stats()).toMatchObject({ acceptedCount: 4_000, refusedCount: 0 });
});

describe('two shards behind a router', () => {
  const users = Array.from({ length: 200 }, (_, i) => `user-${i}`);
  const shardMap = (epoch: number, ...shards: readonly (readonly [string, number, number])[]): unknown => ({
    mode: 'cluster',
    slots: 1024,
    epoch,
    routers: [],
    shards: shards.map(([address, from, to], index) => ({
      index,
      pid: 1,
      address,
      state: 'up',
      slotCount: to - from + 1,
      slotRanges: [[from, to]],
    })),
  });

  test('get each what they own, by their own doors', async () => {
    const [router, first, second] = [await serve(), await serve(), await serve()];
    const between = await front(router.port);
    between.map = shardMap(7, [first.url, 0, 511], [second.url, 512, 1023]);
    const kith = await client(between.url);
    expect(kith.stats()).toMatchObject({ routing: 'direct', epoch: 7 });
    // A door counts as soon as it is being dialled: nothing goes by the router.
    await Promise.all(users.map((userId) => kith.track({ userId, event: 'E' })));
    for (const userId of users) {
      const isFirst = slotOf(userId) < 512;
      expect((await first.engine.lookup({ type: 'user_id', value: userId })) !== undefined).toBe(isFirst);
      expect((await second.engine.lookup({ type: 'user_id', value: userId })) !== undefined).toBe(!isFirst);
    }
    expect(await router.engine.query({ as: 'count' })).toMatchObject({ count: 0 });
    const profiles = await kith.getMany(users);
    expect(profiles.map((profile) => profile?.id)).toEqual(users);
    expect(await kith.query({ as: 'count' })).toMatchObject({ count: 0 });
  });

  test('one of them away: its items go by the router', async () => {
    const [router, first] = [await serve(), await serve()];
    const between = await front(router.port);
    const away = await front(1);
    between.map = shardMap(1, [first.url, 0, 511], [away.url, 512, 1023]);
    const kith = await client(between.url);
    await Promise.all(users.map((userId) => kith.track({ userId, event: 'E' })));
    for (const userId of users) {
      const there = slotOf(userId) < 512 ? first.engine : router.engine;
      expect(await there.lookup({ type: 'user_id', value: userId })).toMatchObject({ counts: { E: 1 } });
    }
    expect(between.mapFetches).toBeGreaterThan(1);
  });
});

test('a map that changed is fetched again when an answer tells of it', async () => {
  const cluster = await MemoryCluster.open({ shards: 2 });
  endings.push(() => cluster.close());
  const doors = await Promise.all(cluster.hosts.map(({ gateway }) => startServer(gateway, { port: 0, keys: KEYS })));
  endings.push(() => Promise.all(doors.map((door) => door.close())));
  const between = await front(Number(new URL(doors[0].url).port));
  const shards = doors.map(({ url: address }, index) => ({ ...cluster.map.shards[index], address }));
  const tell = (map: ClusterMap): void => {
    const slotRanges = (index: number) => slotRangesOf(1024, (slot) => map.slotOwners[slot] === index);
    const told = shards.map((shard) => ({ ...shard, slotCount: 0, slotRanges: slotRanges(shard.index) }));
    between.map = { mode: 'cluster', slots: 1024, epoch: map.epoch, routers: [], shards: told };
  };
  tell(cluster.map);
  const kith = await client(between.url);
  expect(kith.stats()).toMatchObject({ routing: 'direct', epoch: 1 });
  await kith.track({ userId: 'u1', event: 'E' });
  expect(await kith.get('u1')).toMatchObject({ counts: { E: 1 } });
  expect(between.mapFetches).toBe(1);
  // By an ack, then by a lookup: each time the map that tells of no other owners, of a later epoch.
  for (const [epoch, ask] of [
    [2, () => kith.track({ userId: 'u1', event: 'E' })],
    [3, () => kith.get('u1')],
  ] as const) {
    const map = { ...cluster.map, epoch };
    tell(map);
    for (const host of cluster.hosts) host.useMap(map);
    await ask();
    while (kith.stats().epoch !== epoch) await new Promise((resolve) => setImmediate(resolve));
    expect(between.mapFetches).toBe(epoch);
  }
});
