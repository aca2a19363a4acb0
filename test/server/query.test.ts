import net from 'node:net';
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../src/model/error.ts';
import { DEFAULT_INGEST_LIMITS } from '../../src/model/limits.ts';
import { asReader, call, post, rig } from './harness.ts';

describe('POST /v1/query', () => {
  test('hands the request on and the answer back', async () => {
    const { engine, url } = await rig();
    const request = {
      where: { and: [{ trait: 'country', op: 'eq', value: 'DE' }] },
      as: 'count',
      limit: 5,
      fields: ['a'],
      events: 2,
      at: '2026-01-01T00:00:00Z',
      timeoutMs: 100,
      cursor: 'c',
      aggregate: { fn: 'sum', event: 'E', property: 'p' },
    };
    engine.onQuery = () => Promise.resolve({ count: 0, tookMs: 1, watermark: [1] });
    const answer = await post(`${url}/v1/query`, request, asReader);
    expect([answer.status, answer.json]).toEqual([200, { count: 0, tookMs: 1, watermark: [1] }]);
    expect(engine.queries).toEqual([request]);
  });

  test.each([
    [{ explain: 'yes' }, 'query_invalid'],
    [{ by: ['country'] }, 'query_invalid'],
    [{ wehre: 'x' }, 'query_invalid'],
    [JSON.parse('{"__proto__":{"as":"ids"}}'), 'query_invalid'],
    [{ where: 5 }, 'query_invalid'],
    [{ where: [] }, 'query_invalid'],
    [{ as: 1 }, 'query_invalid'],
    [{ limit: -1 }, 'query_invalid'],
    [{ limit: 1.5 }, 'query_invalid'],
    [{ fields: [1] }, 'query_invalid'],
    [{ timeoutMs: '5' }, 'query_invalid'],
    [[], 'query_invalid'],
  ])('%j is refused: %s', async (request, code) => {
    const { engine, url } = await rig();
    const answer = await post(`${url}/v1/query`, request, asReader);
    expect([answer.status, answer.json.error.code]).toEqual([400, code]);
    expect(engine.queries).toHaveLength(0);
  });

  test('errors of the engine keep code, status and position', async () => {
    const { engine, url } = await rig();
    engine.onQuery = () =>
      Promise.reject(new EngineError('query_syntax', 'expected a value', { span: { start: 4, end: 6 } }));
    const answer = await post(`${url}/v1/query`, { where: 'a = ' }, asReader);
    expect([answer.status, answer.json]).toEqual([
      400,
      {
        error: {
          code: 'query_syntax',
          message: 'expected a value',
          details: { position: 4, end: 6, line: 1, column: 5, excerpt: '1 | a = \n        ^' },
        },
      },
    ]);
    engine.onQuery = () => Promise.reject(new EngineError('query_timeout', 'too slow'));
    expect((await post(`${url}/v1/query`, {}, asReader)).status).toBe(408);
  });

  test('a large answer arrives whole', async () => {
    const { engine, url } = await rig();
    const ids = Array.from({ length: 300_000 }, (_, index) => `user-${index}`);
    engine.onQuery = () => Promise.resolve({ ids, tookMs: 1, watermark: [] });
    const answer = await post(`${url}/v1/query`, { as: 'ids' }, asReader);
    expect(answer.json.ids).toHaveLength(300_000);
    expect(answer.json.ids.at(-1)).toBe('user-299999');
  });

  test('a client that leaves cancels its query', async () => {
    const { engine, server, url } = await rig();
    let seen: AbortSignal | undefined;
    const cancelled = new Promise<void>((resolve) => {
      engine.onQuery = (_request, signal) => {
        seen = signal;
        return new Promise((_, reject) => {
          signal?.addEventListener('abort', () => {
            resolve();
            reject(new EngineError('query_cancelled', 'cancelled'));
          });
        });
      };
    });
    const socket = net.connect(server.port, '127.0.0.1');
    socket.write('POST /v1/query HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer read-key\r\nContent-Length: 2\r\n\r\n{}');
    while (seen === undefined) await call(`${url}/health`);
    socket.destroy();
    await cancelled;
    expect((await call(`${url}/health`)).status).toBe(200);
  });
});

describe('GET /v1/export', () => {
  test('is one profile a line, whatever the size', async () => {
    const { engine, url } = await rig({ limits: { ...DEFAULT_INGEST_LIMITS, eventSizeBytes: 1_000_000 } });
    const items = Array.from({ length: 500 }, (_, index) => ({
      type: 'identify',
      userId: `u${index}`,
      traits: { text: 'ä'.repeat(index === 250 ? 200_000 : index * 3) },
    }));
    await engine.ingest([...items, { type: 'track', userId: 'u1', event: 'E', messageId: 'm' }]);
    const answer = await call(`${url}/v1/export`, { headers: asReader });
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = answer.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      // A cluster tells shard by shard.
      .sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
    expect(lines.map(({ id }) => id)).toEqual(items.map(({ userId }) => userId));
    expect(lines.every(({ traits }, index) => traits.text === items[index].traits.text)).toBe(true);
    expect(lines[1].events).toBeUndefined();
    const withEvents = await call(`${url}/v1/export?events=1&fields=none`, { headers: asReader });
    expect(withEvents.text.trimEnd().split('\n')).toHaveLength(500);
  });

  test('of nobody is empty', async () => {
    const { url } = await rig();
    const answer = await call(`${url}/v1/export`, { headers: asReader });
    expect([answer.status, answer.text]).toEqual([200, '']);
  });

  test('waits for a slow reader and stops when it leaves', async () => {
    const { engine, server, url } = await rig();
    const whole = Buffer.from(JSON.stringify({ id: 'u', traits: { text: 'x'.repeat(50_000) } }));
    let yielded = 0;
    let hasStopped = false;
    engine.exportProfiles = async function* endless() {
      try {
        for (;;) {
          yielded += 1;
          yield whole;
        }
      } finally {
        hasStopped = true;
      }
    };
    const socket = net.connect(server.port, '127.0.0.1');
    socket.write('GET /v1/export HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer read-key\r\n\r\n');
    await new Promise((resolve) => socket.once('readable', resolve));
    // Nothing is read from here on: the pipe fills and the export stands still.
    let before = -1;
    while (before !== yielded) {
      before = yielded;
      for (let turn = 0; turn < 20; turn += 1) await call(`${url}/health`);
    }
    expect(yielded).toBeLessThan(2_000);
    socket.destroy();
    while (!hasStopped) await call(`${url}/health`);
  });

  test('breaks off when it fails on the way', async () => {
    const { engine, url } = await rig();
    engine.exportProfiles = async function* failing() {
      yield Buffer.alloc(100_000, 0x20);
      throw new EngineError('storage_failed', 'disk');
    };
    await expect(call(`${url}/v1/export`, { headers: asReader })).rejects.toThrow();
    expect((await call(`${url}/health`)).status).toBe(200);
  });

  test('that fails before the first line is an error like any other', async () => {
    const { engine, url } = await rig();
    // biome-ignore lint/correctness/useYield: it fails first.
    engine.exportProfiles = async function* failing() {
      throw new EngineError('shard_unavailable', 'away');
    };
    const answer = await call(`${url}/v1/export`, { headers: asReader });
    expect([answer.status, answer.json.error.code, answer.headers.get('retry-after')]).toEqual([
      503,
      'shard_unavailable',
      '1',
    ]);
    expect((await call(`${url}/v1/export?events=x`, { headers: asReader })).json.error.code).toBe('invalid_request');
  });
});
