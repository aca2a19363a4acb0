import { describe, expect, test } from 'vitest';
import { KithError } from '../../src/client/kith-error.ts';
import { FakeWorld, type Frame, turn } from './fake-world.ts';

const ids = (frame: Frame): string[] => frame.batch.map(({ messageId }: { messageId: string }) => messageId);
const sizes = (world: FakeWorld): number[] => world.home.batches.map(({ batch }) => batch.length);
const event = (userId: string, name = 'E') => ({ userId, event: name });
const overloaded = { error: { code: 'overloaded', message: 'not now' } };

describe('batches', () => {
  test('leave when they are full, and the rest when the first has waited its time', async () => {
    const world = new FakeWorld();
    const kith = await world.connect();
    const sent = Promise.all(Array.from({ length: 250 }, (_, i) => kith.track(event(`u${i}`))));
    await world.clock.advance(4);
    expect(sizes(world)).toEqual([100, 100]);
    await world.clock.advance(2);
    expect(sizes(world)).toEqual([100, 100, 50]);
    const receipts = await world.settled(sent);
    expect(receipts.map(({ messageId }) => messageId)).toEqual(world.home.batches.flatMap(ids));
    expect(world.home.batches[0]).toMatchObject({ op: 'batch', ack: 'durable' });
  });

  test('leave when they have their bytes, and never have more', async () => {
    const world = new FakeWorld();
    const kith = await world.connect({ batch: { maxBytes: 1_000 } });
    await world.settled(
      kith.send(
        Array.from({ length: 20 }, () => ({ type: 'track', ...event('u'), properties: { text: 'x'.repeat(200) } })),
      ),
    );
    expect(sizes(world)).toEqual([3, 3, 3, 3, 3, 3, 2]);
  });

  test('leave at the end of the turn when they shall not wait', async () => {
    const world = new FakeWorld();
    const kith = await world.connect({ batch: { maxDelayMs: 0 } });
    const both = Promise.all([kith.track(event('a')), kith.track(event('b'))]);
    await world.clock.advance(1);
    expect(sizes(world)).toEqual([2]);
    await world.settled(both);
  });

  test('leave on flush, which waits for all that was taken before', async () => {
    const world = new FakeWorld();
    const kith = await world.connect({ batch: { maxDelayMs: 60_000 } });
    const done: string[] = [];
    kith.track(event('a')).then(() => done.push('item'));
    await turn();
    const flushed = kith.flush().then(() => done.push('flush'));
    await world.clock.advance(10);
    await flushed;
    expect(done).toEqual(['item', 'flush']);
    // One item after it waits for company again.
    kith.track(event('b'));
    await world.clock.advance(100);
    expect(sizes(world)).toEqual([1]);
  });

  test('that the server finds too large go out in halves', async () => {
    const world = new FakeWorld();
    world.home.react = ({ op, batch }) =>
      op === 'batch' && batch.length > 12 ? { error: { code: 'payload_too_large', message: 'too large' } } : 'store';
    const kith = await world.connect();
    const receipts = await world.settled(Promise.all(Array.from({ length: 90 }, (_, i) => kith.track(event(`u${i}`)))));
    expect(receipts).toHaveLength(90);
    expect(world.home.stored.size).toBe(90);
    // The refused ones among them in their order; others were on their way already.
    expect(sizes(world).at(-1)).toBeLessThanOrEqual(12);
  });
});

describe('an item', () => {
  test('gets a messageId and the time of the call, keeps its own, and loses what is undefined', async () => {
    const world = new FakeWorld();
    const kith = await world.connect();
    const properties = { a: 1, gone: undefined, list: [undefined, 2], when: new Date(5) };
    const first = kith.track({ ...event('u'), properties });
    properties.a = 2;
    const second = kith.identify({ userId: 'u', messageId: 'mine', timestamp: '2026-01-01T00:00:00.000Z' });
    const receipts = await world.settled(Promise.all([first, second]));
    expect(receipts).toEqual([{ messageId: 'm-1' }, { messageId: 'mine' }]);
    const [a, b] = world.home.batches[0].batch;
    expect(a).toEqual({
      userId: 'u',
      event: 'E',
      properties: { a: 1, list: [null, 2], when: new Date(5) },
      type: 'track',
      messageId: 'm-1',
      timestamp: 1_700_000_000_001,
    });
    expect(b).toEqual({ userId: 'u', type: 'identify', messageId: 'mine', timestamp: '2026-01-01T00:00:00.000Z' });
  });

  test('of each kind bears its type', async () => {
    const world = new FakeWorld();
    const kith = await world.connect();
    await world.settled(
      Promise.all([
        kith.track(event('u')),
        kith.identify({ userId: 'u' }),
        kith.page({ userId: 'u' }),
        kith.screen({ userId: 'u' }),
        kith.group({ userId: 'u', groupId: 'g' }),
        kith.alias({ userId: 'u', previousId: 'p' }),
      ]),
    );
    expect(world.home.batches[0].batch.map(({ type }: { type: string }) => type)).toEqual([
      'track',
      'identify',
      'page',
      'screen',
      'group',
      'alias',
    ]);
  });

  test('that is refused rejects with its code; its neighbours are stored', async () => {
    const world = new FakeWorld();
    const kith = await world.connect();
    const calls = [kith.track(event('a')), kith.track(event('b', 'bad')), kith.track(event('c'))];
    const results = await world.settled(Promise.allSettled(calls));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await expect(calls[1]).rejects.toMatchObject({ name: 'KithError', code: 'missing_event', messageId: 'm-2' });
    const outcomes = await world.settled(
      kith.send([
        { type: 'track', ...event('d') },
        { type: 'track', ...event('e', 'bad') },
      ]),
    );
    expect(outcomes).toMatchObject([
      { status: 'accepted', messageId: 'm-4' },
      { status: 'refused', messageId: 'm-5', error: { code: 'missing_event' } },
    ]);
    expect(kith.stats()).toMatchObject({ acceptedCount: 3, refusedCount: 2, bufferedItemCount: 0, bufferedBytes: 0 });
  });

  test('that cannot be written is refused without being sent', async () => {
    const world = new FakeWorld();
    const kith = await world.connect({ batch: { maxBytes: 5_000 } });
    const ring: Record<string, unknown> = {};
    ring['ring'] = ring;
    await expect(kith.track({ ...event('u'), properties: ring })).rejects.toMatchObject({ code: 'invalid_item' });
    await expect(kith.track({ ...event('u'), properties: { n: 2n ** 70n } })).rejects.toMatchObject({
      code: 'invalid_item',
    });
    await expect(kith.track({ ...event('u'), properties: { text: 'x'.repeat(6_000) } })).rejects.toMatchObject({
      code: 'event_too_large',
    });
    const outcomes = await world.settled(kith.send([{ type: 'track', ...event('u'), properties: ring }]));
    expect(outcomes).toMatchObject([{ status: 'refused', error: { code: 'invalid_item' } }]);
    expect(world.home.frames).toEqual([]);
  });
});

describe('a refusal for a while', () => {
  test.each([
    'overloaded',
    'memory_limit',
    'shutting_down',
    'shard_unavailable',
    'storage_failed',
    'too_many_requests',
  ])('%s of a whole batch is tried again, later each time', async (code) => {
    const world = new FakeWorld();
    const times: number[] = [];
    world.home.react = () => {
      times.push(world.clock.monotonicMs());
      return times.length <= 4 ? { error: { code, message: 'not now' } } : 'store';
    };
    const kith = await world.connect();
    await world.settled(kith.track(event('a')));
    expect(new Set(world.home.batches.flatMap(ids))).toEqual(new Set(['m-1']));
    expect(world.home.stored.size).toBe(1);
    const waits = times.slice(1).map((at, i) => at - times[i]);
    expect(waits.every((wait, i) => i === 0 || wait > waits[i - 1] * 1.5)).toBe(true);
    expect(world.warnings).toEqual(['refused', 'refused', 'refused', 'refused']);
  });

  test('holds back what has not left, and keeps the order', async () => {
    const world = new FakeWorld();
    const times: number[] = [];
    world.home.react = () => {
      times.push(world.clock.monotonicMs());
      return times.length <= 3 ? overloaded : 'store';
    };
    const kith = await world.connect({ maxInFlight: 3, batch: { maxCount: 2 } });
    const receipts = await world.settled(Promise.all(Array.from({ length: 20 }, (_, i) => kith.track(event(`u${i}`)))));
    expect([...world.home.stored.keys()]).toEqual(receipts.map(({ messageId }) => messageId));
    expect(times[3] - times[2]).toBeGreaterThan(20);
  });

  test('waits as long as the server says', async () => {
    const world = new FakeWorld();
    const times: number[] = [];
    world.home.react = () => {
      times.push(world.clock.monotonicMs());
      return times.length === 1 ? { error: { code: 'overloaded', message: 'x', retryAfterMs: 2_000 } } : 'store';
    };
    const kith = await world.connect();
    await world.settled(kith.track(event('a')));
    expect(times[1] - times[0]).toBeGreaterThanOrEqual(2_000);
  });

  test('of single items sends those again and no others', async () => {
    const world = new FakeWorld();
    world.home.react = (frame) => {
      if (world.home.batches.length > 1) return 'store';
      const { batch } = frame;
      world.home.store({ batch: [batch[0], batch[2]] });
      return { accepted: 2, duplicates: 0, rejected: [{ index: 1, code: 'shard_unavailable', message: 'x' }], seq: [] };
    };
    const kith = await world.connect();
    await world.settled(Promise.all(['a', 'b', 'c'].map((userId) => kith.track(event(userId)))));
    expect(world.home.batches.map(ids)).toEqual([['m-1', 'm-2', 'm-3'], ['m-2']]);
    expect(kith.stats()).toMatchObject({ acceptedCount: 3, retriedCount: 1 });
  });

  test('becomes final when the time for retries is over', async () => {
    const world = new FakeWorld();
    world.home.react = () => overloaded;
    const kith = await world.connect({ retryForMs: 10_000 });
    const startMs = world.clock.monotonicMs();
    await expect(world.settled(kith.track(event('a')))).rejects.toMatchObject({ code: 'overloaded', messageId: 'm-1' });
    const tookMs = world.clock.monotonicMs() - startMs;
    expect(tookMs).toBeGreaterThanOrEqual(10_000);
    expect(tookMs).toBeLessThan(10_100);
    expect(kith.stats().bufferedItemCount).toBe(0);
  });

  test('of another kind is final at once', async () => {
    const world = new FakeWorld();
    world.home.react = () => ({ error: { code: 'forbidden', message: 'this needs a write key' } });
    const kith = await world.connect();
    await expect(world.settled(kith.track(event('a')))).rejects.toBeInstanceOf(KithError);
    expect(world.home.batches).toHaveLength(1);
  });
});

describe('bounds', () => {
  test("no more batches are under way than the server's credit, and ours", async () => {
    for (const [creditFrames, maxInFlight, most] of [
      [3, 64, 3],
      [64, 2, 2],
    ]) {
      const world = new FakeWorld();
      world.home.creditFrames = creditFrames;
      const kith = await world.connect({ maxInFlight, batch: { maxCount: 1 } });
      await world.settled(Promise.all(Array.from({ length: 50 }, (_, i) => kith.track(event(`u${i}`)))));
      expect(world.home.mostUnderWay).toBe(most);
    }
  });

  test('a full buffer makes callers wait and loses nothing', async () => {
    const world = new FakeWorld();
    const kith = await world.connect({ maxBufferedItems: 10 });
    const calls = Array.from({ length: 25 }, (_, i) => kith.track(event(`u${i}`)));
    const sent = kith.send(Array.from({ length: 25 }, (_, i) => ({ type: 'track', ...event(`v${i}`) })));
    await turn();
    // The 15 calls, and the one item that `send` has come to.
    expect(kith.stats()).toMatchObject({ bufferedItemCount: 10, waitingCount: 16 });
    const receipts = await world.settled(Promise.all(calls));
    expect((await world.settled(sent)).every(({ status }) => status === 'accepted')).toBe(true);
    expect(world.home.stored.size).toBe(50);
    expect([...world.home.stored.keys()].slice(0, 25)).toEqual(receipts.map(({ messageId }) => messageId));
    expect(kith.stats()).toMatchObject({ bufferedItemCount: 0, bufferedBytes: 0, waitingCount: 0 });
  });

  test('bytes fill it too, and one item always has room', async () => {
    const world = new FakeWorld();
    const kith = await world.connect({ maxBufferedBytes: 100 });
    const calls = ['a', 'b', 'c'].map((userId) =>
      kith.track({ ...event(userId), properties: { text: 'x'.repeat(200) } }),
    );
    expect(kith.stats()).toMatchObject({ bufferedItemCount: 1, waitingCount: 2 });
    await world.settled(Promise.all(calls));
    expect(world.home.stored.size).toBe(3);
  });
});

describe('close', () => {
  test('sends what is left, takes nothing more, and ends the connection', async () => {
    const world = new FakeWorld();
    const kith = await world.connect({ maxBufferedItems: 3, batch: { maxDelayMs: 1_000 } });
    const calls = Promise.all(Array.from({ length: 10 }, (_, i) => kith.track(event(`u${i}`))));
    await turn();
    const closed = kith.close();
    await expect(kith.track(event('late'))).rejects.toMatchObject({ code: 'client_closed' });
    await expect(kith.get('late')).rejects.toMatchObject({ code: 'client_closed' });
    await expect(kith.query({})).rejects.toMatchObject({ code: 'client_closed' });
    await world.settled(closed);
    expect(await calls).toHaveLength(10);
    expect(world.home.stored.size).toBe(10);
    expect(world.home.connections.every(({ isEnded }) => isEnded)).toBe(true);
    expect(kith.close()).toBe(closed);
  });

  test('gives up what is not acknowledged when it shall not wait longer', async () => {
    const world = new FakeWorld();
    world.home.react = () => 'ignore';
    const kith = await world.connect({ maxBufferedItems: 2 });
    const calls = Promise.allSettled(Array.from({ length: 5 }, (_, i) => kith.track(event(`u${i}`))));
    const read = expect(kith.get('u')).rejects.toMatchObject({ code: 'client_closed' });
    await turn();
    await world.settled(kith.close({ waitMs: 50 }));
    await read;
    for (const result of await calls)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'client_closed' } });
  });
});
