import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { pack } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../src/model/error.ts';
import type { IngestResult } from '../../src/model/ingest.ts';
import { DEFAULT_INGEST_LIMITS } from '../../src/model/limits.ts';
import { ingestAnswer } from '../../src/server/openapi/ingest-schema.ts';
import { asReader, asWriter, call, epochPart, gate, post, raw, rig } from './harness.ts';

const track = { userId: 'u1', event: 'Order Completed', messageId: 'm1', properties: { total: 5 } };

describe('single items', () => {
  test('each endpoint gives the engine its type', async () => {
    const { engine, url } = await rig();
    for (const kind of ['identify', 'track', 'page', 'screen', 'group', 'alias']) {
      const answer = await post(`${url}/v1/${kind}`, {
        userId: 'u1',
        previousId: 'u0',
        groupId: 'g1',
        event: 'E',
        messageId: kind,
        sentAt: '2026-01-01T00:00:00Z',
      });
      expect(answer.status).toBe(200);
      expect(answer.json).toEqual({ success: true, accepted: 1, duplicates: 0, rejected: [], ...epochPart() });
      expect(engine.ingested.at(-1)?.options).toMatchObject({ type: kind, sentAt: '2026-01-01T00:00:00Z' });
    }
  });

  test('a bad item is 400 with its own code', async () => {
    const { url } = await rig();
    const answer = await post(`${url}/v1/track`, { userId: 'u1', messageId: 'm9' });
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      error: { code: 'missing_event', message: 'a track call needs an event name', details: { messageId: 'm9' } },
    });
  });

  test('a duplicate is accepted and counted', async () => {
    const { url } = await rig();
    await post(`${url}/v1/track`, track);
    expect((await post(`${url}/v1/track`, track)).json).toMatchObject({ accepted: 1, duplicates: 1 });
  });

  test('the key in the body is not handed on', async () => {
    const { engine, url } = await rig();
    const answer = await post(`${url}/v1/track`, { ...track, writeKey: 'write-key-2' }, {});
    expect(answer.status).toBe(200);
    expect(engine.ingested[0].items[0]).toEqual(track);
  });

  test('names like __proto__ arrive as data and change nothing else', async () => {
    const { engine, url } = await rig();
    const body = '{"userId":"u1","traits":{"__proto__":{"isAdmin":true},"constructor":1}}';
    expect((await post(`${url}/v1/identify`, body)).status).toBe(200);
    const item = engine.ingested[0].items[0] as { traits: object };
    expect(Object.keys(item.traits)).toEqual(['__proto__', 'constructor']);
    expect(Reflect.get({}, 'isAdmin')).toBeUndefined();
    expect((await call(`${url}/v1/profiles/u1`, { headers: asReader })).text).toContain('"__proto__":{"isAdmin":true}');
  });

  test('__proto__ as the whole body or as writeKey holder grants nothing', async () => {
    const { url } = await rig();
    const answer = await post(
      `${url}/v1/track`,
      '{"__proto__":{"writeKey":"write-key-1"},"userId":"u","event":"e"}',
      {},
    );
    expect(answer.status).toBe(401);
  });
});

describe('batches', () => {
  test('one bad item does not sink the others', async () => {
    const { engine, url } = await rig();
    const batch = [
      { type: 'track', ...track },
      { type: 'track', event: 'x', messageId: 'm2' },
      5,
      { type: 'identify', userId: 'u2' },
    ];
    const answer = await post(`${url}/v1/batch`, { batch, sentAt: 12, context: { ip: '1' } });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      success: true,
      accepted: 2,
      duplicates: 0,
      rejected: [
        { index: 1, messageId: 'm2', code: 'missing_user', message: 'the event has neither userId nor anonymousId' },
        { index: 2, code: 'invalid_item', message: 'an event must be an object' },
      ],
      ...epochPart(),
    });
    expect(engine.ingested[0].options).toEqual({ ack: undefined, sentAt: 12, context: { ip: '1' } });
  });

  test('what is refused is named by its messageId, where it has one', async () => {
    const { engine, url } = await rig();
    const deep = '{"a":'.repeat(20) + '1'.padEnd(21, '}');
    const wide = JSON.stringify(Object.fromEntries(Array.from({ length: 1_001 }, (_, n) => [`k${n}`, n])));
    const item = (rest: string): string => `{"type":"track","event":"e",${rest}}`;
    const items = [
      item(`"messageId":"no user"`),
      item(`"userId":"u","properties":${deep},"messageId":"deep"`),
      item(`"userId":"u","messageId":"wide","properties":${wide}`),
      item(`"userId":"u","properties":{"messageId":"not it"},"timestamp":"yesterday"`),
      item(`"userId":"u","messageId":{}`),
      item(`"userId":"${'i'.repeat(600)}","messageId":"ü"`),
      item(`"userId":"u","messageId":"${'m'.repeat(600)}"`),
      '5',
      item(`"userId":"u","messageId":"good"`),
    ];
    const told = ({ rejected }: Pick<IngestResult, 'rejected'>): unknown[] =>
      rejected.map(({ index, messageId, code }) => [index, messageId, code]);
    const expected = [
      [0, 'no user', 'missing_user'],
      [1, 'deep', 'too_deep'],
      [2, 'wide', 'too_many_properties'],
      [3, undefined, 'invalid_timestamp'],
      [4, undefined, 'invalid_message_id'],
      [5, 'ü', 'id_too_long'],
      [6, undefined, 'id_too_long'],
      [7, undefined, 'invalid_item'],
    ];
    const answer = await post(`${url}/v1/batch`, `{"batch":[${items.join(',')}]}`);
    expect(told(ingestAnswer.parse(answer.json))).toEqual(expected);
    const frame = pack({ op: 'batch', batch: items.map((text): unknown => JSON.parse(text)) });
    const outcome = engine.ingestFrame(frame);
    expect(outcome.kind === 'ingest' && told(await outcome.result)).toEqual(expected);
  });

  test('what cannot be stored now is told from what is wrong, and 503 when nothing else was stored', async () => {
    const { engine, url } = await rig();
    engine.refuse = (one) => ((one as { userId?: string }).userId === 'away' ? 'shard_unavailable' : undefined);
    const away = { type: 'track', ...track, userId: 'away' };
    const mixed = await post(`${url}/v1/batch`, {
      batch: [away, { type: 'track', event: 'e', messageId: 'm2' }, { type: 'track', userId: 'u', event: 'e' }],
    });
    expect([mixed.status, ingestAnswer.parse(mixed.json).accepted]).toEqual([200, 1]);
    expect(mixed.json.rejected).toEqual([
      { index: 0, code: 'shard_unavailable', message: 'not now', retryable: true },
      { index: 1, messageId: 'm2', code: 'missing_user', message: 'the event has neither userId nor anonymousId' },
    ]);
    for (const [path, body] of [
      ['batch', { batch: [away, away] }],
      // The wrong one is told when the others are stored.
      ['batch', { batch: [{ messageId: 'm2' }, away] }],
      ['track', away],
    ] as const) {
      const answer = await post(`${url}/v1/${path}`, body);
      expect([answer.status, answer.json.error.code]).toEqual([503, 'shard_unavailable']);
      expect(answer.headers.get('retry-after')).toBe('1');
    }
    engine.refuse = () => 'deadline_exceeded';
    expect((await post(`${url}/v1/batch`, { batch: [track] })).status).toBe(504);
    engine.refuse = () => undefined;
    const wrong = await post(`${url}/v1/batch`, { batch: [{ messageId: 'm2' }] });
    expect([wrong.status, wrong.json.rejected[0].retryable]).toEqual([200, undefined]);
  });

  test('import takes timestamps as they stand', async () => {
    const { engine, url } = await rig();
    await post(`${url}/v1/import`, { batch: [track] });
    expect(engine.ingested[0].options.isImport).toBe(true);
  });

  test('an empty batch is fine, no list is not', async () => {
    const { url } = await rig();
    expect((await post(`${url}/v1/batch`, { batch: [] })).json).toEqual({
      success: true,
      accepted: 0,
      duplicates: 0,
      rejected: [],
      ...epochPart(),
    });
    for (const body of [{}, { batch: 'x' }, { batch: { length: 1 } }, { batch: null }]) {
      const answer = await post(`${url}/v1/batch`, body);
      expect([answer.status, answer.json.error.code]).toEqual([400, 'invalid_request']);
    }
  });

  test('more items than the limit are 413', async () => {
    const { url } = await rig({ limits: { ...DEFAULT_INGEST_LIMITS, batchCount: 3 } });
    const answer = await post(`${url}/v1/batch`, { batch: [1, 2, 3, 4] });
    expect([answer.status, answer.json.error.code]).toEqual([413, 'payload_too_large']);
    expect(answer.json.error.details).toEqual({ limitCount: 3 });
  });
});

describe('ack levels', () => {
  test.each(['received', 'applied', 'durable'])('%s by header and by query', async (level) => {
    const { engine, url } = await rig();
    await post(`${url}/v1/track`, track, { ...asWriter, 'x-kith-ack': level });
    await post(`${url}/v1/batch?ack=${level}`, { batch: [track] });
    expect(engine.ingested.map(({ options }) => options.ack)).toEqual([level, level]);
  });

  test('another word is refused, by the place it came from', async () => {
    const { url } = await rig();
    const answer = await post(`${url}/v1/track`, track, { ...asWriter, 'x-kith-ack': 'someday' });
    expect([answer.status, answer.json.error]).toEqual([
      400,
      { code: 'invalid_request', message: 'X-Kith-Ack must be received, applied or durable' },
    ]);
  });

  test('the answer waits for the engine', async () => {
    const { engine, url } = await rig();
    const held = gate();
    engine.gate = held.opened;
    let isAnswered = false;
    const answer = post(`${url}/v1/track`, track).finally(() => {
      isAnswered = true;
    });
    while (engine.ingested.length === 0) await call(`${url}/health`);
    expect(isAnswered).toBe(false);
    held.open();
    expect((await answer).status).toBe(200);
  });
});

describe('bodies', () => {
  const encoders = { gzip: gzipSync, 'x-gzip': gzipSync, GZIP: gzipSync, deflate: deflateSync, br: brotliCompressSync };
  test.each(Object.entries(encoders))('%s', async (encoding, encode) => {
    const { engine, url } = await rig();
    const answer = await post(`${url}/v1/track`, encode(JSON.stringify(track)), {
      ...asWriter,
      'content-encoding': encoding,
    });
    expect(answer.status).toBe(200);
    expect(engine.ingested[0].items).toEqual([track]);
  });

  test('gzip with the key inside the body, as browsers send', async () => {
    const { url } = await rig();
    const body = gzipSync(JSON.stringify({ ...track, writeKey: 'write-key-1' }));
    expect(
      (await post(`${url}/v1/track`, body, { 'content-encoding': 'gzip', 'content-type': 'text/plain' })).status,
    ).toBe(200);
  });

  test.each([
    ['not gzip', Buffer.from('{"a":1}')],
    ['cut off', gzipSync(JSON.stringify(track)).subarray(0, 20)],
    ['empty', Buffer.alloc(0)],
    ['a flipped byte', Buffer.from(gzipSync('x'.repeat(500))).fill(0x55, 12, 14)],
  ])('broken gzip is 400: %s', async (_name, body) => {
    const { url } = await rig();
    const answer = await post(`${url}/v1/track`, body, { ...asWriter, 'content-encoding': 'gzip' });
    expect([answer.status, answer.json.error.code]).toEqual([400, 'malformed_gzip']);
  });

  test('a zip bomb stops at the limit', async () => {
    const { url } = await rig();
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20));
    const answer = await post(`${url}/v1/batch`, bomb, { ...asWriter, 'content-encoding': 'gzip' });
    expect([answer.status, answer.json.error.code]).toEqual([413, 'payload_too_large']);
  });

  test.each(['zstd', 'gzip, gzip', 'compress'])('Content-Encoding %s is 415', async (encoding) => {
    const { url } = await rig();
    const answer = await post(`${url}/v1/track`, 'x', { ...asWriter, 'content-encoding': encoding });
    expect([answer.status, answer.json.error.code]).toEqual([415, 'unsupported_encoding']);
  });

  test.each([
    ['', 0],
    ['{', 1],
    ['{"a":1,}', 7],
    ['{"userId":"secret-person" "x"}', 26],
    ['[1,2', 4],
    ['nope', 0],
    ['{"a":"\u0001"}', 6],
    ['{"a":1}}', 7],
  ])('malformed JSON %j points at %i and quotes nothing', async (body, position) => {
    const { url } = await rig();
    const answer = await post(`${url}/v1/track`, body);
    expect([answer.status, answer.json.error.code, answer.json.error.details.position]).toEqual([
      400,
      'malformed_json',
      position,
    ]);
    expect(answer.text).not.toContain('secret-person');
  });

  test('invalid UTF-8 is refused, a byte order mark is not', async () => {
    const { url } = await rig();
    const broken = Buffer.concat([
      Buffer.from('{"userId":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('","event":"e"}'),
    ]);
    expect((await post(`${url}/v1/track`, broken)).json.error.code).toBe('malformed_json');
    expect((await post(`${url}/v1/track`, `\ufeff${JSON.stringify(track)}`)).status).toBe(200);
  });

  test.each(['[]', '5', 'null', '"x"', 'true'])('a body of %s is not an object', async (body) => {
    const { url } = await rig();
    const answer = await post(`${url}/v1/track`, body);
    expect([answer.status, answer.json.error.code]).toEqual([400, 'invalid_request']);
  });

  test('nesting of a million levels is an answer, not a crash', async () => {
    const { url } = await rig();
    expect((await post(`${url}/v1/track`, '['.repeat(1_000_000))).json.error.code).toBe('malformed_json');
    expect((await call(`${url}/health`)).status).toBe(200);
  });

  test('over the limit: told when moderately over, told and closed when far over', async () => {
    const { server, url } = await rig({ limits: { ...DEFAULT_INGEST_LIMITS, bodySizeBytes: 1_000 } });
    const answer = await post(`${url}/v1/track`, 'x'.repeat(1_001));
    expect([answer.status, answer.json.error.code, answer.json.error.details]).toEqual([
      413,
      'payload_too_large',
      { limitBytes: 1_000 },
    ]);
    const head =
      'POST /v1/track HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer write-key-1\r\nContent-Length: 900000000\r\n\r\n';
    const text = await raw(server.port, Buffer.concat([Buffer.from(head), Buffer.alloc(20 * 1024 * 1024)]));
    // The client may lose the answer when it is cut off in the middle of sending; it never gets another one.
    if (text !== '') expect(text).toMatch(/^HTTP\/1.1 413/);
    expect((await call(`${url}/health`)).status).toBe(200);
  });

  test('chunked bodies are bounded too', async () => {
    const { server } = await rig({ limits: { ...DEFAULT_INGEST_LIMITS, bodySizeBytes: 100 } });
    const chunk = `40\r\n${'x'.repeat(64)}\r\n`;
    const head =
      'POST /v1/track HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer write-key-1\r\nTransfer-Encoding: chunked\r\n\r\n';
    const text = await raw(server.port, `${head}${chunk.repeat(3)}0\r\n\r\n`, (heard) => heard.includes('}}'));
    expect(text).toMatch(/^HTTP\/1.1 413 Payload Too Large/);
  });

  test('without a key in a header a body may be smaller only', async () => {
    const { url } = await rig({ limits: { ...DEFAULT_INGEST_LIMITS, eventSizeBytes: 1_000_000 } });
    const body = { ...track, writeKey: 'write-key-1', properties: { text: 'x'.repeat(600_000) } };
    expect((await post(`${url}/v1/track`, body, {})).status).toBe(413);
    expect((await post(`${url}/v1/track`, body)).status).toBe(200);
  });

  test('all bodies together are bounded: the rest is told to come again', async () => {
    const { engine, url } = await rig({ maxBodyBytesInFlight: 1_000 });
    const answer = await post(`${url}/v1/track`, { ...track, text: 'x'.repeat(2_000) });
    expect([answer.status, answer.json.error.code, answer.headers.get('retry-after')]).toEqual([
      503,
      'overloaded',
      '1',
    ]);
    expect((await post(`${url}/v1/track`, track)).status).toBe(200);
    expect(engine.ingested).toHaveLength(1);
  });
});

describe('back-pressure', () => {
  test('is 503 with Retry-After in whole seconds, never 400, and nothing is parsed', async () => {
    const { engine, url } = await rig({ clock: { nowMs: () => 1_000_000 } });
    engine.pressure = new EngineError('overloaded', 'too much', { retryAfterMs: 2_300 });
    const answer = await post(`${url}/v1/batch`, 'not even JSON');
    expect([answer.status, answer.json.error.code]).toEqual([503, 'overloaded']);
    expect([answer.headers.get('retry-after'), answer.headers.get('x-ratelimit-reset')]).toEqual(['3', '1003']);
    engine.pressure = new EngineError('too_many_requests', 'slow down');
    const limited = await post(`${url}/v1/track`, track);
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '1']);
    engine.pressure = undefined;
    expect((await post(`${url}/v1/track`, track)).status).toBe(200);
  });

  test('is not told to strangers', async () => {
    const { engine, url } = await rig();
    engine.pressure = new EngineError('overloaded', 'too much');
    expect((await post(`${url}/v1/track`, track, {})).status).toBe(401);
  });

  test('an unexpected failure of the engine is 500 and shows nothing', async () => {
    const { engine, url } = await rig();
    engine.failure = new TypeError('person@example.com broke it');
    const answer = await post(`${url}/v1/track`, track);
    expect([answer.status, answer.json.error.code]).toEqual([500, 'internal']);
    expect(answer.text).not.toContain('person@example.com');
  });
});
