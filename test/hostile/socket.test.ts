/** Hostile connections: garbage in the place of requests, many at once, half open, slow, pipelined. */
import net from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_KEY } from '../process/kith-process.ts';
import { randomOf, testSeed } from '../process/seed.ts';
import { isGap } from './cluster-gaps.ts';
import { SteadyServer } from './steady.ts';
import { HostileStream } from './stream-client.ts';

let server: SteadyServer;
beforeAll(async () => {
  server = await SteadyServer.start();
});

const AUTHORIZED = `Host: localhost\r\nAuthorization: Bearer ${ADMIN_KEY}\r\n`;

function connect(): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(server.kith.port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Sends, ends its side and gives what came back until the other side ended. */
async function exchange(bytes: string | Uint8Array): Promise<string> {
  const socket = await connect();
  let text = '';
  const closed = new Promise<string>((resolve) => {
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
  socket.end(bytes);
  return closed;
}

/** Until `isEnough` says so. */
function heard(socket: net.Socket, isEnough: (text: string) => boolean): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (isEnough(text)) resolve(text);
    });
    socket.on('close', () => reject(new Error(`closed after: ${text.slice(0, 500)}`)));
  });
}

const statusesOf = (text: string): string[] => text.match(/HTTP\/1\.1 \d{3}/g) ?? [];

describe('garbage in the place of a request', () => {
  const lines: readonly (readonly [name: string, bytes: string | Uint8Array])[] = [
    ['nothing', ''],
    ['a NUL', '\u0000'],
    ['binary', Buffer.from(Array.from({ length: 2_000 }, (_, n) => (n * 37) % 256))],
    ['the start of TLS', Buffer.from('16030100a5010000a1030300', 'hex')],
    ['HTTP 2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['no version', 'GET /health\r\n\r\n'],
    ['HTTP 0.9', 'GET /\r\n'],
    ['HTTP 9.9', 'GET /health HTTP/9.9\r\nHost: x\r\n\r\n'],
    ['no host', 'GET /health HTTP/1.1\r\n\r\n'],
    ['a method nobody knows', `BREW /health HTTP/1.1\r\n${AUTHORIZED}\r\n`],
    ['a method without end', `${'G'.repeat(100_000)} / HTTP/1.1\r\n\r\n`],
    ['a path without end', `GET /${'x'.repeat(100_000)} HTTP/1.1\r\n${AUTHORIZED}\r\n`],
    ['a header without end', `GET /health HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(200_000)}\r\n\r\n`],
    ['headers without end', `GET /health HTTP/1.1\r\nHost: x\r\n${'X: y\r\n'.repeat(50_000)}\r\n`],
    ['a header without a colon', 'GET /health HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n'],
    ['a header name of spaces', 'GET /health HTTP/1.1\r\nHost: x\r\n   : y\r\n\r\n'],
    ['control characters', 'GET /health HTTP/1.1\r\nHost: x\r\nX: \u0001\u0002\u0007\r\n\r\n'],
    ['bare line feeds', 'GET /health HTTP/1.1\nHost: x\n\n'],
    ['a length that is none', `POST /v1/track HTTP/1.1\r\n${AUTHORIZED}Content-Length: many\r\n\r\n{}`],
    ['a negative length', `POST /v1/track HTTP/1.1\r\n${AUTHORIZED}Content-Length: -1\r\n\r\n{}`],
    ['a length of 2^64', `POST /v1/track HTTP/1.1\r\n${AUTHORIZED}Content-Length: 18446744073709551616\r\n\r\n{}`],
    ['two lengths', `POST /v1/track HTTP/1.1\r\n${AUTHORIZED}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
    [
      'a length and chunks',
      `POST /v1/track HTTP/1.1\r\n${AUTHORIZED}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'a chunk size that is none',
      `POST /v1/track HTTP/1.1\r\n${AUTHORIZED}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
    ],
    [
      'a chunk of 2^64',
      `POST /v1/track HTTP/1.1\r\n${AUTHORIZED}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff0\r\n{}`,
    ],
    ['a body that ends too early', `POST /v1/track HTTP/1.1\r\n${AUTHORIZED}Content-Length: 1000\r\n\r\n{"type"`],
    ['Basic that is not base64', 'GET /v1/profiles/witness HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ????\r\n\r\n'],
    [
      'an authorization without end',
      `GET /v1/profiles/witness HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${'k'.repeat(8_000)}\r\n\r\n`,
    ],
    [
      'an upgrade to nothing',
      `GET /v1/stream HTTP/1.1\r\n${AUTHORIZED}Upgrade: nothing\r\nConnection: Upgrade\r\n\r\n`,
    ],
    [
      'an upgrade without its key',
      `GET /v1/stream HTTP/1.1\r\n${AUTHORIZED}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
    ],
    [
      'an upgrade of another path',
      `GET /v1/track HTTP/1.1\r\n${AUTHORIZED}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    ],
    ['a CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n'],
    ['an absolute URL', `GET http://example.com/health HTTP/1.1\r\n${AUTHORIZED}\r\n`],
    ['raw bytes in the path', Buffer.from(`GET /v1/profiles/\xff\xfe\x00 HTTP/1.1\r\n${AUTHORIZED}\r\n`, 'latin1')],
    ['an expectation', `POST /v1/track HTTP/1.1\r\n${AUTHORIZED}Expect: the-unexpected\r\nContent-Length: 0\r\n\r\n`],
  ];

  it.each(lines)('%s: the connection ends, the process stands', async (_, bytes) => {
    const text = await exchange(bytes);
    expect(text).toMatch(/^$|^HTTP\/1\.1 \d{3} /);
    expect(text).not.toContain('"internal"');
    await server.expectSteady();
  });

  it('at random, and cut at random', async () => {
    const random = randomOf(testSeed('random requests'));
    const good = Buffer.from(
      `POST /v1/track HTTP/1.1\r\n${AUTHORIZED}Content-Type: application/json\r\nContent-Length: 28\r\n\r\n{"userId":"u","event":"Rnd"}`,
    );
    const letters = Buffer.from('\r\n: /\u0000\u007f%,;"');
    for (let round = 0; round < 60; round += 1) {
      await Promise.all(
        Array.from({ length: 10 }, async () => {
          const bytes = Buffer.from(good);
          for (let change = random.below(5); change >= 0; change -= 1) {
            bytes[random.below(bytes.length)] = random.chance(50)
              ? random.below(256)
              : letters[random.below(letters.length)];
          }
          const text = await exchange(random.chance(30) ? bytes.subarray(0, random.below(bytes.length)) : bytes);
          expect(text).toMatch(/^$|^HTTP\/1\.1 \d{3} /);
        }),
      );
    }
    await server.expectSteady();
  });
});

describe('connections', () => {
  it('that say nothing, half a request or half an upgrade, by the hundred, disturb nobody', async () => {
    const openings = [
      '',
      'G',
      'GET /health HTTP/1.1\r\nHost',
      `POST /v1/track HTTP/1.1\r\n${AUTHORIZED}Content-Length: 4000000\r\n\r\n{`,
      `POST /v1/track HTTP/1.1\r\n${AUTHORIZED}Transfer-Encoding: chunked\r\n\r\n5\r\n{`,
      `GET /v1/stream HTTP/1.1\r\n${AUTHORIZED}Upgrade: websocket\r\n`,
    ];
    const sockets = await Promise.all(Array.from({ length: 600 }, connect));
    sockets.forEach((socket, n) => {
      socket.on('error', () => {});
      socket.write(openings[n % openings.length]);
    });
    await server.expectSteady();
    // Byte by byte, all at once, while others are served.
    for (let round = 0; round < 20; round += 1) {
      for (const socket of sockets) if (socket.writable) socket.write(' ');
      await server.expectSteady();
    }
    // Half of them close their side, the others vanish.
    sockets.forEach((socket, n) => {
      if (n % 2 === 0) socket.end();
      else socket.resetAndDestroy();
    });
    await server.expectSteady();
    for (const socket of sockets) socket.destroy();
    await server.expectSteady();
  });

  it.skipIf(isGap('pipelining'))('with pipelined lookups are answered in order', async () => {
    const socket = await connect();
    const count = 500;
    const requests = Array.from(
      { length: count },
      (_, n) => `GET /v1/profiles/${n % 3 === 1 ? 'witness' : `nobody-${n}`} HTTP/1.1\r\n${AUTHORIZED}\r\n`,
    );
    const answered = heard(socket, (text) => statusesOf(text).length === count);
    socket.write(requests.join(''));
    const expected = Array.from({ length: count }, (_, n) => (n % 3 === 1 ? 'HTTP/1.1 200' : 'HTTP/1.1 404'));
    expect(statusesOf(await answered)).toEqual(expected);
    socket.destroy();
    await server.expectSteady();
  });

  it('with a request behind one that is not answered yet are ended, not mixed up', async () => {
    const body = '{"userId":"pipe","event":"Piped","messageId":"pipe-1"}';
    const ingest = `POST /v1/track HTTP/1.1\r\n${AUTHORIZED}Content-Length: ${body.length}\r\n\r\n${body}`;
    const lookup = `GET /v1/profiles/nobody HTTP/1.1\r\n${AUTHORIZED}\r\n`;
    const rounds = Array.from({ length: 50 }, () => [ingest, lookup]).flat();
    for (const requests of [[ingest, lookup], [ingest, ingest], [lookup, ingest, lookup], rounds]) {
      const statuses = statusesOf(await exchange(requests.join('')));
      const expected = requests.map((request) => (request === ingest ? 'HTTP/1.1 200' : 'HTTP/1.1 404'));
      expect(statuses).toEqual(expected.slice(0, statuses.length));
    }
    const answer = await server.kith.post('/v1/track', body);
    expect(answer.status).toBe(200);
    expect((await server.kith.call('/v1/profiles/pipe')).json.counts).toEqual({ Piped: 1 });
    await server.expectSteady();
  });

  it('that ask for much and read nothing are bounded', async () => {
    const big = { type: 'identify', userId: 'big', traits: { text: 'x'.repeat(60_000) } };
    expect((await server.kith.post('/v1/identify', big)).status).toBe(200);
    const sockets = await Promise.all(Array.from({ length: 20 }, connect));
    for (const socket of sockets) {
      socket.on('error', () => {});
      socket.pause();
      // 20 × 200 × 60 KB = 240 MB of answers, if someone kept them.
      for (let n = 0; n < 200; n += 1) socket.write(`GET /v1/profiles/big HTTP/1.1\r\n${AUTHORIZED}\r\n`);
    }
    await server.expectSteady();
    for (const socket of sockets) socket.destroy();
    await server.expectSteady();
  });

  it('that ask over streams and read nothing are bounded', async () => {
    const big = { type: 'identify', userId: 'big', messageId: 'big-2', traits: { text: 'x'.repeat(60_000) } };
    expect((await server.kith.post('/v1/identify', big)).status).toBe(200);
    const streams = await Promise.all(Array.from({ length: 4 }, () => HostileStream.open(server.kith)));
    for (const stream of streams) stream.deafen();
    // 4 × 50 × 100 × 60 KB = 1.2 GB of answers, if someone kept them.
    const ids = Array.from({ length: 100 }, () => 'big');
    for (let n = 0; n < 50; n += 1) {
      for (const stream of streams) stream.send(JSON.stringify({ op: 'get', ids, ref: n }));
      await server.expectSteady();
    }
    for (const stream of streams) stream.close();
    await server.expectSteady();
  });

  it('without number come and go', async () => {
    for (let round = 0; round < 20; round += 1) {
      const sockets = await Promise.all(Array.from({ length: 100 }, connect));
      for (const socket of sockets) {
        socket.on('error', () => {});
        socket.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
        socket.resetAndDestroy();
      }
    }
    await server.expectSteady();
  });
});
