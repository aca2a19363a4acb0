import { decode, encode } from '@msgpack/msgpack';
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../src/model/error.ts';
import { DEFAULT_INGEST_LIMITS } from '../../src/model/limits.ts';
import {
  asReader,
  asWriter,
  call,
  epochPart,
  gate,
  perShard,
  type Rig,
  rig,
  type StreamClient,
  strangerStream,
  stream,
} from './harness.ts';

/** For profiles that fill sockets. */
const LARGE = { limits: { ...DEFAULT_INGEST_LIMITS, eventSizeBytes: 2_000_000 } };

const item = { userId: 'u1', event: 'E', messageId: 'm1' };

// biome-ignore lint/suspicious/noExplicitAny: tests read into answers of every shape.
async function nextPacked(client: StreamClient): Promise<any> {
  const { data, isBinary } = await client.next();
  expect(isBinary).toBe(true);
  return decode(data);
}

async function filled(): Promise<Rig> {
  const rigged = await rig();
  await rigged.engine.ingest([{ type: 'identify', userId: 'u1', traits: { name: 'Zoë', email: 'ann@kith.test' } }]);
  return rigged;
}

describe('keys', () => {
  test.each([
    ['a header', asWriter, ''],
    ['Basic', { authorization: `Basic ${Buffer.from('write-key-1:').toString('base64')}` }, ''],
    ['X-Write-Key', { 'x-write-key': 'write-key-1' }, ''],
    ['the URL', {}, '?key=write-key-1'],
  ] as [string, Record<string, string>, string][])('by %s', async (_name, headers, query) => {
    const client = await strangerStream(await rig(), query, headers);
    expect(await client.nextJson()).toEqual({ op: 'credit', frames: 64 });
    expect(await client.ask({ op: 'track', batch: [item], ref: 1 })).toMatchObject({ ack: 1, accepted: 1 });
  });

  test('by a first frame, in either encoding', async () => {
    const rigged = await rig();
    const text = await strangerStream(rigged);
    expect(await text.ask({ op: 'auth', key: 'write-key-1' })).toEqual({ op: 'auth', ok: true });
    expect(await text.nextJson()).toEqual({ op: 'credit', frames: 64 });
    const binary = await strangerStream(rigged);
    binary.socket.send(encode({ op: 'auth', key: 'write-key-1' }));
    expect(await nextPacked(binary)).toEqual({ op: 'auth', ok: true });
    expect(await nextPacked(binary)).toEqual({ op: 'credit', frames: 64 });
  });

  test.each([
    [{ authorization: 'Bearer nope' }, ''],
    [{ authorization: '', 'x-write-key': 'nope' }, ''],
    [{}, '?key=nope'],
    [{}, '?key='],
  ] as [Record<string, string>, string][])('a wrong key in %j%s is 401 before the upgrade', async (headers, query) => {
    await expect(strangerStream(await rig(), query, headers)).rejects.toThrow('401');
  });

  test.each([
    ['a wrong key', JSON.stringify({ op: 'auth', key: 'nope' })],
    ['a key that is no text', JSON.stringify({ op: 'auth', key: 5 })],
    ['another op', JSON.stringify({ op: 'track', batch: [item] })],
    ['no JSON', '{'],
    ['no object', '5'],
    ['an endless frame', JSON.stringify({ op: 'auth', key: 'write-key-1', text: 'x'.repeat(5_000) })],
    ['broken msgpack', Buffer.from([0x81])],
    ['a msgpack ingest frame', Buffer.from(encode({ op: 'track', batch: [item] }))],
  ])('%s first: an error, then 4401', async (_name, frame) => {
    const rigged = await rig();
    const client = await strangerStream(rigged);
    client.socket.send(frame);
    const { data, isBinary } = await client.next();
    expect((isBinary ? decode(data) : JSON.parse(data.toString())) as object).toMatchObject({
      error: { code: expect.any(String) },
    });
    expect(await client.closed).toEqual({ code: 4401, reason: 'unauthorized' });
    expect(rigged.engine.ingested).toHaveLength(0);
  });

  test('silence ends at the time-out', async () => {
    const client = await strangerStream(await rig({ timeouts: { authMs: 20 } }));
    expect(await client.closed).toEqual({ code: 4408, reason: 'auth_timeout' });
  });

  test('rights hold for frames: writers ingest, readers read, admins do both', async () => {
    const rigged = await filled();
    const forbidden = { error: { code: 'forbidden' } };
    const writer = await stream(rigged, asWriter);
    expect(await writer.ask({ op: 'get', ids: ['u1'], ref: 1 })).toMatchObject({ ref: 1, ...forbidden });
    expect(await writer.ask({ op: 'query', ref: 2 })).toMatchObject({ ref: 2, ...forbidden });
    const reader = await stream(rigged, asReader);
    expect(await reader.ask({ op: 'track', batch: [item], ref: 3 })).toMatchObject({ ack: 3, ...forbidden });
    reader.socket.send(encode({ op: 'track', batch: [item], ref: 4 }));
    expect(await nextPacked(reader)).toMatchObject({ ack: 4, ...forbidden });
    expect(rigged.engine.ingested).toHaveLength(1);
    // A second key adds its rights.
    expect(await reader.ask({ op: 'auth', key: 'write-key-1' })).toEqual({ op: 'auth', ok: true });
    expect(await reader.ask({ op: 'track', batch: [item], ref: 5 })).toMatchObject({ ack: 5, accepted: 1 });
  });

  test('a server without keys takes frames from this machine, not from web pages elsewhere', async () => {
    const rigged = await rig({ keys: {} });
    const client = await strangerStream(rigged);
    expect(await client.nextJson()).toEqual({ op: 'credit', frames: 64 });
    await expect(strangerStream(rigged, '', { origin: 'https://evil.example' })).rejects.toThrow('403');
  });
});

describe('ingest', () => {
  test('acks carry counts, refusals and seq; the level comes from frame or URL', async () => {
    const rigged = await rig();
    const client = await stream(rigged, asWriter, '?ack=applied');
    expect(await client.ask({ op: 'track', batch: [item, 5, item], ref: 'a', sentAt: 7 })).toEqual({
      ack: 'a',
      accepted: 2,
      duplicates: 1,
      rejected: [{ index: 1, code: 'invalid_item', message: 'an event must be an object' }],
      seq: expect.anything(),
      ...epochPart(),
    });
    await client.ask({ op: 'import', batch: [], ack: 'durable', context: { a: 1 } });
    expect(rigged.engine.ingested.map(({ options }) => options)).toEqual([
      { ack: 'applied', sentAt: 7, context: undefined, type: 'track' },
      { ack: 'durable', sentAt: undefined, context: { a: 1 }, isImport: true },
    ]);
  });

  test('binary frames go to the engine as they are and are acknowledged in msgpack', async () => {
    const rigged = await rig();
    const client = await stream(rigged, asWriter, '?encoding=msgpack&ack=received');
    client.socket.send(encode({ op: 'track', batch: [item], ref: 9, ack: 'applied' }));
    expect(await nextPacked(client)).toEqual({
      ack: 9,
      accepted: 1,
      duplicates: 0,
      rejected: [],
      seq: expect.anything(),
      ...epochPart(),
    });
    client.socket.send(encode({ ref: 10, batch: [item], op: 'track' }));
    expect(await nextPacked(client)).toMatchObject({ ack: 10, duplicates: 1 });
    expect(rigged.engine.ingested.map(({ options }) => options.ack)).toEqual(['applied', 'received']);
  });

  test('a frame without ref is acknowledged with null', async () => {
    const client = await stream(await rig());
    expect(await client.ask({ op: 'track', batch: [item] })).toMatchObject({ ack: null, accepted: 1 });
  });

  test.each([
    [{ op: 'track', ref: 1 }, 'invalid_request'],
    [{ op: 'track', batch: {}, ref: 1 }, 'invalid_request'],
    [{ op: 'track', batch: [], ack: 'later', ref: 1 }, 'invalid_request'],
    [{ op: 'track', batch: Array.from({ length: 6 }, () => item), ref: 1 }, 'payload_too_large'],
  ])('%j is refused as a whole', async (frame, code) => {
    const client = await stream(await rig({ limits: { ...DEFAULT_INGEST_LIMITS, batchCount: 5 } }));
    expect(await client.ask(frame)).toMatchObject({ ack: 1, error: { code } });
    expect(await client.ask({ op: 'ping', ref: 2 })).toEqual({ op: 'pong', ref: 2 });
  });

  test('names like __proto__ stay data', async () => {
    const { engine, ...rest } = await rig();
    const client = await stream({ engine, ...rest });
    client.socket.send(
      '{"op":"identify","batch":[{"userId":"p","traits":{"__proto__":{"x":1}}}],"__proto__":{"op":"query"},"ref":1}',
    );
    expect(await client.nextJson()).toMatchObject({ ack: 1, accepted: 1 });
    expect(Object.keys((engine.ingested[0].items[0] as { traits: object }).traits)).toEqual(['__proto__']);
    expect(await client.ask({ op: 'get', ids: ['p'], ref: 2 })).toMatchObject({ ref: 2 });
    expect(Reflect.get({}, 'x')).toBeUndefined();
  });

  test('pressure is a retryable error in the ack, in both encodings', async () => {
    const { engine, ...rest } = await rig();
    const client = await stream({ engine, ...rest });
    engine.pressure = new EngineError('overloaded', 'too much', { retryAfterMs: 250 });
    const error = { code: 'overloaded', message: 'too much', retryAfterMs: 250 };
    expect(await client.ask({ op: 'track', batch: [item], ref: 1 })).toEqual({ ack: 1, error });
    client.socket.send(encode({ op: 'track', batch: [item], ref: 'two' }));
    expect(await nextPacked(client)).toEqual({ ack: 'two', error });
    engine.pressure = undefined;
    expect(await client.ask({ op: 'track', batch: [item], ref: 3 })).toMatchObject({ ack: 3, accepted: 1 });
  });

  test('items that cannot be stored now are marked; a frame of nothing else is refused', async () => {
    const { engine, ...rest } = await rig();
    const client = await stream({ engine, ...rest });
    engine.refuse = (one) => ((one as { userId?: string }).userId === 'away' ? 'shard_unavailable' : undefined);
    const away = { ...item, userId: 'away' };
    const rejected = [{ index: 0, code: 'shard_unavailable', message: 'not now', retryable: true }];
    const error = { code: 'shard_unavailable', message: 'not now', retryAfterMs: 1_000 };
    expect(await client.ask({ op: 'track', batch: [away, item], ref: 1 })).toMatchObject({ accepted: 1, rejected });
    expect(await client.ask({ op: 'track', batch: [away], ref: 2 })).toEqual({ ack: 2, error });
    client.socket.send(encode({ op: 'track', batch: [away, item], ref: 3 }));
    expect(await nextPacked(client)).toMatchObject({ ack: 3, accepted: 1, rejected });
    client.socket.send(encode({ op: 'track', batch: [away], ref: 4 }));
    expect(await nextPacked(client)).toEqual({ ack: 4, error });
  });

  test('an unexpected failure shows nothing', async () => {
    const { engine, ...rest } = await rig();
    const client = await stream({ engine, ...rest });
    engine.failure = new TypeError('a@b.c');
    expect(await client.ask({ op: 'track', batch: [item], ref: 1 })).toEqual({
      ack: 1,
      error: { code: 'internal', message: 'something went wrong in the server; it has been logged' },
    });
  });
});

describe('credit', () => {
  test('twice the credit is tolerated, more is refused, and in the end closed', async () => {
    const { engine, ...rest } = await rig({ stream: { creditFrames: 2 } });
    const client = await stream({ engine, ...rest });
    const held = gate();
    engine.gate = held.opened;
    for (let ref = 1; ref <= 6; ref += 1) client.send({ op: 'track', batch: [item], ref });
    for (const ref of [5, 6]) {
      expect(await client.nextJson()).toMatchObject({
        ack: ref,
        error: { code: 'too_many_requests', retryAfterMs: 100 },
      });
    }
    held.open();
    for (const ref of [1, 2, 3, 4]) expect(await client.nextJson()).toMatchObject({ ack: ref, accepted: 1 });
    // Inside the credit again: forgiven.
    expect(await client.ask({ op: 'track', batch: [item], ref: 7 })).toMatchObject({ ack: 7, accepted: 1 });
    const heldAgain = gate();
    engine.gate = heldAgain.opened;
    for (let ref = 10; ref < 17; ref += 1) client.socket.send(encode({ op: 'track', batch: [item], ref }));
    for (const ref of [14, 15, 16]) {
      expect(await nextPacked(client)).toMatchObject({ ack: ref, error: { code: 'too_many_requests' } });
    }
    expect(await client.closed).toEqual({ code: 4429, reason: 'too_many_requests' });
    heldAgain.open();
    expect((await call(`${rest.url}/metrics`)).text).toContain(
      'kith_stream_closed_total{reason="too_many_requests"} 1',
    );
  });

  test('a client that never counts but waits now and then is served in full', async () => {
    const client = await stream(await rig({ stream: { creditFrames: 8 } }));
    for (let round = 0; round < 20; round += 1) {
      for (let ref = 0; ref < 16; ref += 1) client.send({ op: 'track', batch: [item], ref });
      for (let ref = 0; ref < 16; ref += 1) expect((await client.nextJson()).accepted).toBe(1);
    }
  });
});

describe('lookups', () => {
  test('JSON: profiles in order, null for who is not known, the ref as it came', async () => {
    const client = await stream(await filled());
    const answer = await client.ask({
      op: 'get',
      ids: ['u1', 'nobody', 'email:ann@kith.test'],
      ref: { any: ['thing'] },
    });
    expect(answer).toMatchObject({
      ref: { any: ['thing'] },
      profiles: [{ id: 'u1', traits: { name: 'Zoë' } }, null, { id: 'u1' }],
    });
    expect(await client.ask({ op: 'get', ids: ['u1'], fields: ['email'], events: 2 })).toEqual({
      ref: null,
      profiles: [{ id: 'u1', traits: { email: 'ann@kith.test' }, events: [] }],
      ...epochPart(),
    });
  });

  test('msgpack: objects, or JSON texts with "format":"json"', async () => {
    const rigged = await filled();
    const client = await stream(rigged);
    client.socket.send(encode({ op: 'get', ids: ['u1', 'nobody'], ref: 1 }));
    const objects = await nextPacked(client);
    expect(objects).toMatchObject({ ref: 1, profiles: [{ id: 'u1', traits: { name: 'Zoë' } }, null] });
    client.socket.send(encode({ op: 'get', ids: ['u1', 'nobody', 'u1'], ref: 'r', format: 'json' }));
    const texts = await nextPacked(client);
    expect(texts.ref).toBe('r');
    expect(texts.profiles.map((text: string | null) => text && JSON.parse(text))).toEqual([
      objects.profiles[0],
      null,
      objects.profiles[0],
    ]);
  });

  test.each([[{}], [{ ids: 5 }], [{ ids: [1] }], [{ ids: [], events: 'x' }]])(
    '%j is an error with its ref',
    async (fields) => {
      const client = await stream(await filled());
      expect(await client.ask({ op: 'get', ...fields, ref: 3 })).toMatchObject({
        ref: 3,
        error: { code: 'invalid_request' },
      });
    },
  );
});

describe('queries', () => {
  test('answers and errors carry the ref; what belongs to the frame is not part of the query', async () => {
    const { engine, ...rest } = await rig();
    const client = await stream({ engine, ...rest });
    const warning = { code: 'unknown_name', name: 'a', message: 'nobody ever had a trait "a"', position: 0, end: 1 };
    expect(await client.ask({ op: 'query', where: 'a = 1', as: 'count', ref: 1 })).toEqual({
      ref: 1,
      count: 0,
      tookMs: expect.any(Number),
      watermark: perShard(0),
      warnings: [warning],
    });
    expect(engine.queries).toEqual([{ where: 'a = 1', as: 'count' }]);
    client.socket.send(encode({ op: 'query', as: 'count', ref: 2 }));
    expect(await nextPacked(client)).toMatchObject({ ref: 2, count: 0 });
    engine.onQuery = () => Promise.reject(new EngineError('query_syntax', 'bad', { span: { start: 1, end: 2 } }));
    expect(await client.ask({ op: 'query', where: '(', ref: 3 })).toEqual({
      ref: 3,
      error: {
        code: 'query_syntax',
        message: 'bad',
        details: { position: 1, end: 2, line: 1, column: 2, excerpt: '1 | (\n     ^' },
      },
    });
    expect(await client.ask({ op: 'query', explain: 'yes', ref: 4 })).toMatchObject({
      ref: 4,
      error: { code: 'query_invalid' },
    });
    const analysis = { as: 'overlap', overlap: { segments: ['a'] }, explain: true, strict: true, mode: 'exact' };
    await client.ask({ op: 'query', ...analysis, ref: 5 });
    expect(engine.queries.at(-1)).toEqual(analysis);
  });

  test('too many at once are refused; the connection’s end cancels the rest', async () => {
    const { engine, ...rest } = await rig({ stream: { queryCount: 2 } });
    const client = await stream({ engine, ...rest });
    const cancelled: Promise<void>[] = [];
    engine.onQuery = (_request, signal) => {
      cancelled.push(new Promise((resolve) => signal?.addEventListener('abort', () => resolve())));
      return cancelled.at(-1)!.then(() => Promise.reject(new EngineError('query_cancelled', 'gone')));
    };
    client.send({ op: 'query', ref: 1 });
    client.send({ op: 'query', ref: 2 });
    expect(await client.ask({ op: 'query', ref: 3 })).toMatchObject({ ref: 3, error: { code: 'too_many_requests' } });
    client.socket.terminate();
    await Promise.all(cancelled);
    expect(cancelled).toHaveLength(2);
  });
});

describe('other frames', () => {
  test('ping, subscribe, unknown ops and nonsense', async () => {
    const client = await stream(await rig());
    expect(await client.ask({ op: 'ping', ref: 1 })).toEqual({ op: 'pong', ref: 1 });
    expect(await client.ask({ op: 'subscribe', ref: 2 })).toMatchObject({
      ref: 2,
      error: { code: 'query_unsupported' },
    });
    for (const op of ['fly', 5, null, undefined, '__proto__', 'toString']) {
      expect(await client.ask({ op, ref: 3 })).toMatchObject({ ref: 3, error: { code: 'invalid_request' } });
    }
    client.socket.send('{"op":"ping",}');
    expect(await client.nextJson()).toMatchObject({
      ref: null,
      error: { code: 'malformed_json', details: { position: 13 } },
    });
    client.socket.send('[]');
    expect(await client.nextJson()).toMatchObject({ error: { code: 'malformed_request' } });
    for (const bytes of [[], [0xc1], [0x81], [0xdf, 0xff, 0xff, 0xff, 0xff], [0x90], [0x81, 0xa2, 0x6f, 0x70]]) {
      client.socket.send(Buffer.from(bytes));
      expect((await nextPacked(client)).error.code).toMatch(/^malformed_/);
    }
    client.socket.send(Buffer.alloc(100_000, 0x91));
    expect((await nextPacked(client)).error.code).toMatch(/^malformed_/);
    expect(await client.ask({ op: 'ping', ref: 4 })).toEqual({ op: 'pong', ref: 4 });
  });

  test('a frame over the limit is told with its ref; far over, the connection ends', async () => {
    const rigged = await rig({ limits: { ...DEFAULT_INGEST_LIMITS, bodySizeBytes: 1_000 } });
    const client = await stream(rigged);
    client.socket.send(encode({ op: 'track', ref: 6, batch: ['x'.repeat(1_000)] }));
    expect(await nextPacked(client)).toMatchObject({ ref: 6, error: { code: 'payload_too_large' } });
    client.send({ op: 'track', batch: ['x'.repeat(5_000)] });
    expect((await client.closed).code).toBe(1006);
    expect((await call(`${rigged.url}/health`)).status).toBe(200);
  });

  test('a slow reader is bounded, told and closed, and counted', async () => {
    const rigged = await rig({ ...LARGE, stream: { sendBufferBytes: 64 * 1024 } });
    const { engine } = rigged;
    await engine.ingest([{ type: 'identify', userId: 'big', traits: { text: 'x'.repeat(1_000_000) } }]);
    const client = await stream(rigged);
    client.socket.pause();
    const ids = ['big'];
    const closedSeries = 'kith_stream_closed_total{reason="slow_reader"} 1';
    // Asks until it is known as slow; then nothing it sends is heard any more.
    while (!(await call(`${rigged.url}/metrics`)).text.includes(closedSeries)) client.send({ op: 'get', ids });
    const served = engine.lookedUp.length;
    client.send({ op: 'get', ids });
    await call(`${rigged.url}/health`);
    expect(engine.lookedUp.length).toBe(served);
    client.socket.resume();
    expect(await client.closed).toEqual({ code: 1013, reason: 'slow_reader' });
  });

  test('a slow reader that never reads is cut off', async () => {
    const rigged = await rig({ ...LARGE, stream: { sendBufferBytes: 64 * 1024 }, timeouts: { slowReaderMs: 20 } });
    await rigged.engine.ingest([{ type: 'identify', userId: 'big', traits: { text: 'x'.repeat(1_000_000) } }]);
    const client = await stream(rigged);
    client.socket.pause();
    while (!(await call(`${rigged.url}/metrics`)).text.includes('kith_stream_sessions 0'))
      client.send({ op: 'get', ids: ['big'] });
    expect((await call(`${rigged.url}/metrics`)).text).toContain('kith_stream_closed_total{reason="slow_reader"} 1');
  });
});
