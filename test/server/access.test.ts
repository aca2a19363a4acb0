import { describe, expect, test } from 'vitest';
import { startServer } from '../../src/server/server.ts';
import { FakeEngine } from './fake-engine.ts';
import { asAdmin, asReader, asWriter, call, post, raw, rig } from './harness.ts';

const track = { userId: 'u1', event: 'e' };
const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });

describe('who may ingest', () => {
  test.each([
    ['bearer', asWriter],
    ['bearer, second key', { authorization: 'bearer write-key-2' }],
    ['basic with an empty password', basic('write-key-1:')],
    ['basic without a colon', basic('write-key-1')],
    ['basic with a password', basic('write-key-1:whatever')],
    ['X-Write-Key', { 'x-write-key': 'write-key-1' }],
    ['X-Write-Key with a secret', { 'x-write-key': 'write-key-1:secret' }],
    ['an admin key', asAdmin],
    ['a bad header and a good X-Write-Key', { authorization: 'Bearer token', 'x-write-key': 'write-key-1' }],
  ] as [string, Record<string, string>][])('%s', async (_name, headers) => {
    const { url } = await rig();
    expect((await post(`${url}/v1/track`, track, headers)).status).toBe(200);
  });

  test.each([
    ['nothing', {}],
    ['a wrong key', { authorization: 'Bearer write-key-3' }],
    ['a prefix', { authorization: 'Bearer write-key-' }],
    ['a longer key', { authorization: 'Bearer write-key-11' }],
    ['an empty bearer', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: 'Digest write-key-1' }],
    ['no scheme', { authorization: 'write-key-1' }],
    ['basic nonsense', { authorization: 'Basic %%%' }],
    ['a very long header', { authorization: `Bearer ${'k'.repeat(3_000)}` }],
    ['the key as the password', basic(':write-key-1')],
    ['wrong case', { authorization: 'Bearer WRITE-KEY-1' }],
  ] as [string, Record<string, string>][])('401 for %s, always the same words', async (_name, headers) => {
    const { engine, url } = await rig();
    const answer = await post(`${url}/v1/track`, track, headers);
    expect([answer.status, answer.json]).toEqual([
      401,
      {
        error: {
          code: 'unauthorized',
          message: 'a valid key is needed: Authorization: Bearer KEY, or Basic with the key as user name',
        },
      },
    ]);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Basic/);
    expect(engine.ingested).toHaveLength(0);
  });

  test('a read key is known and may not: 403', async () => {
    const { url } = await rig();
    const answer = await post(`${url}/v1/track`, track, asReader);
    expect([answer.status, answer.json.error]).toEqual([
      403,
      { code: 'forbidden', message: 'this needs a write or admin key' },
    ]);
  });

  test.each([5, null, '', ['write-key-1'], { a: 1 }, 'nope'])('writeKey %j in the body is no key', async (writeKey) => {
    const { url } = await rig();
    expect((await post(`${url}/v1/track`, { ...track, writeKey }, {})).status).toBe(401);
  });

  test('a stranger with a broken body learns only that a key is missing', async () => {
    const { url } = await rig();
    expect((await post(`${url}/v1/track`, '{', {})).status).toBe(401);
  });
});

describe('the matrix of routes and keys', () => {
  const none = {};
  const routes: [string, string, Record<string, number>][] = [
    ['GET', '/v1/profiles/u1', { none: 401, write: 403, read: 404, admin: 404 }],
    ['POST', '/v1/profiles/get', { none: 401, write: 403, read: 200, admin: 200 }],
    ['POST', '/v1/query', { none: 401, write: 403, read: 200, admin: 200 }],
    ['GET', '/v1/export', { none: 401, write: 403, read: 200, admin: 200 }],
    ['GET', '/v1/cluster/quarantine', { none: 401, write: 403, read: 200, admin: 200 }],
    ['DELETE', '/v1/cluster/quarantine/some', { none: 401, write: 403, read: 403, admin: 404 }],
    ['GET', '/v1/cluster', { none: 401, write: 403, read: 200, admin: 200 }],
    ['POST', '/v1/admin/checkpoint', { none: 401, write: 403, read: 403, admin: 200 }],
    ['GET', '/v1/admin/state-hash', { none: 401, write: 403, read: 403, admin: 200 }],
    ['GET', '/health', { none: 200, write: 200, read: 200, admin: 200 }],
    ['GET', '/ready', { none: 200, write: 200, read: 200, admin: 200 }],
    ['GET', '/metrics', { none: 200, write: 200, read: 200, admin: 200 }],
    ['GET', '/openapi.json', { none: 200, write: 200, read: 200, admin: 200 }],
    ['GET', '/docs', { none: 200, write: 200, read: 200, admin: 200 }],
  ];
  test.each(routes)('%s %s', async (method, path, expected) => {
    const { url } = await rig();
    const headers = { none, write: asWriter, read: asReader, admin: asAdmin };
    for (const [name, status] of Object.entries(expected)) {
      const init = {
        method,
        headers: headers[name as keyof typeof headers],
        ...(method === 'POST' ? { body: '{"ids":[]}' } : {}),
      };
      if (path === '/v1/query') init.body = '{}';
      expect([name, (await call(`${url}${path}`, init)).status]).toEqual([name, status]);
    }
  });

  test('pages need a reader when the host is not loopback', async () => {
    const { server } = await rig({ host: '0.0.0.0' });
    const url = `http://127.0.0.1:${server.port}`;
    for (const path of ['/metrics', '/openapi.json', '/docs', '/docs/start.js']) {
      expect([path, (await call(`${url}${path}`)).status]).toEqual([path, 401]);
      expect([path, (await call(`${url}${path}`, { headers: basic('read-key:') })).status]).toEqual([path, 200]);
    }
    expect((await call(`${url}/health`)).status).toBe(200);
  });
});

describe('servers without keys', () => {
  test('refuse every host but loopback', async () => {
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'example.com', '127.0.0.1.example.com']) {
      await expect(startServer(new FakeEngine(), { host, port: 0 })).rejects.toMatchObject({
        name: 'EngineError',
        message: expect.stringContaining('without keys'),
      });
    }
  });

  test('serve this machine', async () => {
    const { url } = await rig({ keys: {} });
    expect((await post(`${url}/v1/track`, track, {})).status).toBe(200);
    expect((await call(`${url}/v1/profiles/u1`)).status).toBe(200);
    expect((await call(`${url}/v1/admin/state-hash`)).status).toBe(200);
  });

  test('refuse web pages from elsewhere and rebound names', async () => {
    const { server, url } = await rig({ keys: {} });
    expect((await post(`${url}/v1/track`, track, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await post(`${url}/v1/track`, track, { origin: 'http://localhost:3000' })).status).toBe(200);
    const text = await raw(server.port, 'GET /v1/profiles/u1 HTTP/1.1\r\nHost: evil.example\r\n\r\n', (heard) =>
      heard.includes('}}'),
    );
    expect(text).toMatch(/^HTTP\/1.1 403/);
  });
});

test('keys that no header could carry are refused at the start', async () => {
  for (const key of ['', 'with space', 'ключ', 'x'.repeat(513)]) {
    await expect(startServer(new FakeEngine(), { port: 0, keys: { write: [key] } })).rejects.toMatchObject({
      code: 'invalid_request',
    });
  }
});
