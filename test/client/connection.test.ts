import { describe, expect, test } from 'vitest';
import { FakeWorld, type Frame, turn } from './fake-world.ts';

const event = (userId: string) => ({ userId, event: 'E' });
const ids = (frame: Frame): string[] => frame.batch.map(({ messageId }: { messageId: string }) => messageId);

describe('connect', () => {
  test('waits for a server that comes up late', async () => {
    const world = new FakeWorld();
    world.home.admit = { status: 503, body: { error: { code: 'shutting_down', message: 'x' } } };
    world.clock.after(2_000, () => {
      world.home.admit = 'in';
    });
    const kith = await world.connect();
    expect(kith.stats()).toMatchObject({ isConnected: true, routing: 'router' });
    expect(world.home.connections.length).toBeGreaterThan(3);
  });

  test('gives up after its time, saying why', async () => {
    const world = new FakeWorld();
    world.home.admit = 'never';
    await expect(world.connect()).rejects.toMatchObject({ code: 'unreachable' });
    await expect(world.connect({ url: 'http://elsewhere.test', connectForMs: 500 })).rejects.toThrow(/ECONNREFUSED/);
    // It dials no more.
    expect(world.clock.step()).toBe(false);
  });

  test.each([
    [{ status: 401, body: { error: { code: 'unauthorized', message: 'a valid key is needed' } } }, 'unauthorized'],
    [{ status: 401 }, 'unauthorized'],
    [{ status: 4401 }, 'unauthorized'],
    [{ status: 403 }, 'forbidden'],
  ])('a key that is refused is told at once: %j', async (admit, code) => {
    const world = new FakeWorld();
    world.home.admit = admit;
    await expect(world.connect()).rejects.toMatchObject({ code });
    expect(world.home.connections).toHaveLength(1);
  });

  test('options that cannot be are refused', async () => {
    const world = new FakeWorld();
    for (const options of [
      { url: 'nonsense' },
      { url: 'ftp://x' },
      { batch: { maxCount: 0 } },
      { batch: { maxCount: 6_000 } },
      { retryForMs: -1 },
      { maxInFlight: 1.5 },
      { ack: 'sometimes' as 'durable' },
      { routing: 'round' as 'auto' },
    ]) {
      await expect((async () => world.connect(options))()).rejects.toMatchObject({ code: 'invalid_request' });
    }
  });
});

describe('a connection that breaks', () => {
  test('comes back, and what was not acknowledged is sent again, in its order, under the same ids', async () => {
    const world = new FakeWorld();
    let cuts = 3;
    world.home.react = () => {
      if (world.home.batches.length % 3 !== 0 || cuts === 0) return 'store';
      cuts -= 1;
      return cuts % 2 === 0 ? 'store-and-cut' : 'cut';
    };
    const kith = await world.connect({ batch: { maxCount: 5 } });
    const receipts = await world.settled(
      Promise.all(Array.from({ length: 100 }, (_, i) => kith.track(event(`u${i}`)))),
    );
    expect(cuts).toBe(0);
    expect([...world.home.stored.keys()]).toEqual(receipts.map(({ messageId }) => messageId));
    expect(world.home.batches.flatMap(ids).length).toBeGreaterThan(100);
    expect(world.home.connections).toHaveLength(4);
    expect(world.warnings).toEqual(['connection_lost', 'connection_lost', 'connection_lost']);
  });

  test('for too long rejects what waits', async () => {
    const world = new FakeWorld();
    const kith = await world.connect({ retryForMs: 5_000 });
    world.home.admit = { status: 502 };
    world.home.cut();
    await world.clock.advance(10);
    const startMs = world.clock.monotonicMs();
    await expect(world.settled(kith.track(event('a')))).rejects.toMatchObject({
      code: 'unreachable',
      messageId: 'm-1',
    });
    expect(world.clock.monotonicMs() - startMs).toBe(5_000);
    const question = world.settled(kith.query({ as: 'count' }));
    await expect(question).rejects.toMatchObject({ code: 'unreachable' });
    world.home.admit = 'in';
    await world.settled(kith.track(event('b')));
    expect([...world.home.stored.keys()]).toEqual(['m-2']);
  });

  test('is dialled with growing waits', async () => {
    const world = new FakeWorld();
    await world.connect();
    world.home.admit = { status: 502 };
    world.home.cut();
    await world.clock.advance(30_000);
    // Waits of 3/4 of 50, 100, 200 … 5,000 ms.
    expect(world.home.connections.length).toBeGreaterThan(8);
    expect(world.home.connections.length).toBeLessThan(20);
  });

  test('takes lookups and questions along', async () => {
    const world = new FakeWorld();
    let cuts = 2;
    world.home.react = () => {
      cuts -= 1;
      return cuts >= 0 ? 'cut' : 'store';
    };
    const kith = await world.connect();
    const answers = Promise.all([kith.get('u1'), kith.query({ as: 'count' })]);
    expect(await world.settled(answers)).toMatchObject([{ id: 'u1' }, { count: 0 }]);
  });

  test('unseen is found: silence is answered by a ping, more silence by a cut', async () => {
    const world = new FakeWorld();
    const kith = await world.connect();
    await world.clock.advance(25_000);
    expect(world.home.frames.map(({ op }) => op)).toContain('ping');
    expect(world.home.connections).toHaveLength(1);
    world.home.react = () => 'ignore';
    await world.clock.advance(45_000);
    expect(world.warnings).toContain('connection_lost');
    world.home.react = () => 'store';
    await world.settled(kith.track(event('a')));
    expect(world.home.connections.length).toBeGreaterThan(1);
  });

  test('an answer that never comes is a broken connection, pings or no pings', async () => {
    const world = new FakeWorld();
    let lost = 0;
    world.home.react = ({ op }) => {
      if (op !== 'batch' || lost > 0) return 'store';
      lost += 1;
      return 'ignore';
    };
    const kith = await world.connect();
    await world.settled(kith.track(event('a')));
    expect(world.home.batches.map(ids)).toEqual([['m-1'], ['m-1']]);
    expect(world.home.connections).toHaveLength(2);
  });

  test('bytes that are no answer end it; an error for no frame is told', async () => {
    const world = new FakeWorld();
    const kith = await world.connect();
    world.home.connections[0].say({ ref: null, error: { code: 'malformed_msgpack', message: 'x' } });
    await turn();
    expect(world.warnings).toEqual(['refused']);
    world.home.connections[0].sayBytes(Uint8Array.of(0x81));
    await turn();
    expect(world.warnings).toEqual(['refused', 'connection_lost']);
    await world.settled(kith.track(event('a')));
  });
});

describe('reads', () => {
  test('asked for in one turn travel in one frame for each choice of fields', async () => {
    const world = new FakeWorld();
    const kith = await world.connect();
    const answers = await world.settled(
      Promise.all([
        kith.get('u1'),
        kith.getMany(['u2', 'nobody', { type: 'email', value: 'a@b.c' }]),
        kith.get('u3', { fields: ['name'], events: 5 }),
      ]),
    );
    expect(answers).toEqual([
      { id: 'u1', traits: {} },
      [{ id: 'u2', traits: {} }, undefined, { id: 'a@b.c', traits: {} }],
      { id: 'u3', traits: {} },
    ]);
    expect(world.home.frames).toMatchObject([
      { op: 'get', ids: ['u1', 'u2', 'nobody', { type: 'email', value: 'a@b.c' }], format: 'json' },
      { op: 'get', ids: ['u3'], fields: ['name'], events: 5 },
    ]);
  });

  test('go out in frames of at most 1,000, within a bound', async () => {
    const world = new FakeWorld();
    const kith = await world.connect({ maxPendingReads: 1_500 });
    const found = await world.settled(kith.getMany(Array.from({ length: 3_200 }, (_, i) => `u${i}`)));
    expect(found.map((profile) => profile?.id)).toEqual(Array.from({ length: 3_200 }, (_, i) => `u${i}`));
    expect(Math.max(...world.home.frames.map((frame) => frame.ids.length))).toBe(1_000);
    expect(kith.stats().pendingReadCount).toBe(0);
  });

  test('that are refused reject; what passes is tried again', async () => {
    const world = new FakeWorld();
    let refusals = 2;
    world.home.react = ({ op, where }) => {
      if (where === 'x =') return { error: { code: 'query_syntax', message: 'no value', details: { position: 3 } } };
      refusals -= op === 'query' ? 1 : 0;
      return op === 'query' && refusals >= 0 ? { error: { code: 'shard_unavailable', message: 'x' } } : 'store';
    };
    const kith = await world.connect();
    await expect(world.settled(kith.query({ where: 'x =' }))).rejects.toMatchObject({
      code: 'query_syntax',
      details: { position: 3 },
    });
    expect(await world.settled(kith.query({ as: 'count' }))).toEqual({ count: 0, tookMs: 1, watermark: [1] });
    // One bad id does not sink those who ask in the same turn.
    const good = kith.get('u1');
    await expect(kith.get(5 as never)).rejects.toMatchObject({ code: 'invalid_request' });
    expect(await world.settled(good)).toMatchObject({ id: 'u1' });
  });
});

test('an item that ends every connection is found out, and sinks no other', async () => {
  const world = new FakeWorld();
  world.home.react = ({ batch }) =>
    batch?.some(({ userId }: { userId: string }) => userId === 'poison') === true ? 'cut' : 'store';
  const kith = await world.connect({ retryForMs: 60_000 });
  const outcomes = await world.settled(
    kith.send(Array.from({ length: 100 }, (_, i) => ({ type: 'track', ...event(i === 50 ? 'poison' : `u${i}`) }))),
  );
  expect(outcomes.filter(({ status }) => status === 'refused')).toMatchObject([
    { messageId: 'm-51', error: { code: 'unreachable' } },
  ]);
  expect(world.home.stored.size).toBe(99);
});
