/** Channels over real sockets: messages, writes, bounds, socket files, ports, certificates. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, connect as netConnect, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Channel } from '../../../src/link/channel.ts';
import type { Listening, Network } from '../../../src/link/dial.ts';
import { addressText, parseAddress } from '../../../src/link/dial.ts';
import { type Handlers, Peer, type PeerLimits } from '../../../src/link/peer.ts';
import { socketNetwork } from '../../../src/link/socket-network.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { nextTurn } from '../../../src/runtime/turn.ts';
import { CERT, KEY } from './tls-identity.ts';

const clock = systemClock;
let folder = '';
let open: { close: () => unknown }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kith-link-'));
});

afterEach(async () => {
  for (const one of open) await one.close();
  open = [];
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

async function pair(
  address: string,
  handlers: Handlers,
  network: Network = socketNetwork(),
  limits: PeerLimits = {},
): Promise<{ caller: Peer; callee: Peer; listening: Listening }> {
  let accepted: (peer: Peer) => void = () => undefined;
  const calleeComes = new Promise<Peer>((resolve) => {
    accepted = resolve;
  });
  const listening = await network.listen(address, (channel) =>
    accepted(new Peer(channel, { handlers, clock, ...limits })),
  );
  const channel = await network.dial(listening.address);
  const caller = new Peer(channel, { handlers: {}, clock, name: 'shard 1', ...limits });
  const callee = await calleeComes;
  open.push(caller, callee, listening);
  await Promise.all([caller.ready, callee.ready]);
  return { caller, callee, listening };
}

const ECHO: Handlers = { echo: (args) => args, later: async (args) => nextTurn().then(() => args) };

describe('calls', () => {
  const tls = { cert: CERT, key: KEY, ca: CERT };
  const places: readonly (readonly [string, () => string, Network])[] = [
    ['a Unix socket', () => `unix:${join(folder, 'a.sock')}`, socketNetwork()],
    ['TCP', () => 'tcp:127.0.0.1:0', socketNetwork()],
    ['TLS, each end with a certificate', () => 'tls:localhost:0', socketNetwork({ tls })],
  ];
  for (const [what, address, network] of places) {
    test(`cross ${what}, of every size and many at once`, async () => {
      const { caller, callee } = await pair(address(), ECHO, network);
      const sizes = [0, 1, 100, 16_000, 16_384, 16_385, 65_535, 65_536, 200_000, 1_500_000];
      const payloads = sizes.map((size) => Uint8Array.from({ length: size }, (_, at) => (at * 31 + size) & 255));
      const calls = payloads.flatMap((payload) => [caller.call('echo', payload), caller.call('later', payload)]);
      const small = Array.from({ length: 3_000 }, (_, id) =>
        caller.call(id % 2 === 0 ? 'echo' : 'later', { id, of: 'x'.repeat(id % 200) }),
      );
      const got = await Promise.all(calls);
      for (const [index, one] of got.entries()) {
        if (!(one instanceof Uint8Array)) throw new Error('not bytes');
        expect(Buffer.compare(one, payloads[index >> 1])).toBe(0);
      }
      expect(await Promise.all(small)).toEqual(small.map((_, id) => ({ id, of: 'x'.repeat(id % 200) })));
      caller.close();
      await Promise.all([caller.closed, callee.closed]);
      expect(callee.closeReason).toBe(undefined);
    });
  }

  test('of one turn leave in one write, and so do their answers', async () => {
    const { caller } = await pair(`unix:${join(folder, 'a.sock')}`, ECHO);
    await caller.call('echo', 0);
    const write = vi.spyOn(Socket.prototype, 'write');
    await Promise.all(Array.from({ length: 200 }, (_, id) => caller.call('echo', id)));
    expect(write).toHaveBeenCalledTimes(2);
  });

  test('the other process is gone: pending calls are told', async () => {
    const path = join(folder, 'raw.sock');
    const server = createServer((socket) => {
      socket.once('data', () => socket.destroy());
    });
    open.push(server);
    server.listen(path);
    await once(server, 'listening');
    const caller = new Peer(await socketNetwork().dial(`unix:${path}`), { handlers: {}, clock });
    await expect(caller.call('x', 1)).rejects.toMatchObject({
      code: 'shard_unavailable',
      details: { isUnknownOutcome: true },
    });
    await expect(caller.ready).rejects.toMatchObject({ code: 'shard_unavailable' });
  });
});

describe('bounds', () => {
  test('an end that does not read: senders wait, and what waits is bounded', async () => {
    const path = join(folder, 'slow.sock');
    let slow: Socket | undefined;
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      slow = socket;
    });
    server.listen(path);
    await once(server, 'listening');
    const maxBufferedBytes = 1_000_000;
    const caller = new Peer(await socketNetwork().dial(`unix:${path}`), { handlers: {}, clock, maxBufferedBytes });
    open.push(caller, server);
    let sent = 0;
    let highest = 0;
    while (caller.bufferedBytes <= maxBufferedBytes) {
      caller.notify('push', new Uint8Array(50_000));
      sent++;
      highest = Math.max(highest, caller.bufferedBytes);
    }
    expect(highest).toBeLessThan(maxBufferedBytes + 60_000);
    const drained = caller.drained().then(() => 'drained');
    expect(await Promise.race([drained, nextTurn().then(nextTurn)])).toBe(undefined);
    let receivedBytes = 0;
    slow?.on('data', (chunk: Buffer) => {
      receivedBytes += chunk.length;
    });
    slow?.resume();
    expect(await drained).toBe('drained');
    caller.close();
    if (slow !== undefined) await once(slow, 'close');
    expect(receivedBytes).toBeGreaterThan(sent * 50_000);
  });

  test('a length above the limit, or a stream that ends within a message, closes that link only', async () => {
    const network = socketNetwork({ maxMessageBytes: 1_000 });
    const { caller, listening } = await pair(`unix:${join(folder, 'a.sock')}`, ECHO, network);
    const endings: Promise<Error | undefined>[] = [];
    await listening.close();
    const path = join(folder, 'b.sock');
    const second = await network.listen(`unix:${path}`, (channel: Channel) => {
      channel.onMessage(() => undefined);
      endings.push(new Promise((resolve) => channel.onClose(resolve)));
    });
    open.push(second);
    for (const bytes of [Uint8Array.of(0, 0, 0, 9), Uint8Array.of(5, 0, 0, 0, 1), Uint8Array.of(5, 0)]) {
      const socket = netConnect(path);
      await once(socket, 'connect');
      socket.resume();
      socket.end(bytes);
      await once(socket, 'close');
    }
    expect((await Promise.all(endings)).map(String)).toEqual([
      'MalformedMessage: a message of 150994944 bytes; the limit is 1000',
      'Error: it ended within a message',
      'Error: it ended within a message',
    ]);
    expect(await caller.call('echo', 'alive')).toBe('alive');
  });
});

describe('listening', () => {
  test('a socket file is its owner’s alone, and goes when listening ends', async () => {
    const path = join(folder, 'a.sock');
    const { listening, caller } = await pair(`unix:${path}`, ECHO);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await listening.close();
    expect(statSync(path, { throwIfNoEntry: false })).toBe(undefined);
    expect(await caller.call('echo', 'goes on')).toBe('goes on');
  });

  test('a socket file of a dead process is replaced', async () => {
    const path = join(folder, 'a.sock');
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(statSync(path).isSocket()).toBe(true);
    const { caller } = await pair(`unix:${path}`, ECHO);
    expect(await caller.call('echo', 1)).toBe(1);
  });

  test('a live one is left alone, and so is a file that is no socket', async () => {
    const path = join(folder, 'a.sock');
    const { caller } = await pair(`unix:${path}`, ECHO);
    await expect(socketNetwork().listen(`unix:${path}`, () => undefined)).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('another process listens there'),
    });
    expect(await caller.call('echo', 1)).toBe(1);
    writeFileSync(join(folder, 'text'), 'x');
    await expect(socketNetwork().listen(`unix:${join(folder, 'text')}`, () => undefined)).rejects.toThrow('no socket');
    expect(statSync(join(folder, 'text')).size).toBe(1);
  });

  test('a taken port, a missing folder and a certificate that is not there are said clearly', async () => {
    const { listening } = await pair('tcp:127.0.0.1:0', ECHO);
    const refused = (address: string): Promise<unknown> => socketNetwork().listen(address, () => undefined);
    await expect(refused(listening.address)).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('another process listens there'),
    });
    await expect(refused(`unix:${folder}/none/a.sock`)).rejects.toThrow('its folder does not exist');
    await expect(refused('tls:127.0.0.1:0')).rejects.toThrow('takes a certificate');
  });
});

describe('dialling', () => {
  test('where nobody is says so', async () => {
    for (const address of [`unix:${folder}/none.sock`, 'tcp:127.0.0.1:1']) {
      await expect(socketNetwork().dial(address)).rejects.toMatchObject({
        code: 'shard_unavailable',
        message: expect.stringContaining(`cannot reach ${address}`),
      });
    }
  });

  test('a certificate that is not trusted is refused on either side', async () => {
    const server = socketNetwork({ tls: { cert: CERT, key: KEY, ca: CERT } });
    let acceptedCount = 0;
    const listening = await server.listen('tls:localhost:0', () => acceptedCount++);
    open.push(listening);
    await expect(socketNetwork().dial(listening.address)).rejects.toMatchObject({ code: 'shard_unavailable' });
    // Who has no certificate is hung up on, with TLS 1.3 only after it believed to be connected.
    const channel = await socketNetwork({ tls: { ca: CERT } }).dial(listening.address);
    await new Promise((resolve) => {
      channel.onClose(resolve);
      channel.onMessage(() => undefined);
    });
    expect(acceptedCount).toBe(0);
  });

  test('addresses are read and written the same, and what is none is refused', () => {
    for (const address of ['unix:/a/b.sock', 'tcp:127.0.0.1:80', 'tls:[::1]:443', 'tcp:shard-1.local:0']) {
      expect(addressText(parseAddress(address))).toBe(address);
    }
    for (const address of [
      '',
      'unix:',
      `unix:/${'x'.repeat(200)}`,
      'tcp:host',
      'tcp:host:70000',
      'http://x:1',
      'tcp::1:5',
    ]) {
      expect(() => parseAddress(address), address).toThrow('is not an address of a link');
    }
  });
});
