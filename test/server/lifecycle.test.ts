import { get } from 'node:https';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { DEFAULT_INGEST_LIMITS } from '../../src/model/limits.ts';
import { startServer } from '../../src/server/server.ts';
import { FakeEngine } from './fake-engine.ts';
import { asAdmin, asWriter, call, gate, KEYS, post, type Rig, raw, rig, strangerStream, stream } from './harness.ts';

const item = { userId: 'u1', event: 'E', messageId: 'm1' };
const certFile = fileURLToPath(new URL('./certificate/localhost.pem', import.meta.url));
const keyFile = fileURLToPath(new URL('./certificate/localhost.key', import.meta.url));

describe('starting', () => {
  test('a taken port is an error, not a second server beside the first', async () => {
    const { server } = await rig();
    await expect(startServer(new FakeEngine(), { port: server.port })).rejects.toMatchObject({
      message: expect.stringContaining(String(server.port)),
    });
    expect((await call(`${server.url}/health`)).status).toBe(200);
  });

  test('servers that share a port all get connections; with one that does not, it stays whole', async () => {
    const first = await rig({ isPortShared: true });
    const second = await rig({ isPortShared: true, port: first.server.port });
    expect(second.server.port).toBe(first.server.port);
    const isHeard = ({ engine }: Rig): boolean => engine.ingested.length > 0;
    while (!isHeard(first) || !isHeard(second)) {
      // Each a connection of its own: the kernel deals them out.
      const body = JSON.stringify(item);
      const head = `POST /v1/track HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer write-key-1\r\nContent-Length: ${body.length}`;
      expect(await raw(first.server.port, `${head}\r\n\r\n${body}`, (text) => text.includes('}'))).toContain(' 200 OK');
    }
    const alone = { port: first.server.port, message: expect.stringContaining(String(first.server.port)) };
    await expect(startServer(new FakeEngine(), { port: alone.port })).rejects.toMatchObject({ message: alone.message });
    const whole = await rig();
    await expect(startServer(new FakeEngine(), { port: whole.server.port, isPortShared: true })).rejects.toThrow();
  });

  test('answers over TLS', async () => {
    const { server } = await rig({ tls: { certFile, keyFile } });
    expect(server.url).toMatch(/^https:/);
    const status = await new Promise((resolve, reject) => {
      get(`${server.url}/health`, { rejectUnauthorized: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject);
    });
    expect(status).toBe(200);
  });

  test('a certificate that cannot be read is a clear error', async () => {
    const tls = { certFile: '/nowhere/cert.pem', keyFile };
    await expect(startServer(new FakeEngine(), { port: 0, tls })).rejects.toMatchObject({
      message: expect.stringContaining('TLS'),
    });
  });
});

describe('closing', () => {
  test('answers what is under way, refuses what is new, closes streams, and is idempotent', async () => {
    const { engine, server, url } = await rig();
    const held = gate();
    engine.gate = held.opened;
    const client = await stream({ engine, server, url });
    client.send({ op: 'track', batch: [item], ref: 1 });
    const pending = post(`${url}/v1/track`, item);
    while (engine.ingested.length < 2) await call(`${url}/health`);
    // A connection that is open already: no new one is taken from here on.
    const socket = net.connect(server.port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    await call(`${url}/health`);
    const closing = server.close();
    expect(server.close()).toBe(closing);
    let heard = '';
    const refused = new Promise<void>((resolve) =>
      socket.on('data', (data) => {
        heard += data.toString();
        if (heard.includes('}}')) resolve();
      }),
    );
    socket.write(
      'POST /v1/track HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer write-key-1\r\nContent-Length: 0\r\n\r\n',
    );
    await refused;
    expect(heard).toMatch(/^HTTP\/1.1 503 [\s\S]*retry-after: \d[\s\S]*"shutting_down"/i);
    client.send({ op: 'track', batch: [item], ref: 2 });
    expect(await client.nextJson()).toMatchObject({ ack: 2, error: { code: 'shutting_down' } });
    held.open();
    expect((await pending).status).toBe(200);
    expect(await client.nextJson()).toMatchObject({ ack: 1, accepted: 1 });
    expect(await client.closed).toEqual({ code: 1001, reason: 'shutting_down' });
    await closing;
    await expect(call(`${url}/health`)).rejects.toThrow();
    expect(engine.isClosed).toBe(false);
  });

  test('does not wait for ever', async () => {
    const { engine, server, url } = await rig({ timeouts: { drainMs: 20 } });
    engine.gate = new Promise(() => {});
    const pending = post(`${url}/v1/track`, item).catch(() => 'cut off');
    while (engine.ingested.length === 0) await call(`${url}/health`);
    await server.close();
    expect(await pending).toBe('cut off');
  });
});

describe('hostile connections', () => {
  test.each([
    ['noise', '\x00\x01\x02\x03\r\n\r\n'],
    ['no version', 'GET /\r\n\r\n'],
    ['an old version', 'GET /health HTTP/1.0\r\nHost: a\r\n\r\n'],
    ['a length that is no number', 'POST /v1/track HTTP/1.1\r\nHost: a\r\nContent-Length: ten\r\n\r\n'],
    ['a negative length', 'POST /v1/track HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n'],
    [
      'two ways to say the length',
      'POST /v1/track HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['broken chunks', 'POST /v1/track HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n'],
  ])('%s is closed and the server stays up', async (_name, bytes) => {
    const { server, url } = await rig();
    const text = await raw(server.port, bytes);
    if (text !== '') expect(text).toMatch(/^HTTP\/1.1 (4\d\d|5\d\d)/);
    expect((await call(`${url}/health`)).status).toBe(200);
  });

  test('clients that leave in the middle of a body cost nothing', async () => {
    const { engine, server, url } = await rig({
      maxBodyBytesInFlight: 100_000,
      limits: { ...DEFAULT_INGEST_LIMITS, eventSizeBytes: 100_000 },
    });
    for (let round = 0; round < 30; round += 1) {
      const socket = net.connect(server.port, '127.0.0.1');
      socket.on('error', () => {});
      await new Promise((resolve) => socket.once('connect', resolve));
      const head =
        'POST /v1/track HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer write-key-1\r\nContent-Length: 90000\r\n\r\n';
      await new Promise((resolve) => socket.write(`${head}${'x'.repeat(50_000)}`, resolve));
      socket.resetAndDestroy();
    }
    while (!(await call(`${url}/metrics`)).text.includes('kith_requests_in_flight 1\n')) await call(`${url}/health`);
    const text = 'x'.repeat(80_000);
    expect((await post(`${url}/v1/track`, { ...item, text })).status).toBe(200);
    expect(engine.ingested).toHaveLength(1);
  });

  test('connections past the limit are closed at once and counted', async () => {
    const { server, url } = await rig({ maxConnections: 3 });
    const held = await Promise.all(
      Array.from({ length: 3 }, () => {
        const socket = net.connect(server.port, '127.0.0.1');
        return new Promise<net.Socket>((resolve) => {
          socket.once('data', () => resolve(socket));
          socket.write('GET /health HTTP/1.1\r\nHost: a\r\n\r\n');
        });
      }),
    );
    expect(await raw(server.port, 'GET /health HTTP/1.1\r\nHost: a\r\n\r\n')).toBe('');
    let page = '';
    held[0].on('data', (data) => {
      page += data.toString();
    });
    held[0].write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n');
    while (!page.includes('kith_connections_refused_total 1'))
      await new Promise((resolve) => held[0].once('data', resolve));
    for (const socket of held) socket.destroy();
    let status = 0;
    while (status !== 200)
      status = await call(`${url}/health`).then(
        (answer) => answer.status,
        () => 0,
      );
  });

  test('a thousand odd frames and requests leave it serving', async () => {
    const rigged = await rig();
    const client = await stream(rigged, asAdmin);
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    for (let round = 0; round < 1_000; round += 1) {
      client.socket.send(Buffer.from(Array.from({ length: random(40) }, () => random(256))));
      expect((await client.next()).isBinary).toBe(true);
    }
    for (let round = 0; round < 200; round += 1) {
      const text = String.fromCharCode(...Array.from({ length: random(30) }, () => 32 + random(95)));
      const answer = await post(`${rigged.url}/v1/batch`, text, asWriter);
      expect(answer.status).toBe(400);
    }
    expect(await client.ask({ op: 'ping', ref: 1 })).toEqual({ op: 'pong', ref: 1 });
  });

  test('upgrades while closing are refused', async () => {
    const { engine, server, url } = await rig({ keys: KEYS });
    const held = gate();
    engine.gate = held.opened;
    const pending = post(`${url}/v1/track`, item);
    while (engine.ingested.length === 0) await call(`${url}/health`);
    const closing = server.close();
    await expect(strangerStream({ engine, server, url })).rejects.toThrow();
    held.open();
    await pending;
    await closing;
  });
});
