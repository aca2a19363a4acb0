/** What a door does while it waits for a gateway, and when that fails it. */
import net from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { decode, encode } from '@msgpack/msgpack';
import { afterEach, describe, expect, test } from 'vitest';
import type { Awaitable } from '../../src/base/awaitable.ts';
import type { EngineStats } from '../../src/engine/gateway.ts';
import { EngineError } from '../../src/model/error.ts';
import type { Identifier } from '../../src/model/profile.ts';
import type { ServerOptions } from '../../src/server/options.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { AsyncGateway } from '../helpers/async-gateway.ts';
import { FakeEngine } from './fake-engine.ts';
import { asReader, call, gate, KEYS, post, type StreamClient, stream } from './harness.ts';

type Json = Uint8Array | undefined;

/** Its lookups and figures are told by the test. */
class ScriptedGateway extends AsyncGateway {
  readonly asked: string[] = [];
  answer: (name: string) => Awaitable<Json> = (name) => bytesOf(name);
  figures: (() => Awaitable<EngineStats>) | undefined;

  override lookupJson({ type, value }: Identifier): Awaitable<Json> {
    const name = `${type}:${value}`;
    this.asked.push(name);
    return this.answer(name);
  }

  override stats(): Promise<EngineStats> {
    return Promise.resolve(this.figures?.() ?? super.stats());
  }
}

const bytesOf = (name: string): Uint8Array => Buffer.from(JSON.stringify({ id: name }));
const away = (): Promise<never> => Promise.reject(new EngineError('shard_unavailable', 'shard 1 is away'));

const running: RunningServer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

interface Scripted {
  readonly engine: FakeEngine;
  readonly gateway: ScriptedGateway;
  readonly server: RunningServer;
  readonly url: string;
}

async function scripted(options: ServerOptions = {}, gatewayOptions: { hasMany?: boolean } = {}): Promise<Scripted> {
  const engine = new FakeEngine();
  const gateway = new ScriptedGateway(engine, gatewayOptions);
  const server = await startServer(gateway, { port: 0, keys: KEYS, ...options });
  running.push(server);
  return { engine, gateway, server, url: server.url };
}

const profile = (url: string, id: string) => call(`${url}/v1/profiles/${id}`, { headers: asReader });
const profiles = (url: string, ids: readonly unknown[]) => post(`${url}/v1/profiles/get`, { ids }, asReader);

async function packed(client: StreamClient, message: object): Promise<Record<string, unknown>> {
  client.socket.send(encode(message));
  return decode((await client.next()).data) as Record<string, unknown>;
}

/** Until `isSeen` holds of the metrics page; each look is a round trip, in which the server has turns. */
async function until(url: string, isSeen: (page: string) => boolean): Promise<void> {
  while (!isSeen((await call(`${url}/metrics`)).text));
}

describe('a lookup that is waited for', () => {
  test('may lose its client', async () => {
    const { gateway, server, url } = await scripted();
    const held = gate();
    gateway.answer = (name) => held.opened.then(() => bytesOf(name));
    const socket = net.connect(server.port, '127.0.0.1', () =>
      socket.write('GET /v1/profiles/u1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer read-key\r\n\r\n'),
    );
    socket.on('error', () => {});
    while (gateway.asked.length === 0) await call(`${url}/health`);
    socket.resetAndDestroy();
    await until(url, (page) => page.includes('kith_http_responses_total{route="/v1/profiles/{id}",status="499"} 1\n'));
    held.open();
    expect((await profile(url, 'u2')).json).toEqual({ id: 'user_id:u2' });
    await until(url, (page) => page.includes('kith_requests_in_flight 1\n'));
  });

  test('is waited for by a server that closes', async () => {
    const { gateway, server, url } = await scripted();
    const held = gate();
    gateway.answer = (name) => held.opened.then(() => bytesOf(name));
    const pending = [profile(url, 'u1'), profiles(url, ['u1', 'u2'])];
    while (gateway.asked.length < 3) await call(`${url}/health`);
    const closing = server.close();
    held.open();
    expect((await pending[0]).json).toEqual({ id: 'user_id:u1' });
    expect((await pending[1]).json.profiles).toHaveLength(2);
    await closing;
  });

  test('comes whole however large, although its bytes live for a turn', async () => {
    const { gateway, url } = await scripted();
    // More than the sockets' buffers take at once.
    const text = 'ü'.repeat(16 * 1024 * 1024);
    gateway.answer = async () => {
      await nextTurn();
      const bytes = Buffer.from(JSON.stringify({ text }));
      setImmediate(() => bytes.fill(0xff));
      return bytes;
    };
    expect((await profile(url, 'big')).json?.text === text).toBe(true);
  });

  test('that fails tells why', async () => {
    const { engine, gateway, server, url } = await scripted();
    const client = await stream({ engine, server, url }, asReader);
    for (const [answer, status, code, retryAfter] of [
      [away, 503, 'shard_unavailable', '1'],
      [() => Promise.reject(new EngineError('deadline_exceeded', 'too late')), 504, 'deadline_exceeded', null],
      [() => Promise.reject(new Error('a@b.c')), 500, 'internal', null],
    ] as const) {
      gateway.answer = answer;
      for (const one of [await profile(url, 'u1'), await profile(url, 'email:x'), await profiles(url, ['u1', 'u2'])]) {
        expect([one.status, one.json.error.code, one.headers.get('retry-after')]).toEqual([status, code, retryAfter]);
        expect(one.text).not.toContain('a@b.c');
      }
      const error = { ref: 1, error: { code } };
      expect(await client.ask({ op: 'get', ids: ['u1', 'u2'], ref: 1 })).toMatchObject(error);
      expect(await packed(client, { op: 'get', ids: ['u1', 'u2'], ref: 1 })).toMatchObject(error);
      expect(await packed(client, { op: 'get', ids: ['u1'], format: 'json', ref: 1 })).toMatchObject(error);
    }
    gateway.answer = () => Promise.resolve(undefined);
    const missing = await profile(url, 'u1');
    expect([missing.status, missing.json.error.code]).toEqual([404, 'profile_not_found']);
  });
});

describe('a list of lookups', () => {
  test('may be answered in part at once and in part later', async () => {
    const { engine, gateway, server, url } = await scripted();
    const client = await stream({ engine, server, url }, asReader);
    gateway.answer = (name) => {
      if (name === 'user_id:nobody' || name.startsWith('team:')) return undefined;
      if (name === 'email:nobody') return Promise.resolve(undefined);
      return name.includes('late') ? Promise.resolve().then(() => bytesOf(name)) : bytesOf(name);
    };
    const ids = ['u1', 'nobody', 'team:x', 'late-1', 'u2', 'email:late', { type: 'a', value: 'b' }, 'email:nobody'];
    const expected = [
      { id: 'user_id:u1' },
      null,
      { id: 'user_id:team:x' },
      { id: 'user_id:late-1' },
      { id: 'user_id:u2' },
      { id: 'email:late' },
      { id: 'a:b' },
      { id: 'user_id:email:nobody' },
    ];
    for (const from of [0, 3, 5]) {
      const asked = ids.slice(from);
      const wanted = expected.slice(from);
      expect((await profiles(url, asked)).json).toEqual({ profiles: wanted });
      expect(await client.ask({ op: 'get', ids: asked, ref: 1 })).toEqual({ ref: 1, profiles: wanted });
      expect(await packed(client, { op: 'get', ids: asked, ref: 1 })).toEqual({ ref: 1, profiles: wanted });
      const texts = await packed(client, { op: 'get', ids: asked, ref: 1, format: 'json' });
      expect((texts['profiles'] as (string | null)[]).map((one) => one && JSON.parse(one))).toEqual(wanted);
    }
  });

  test('is asked all at once, and the page of the answer is shared with nobody meanwhile', async () => {
    const { gateway, url } = await scripted();
    const held = gate();
    gateway.answer = (name) => (name.endsWith('1') ? bytesOf(name) : held.opened.then(() => bytesOf(name)));
    const pending = ['a', 'b', 'c'].map((one) => profiles(url, [`${one}1`, `${one}2`]));
    while (gateway.asked.length < 6) await call(`${url}/health`);
    held.open();
    for (const [i, one] of ['a', 'b', 'c'].entries()) {
      expect((await pending[i]).json.profiles).toEqual([{ id: `user_id:${one}1` }, { id: `user_id:${one}2` }]);
    }
  });

  test('that is too large together is refused', async () => {
    const { gateway, url } = await scripted();
    const large = Buffer.alloc(1024 * 1024, 0x31);
    gateway.answer = () => Promise.resolve(large);
    const answer = await profiles(
      url,
      Array.from({ length: 65 }, (_, i) => `u${i}`),
    );
    expect([answer.status, answer.json.error.code]).toEqual([413, 'payload_too_large']);
  });

  test('alone, by an engine that needs no promise, is found, found under its second reading, not found, refused or left', async () => {
    const { gateway, server, url } = await scripted({}, { hasMany: true });
    const known = new Set(['user_id:u1', 'email:a@b.c', 'user_id:email:strange']);
    gateway.answer = (name) => nextTurn().then(() => (known.has(name) ? bytesOf(name) : undefined));
    for (const [id, found] of [
      ['u1', 'user_id:u1'],
      ['email:a@b.c', 'email:a@b.c'],
      ['email:strange', 'user_id:email:strange'],
    ]) {
      expect((await profile(url, id)).json).toEqual({ id: found });
    }
    for (const id of ['nobody', 'email:nobody']) {
      const { status, json } = await profile(url, id);
      expect([status, json.error.code]).toEqual([404, 'profile_not_found']);
    }
    gateway.answer = away;
    expect((await profile(url, 'email:x')).json.error.code).toBe('shard_unavailable');
    const held = gate();
    gateway.answer = (name) => held.opened.then(() => bytesOf(name));
    const askedBefore = gateway.asked.length;
    const socket = net.connect(server.port, '127.0.0.1', () =>
      socket.write('GET /v1/profiles/u1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer read-key\r\n\r\n'),
    );
    socket.on('error', () => {});
    while (gateway.asked.length === askedBefore) await call(`${url}/health`);
    socket.resetAndDestroy();
    await until(url, (page) => page.includes('kith_http_responses_total{route="/v1/profiles/{id}",status="499"} 1\n'));
    held.open();
    expect((await profile(url, 'u2')).json).toEqual({ id: 'user_id:u2' });
    await until(url, (page) => page.includes('kith_requests_in_flight 1\n'));
  });

  test('with a way to ask for many is two questions at most', async () => {
    const { engine, url } = await scripted({}, { hasMany: true });
    await engine.ingest([
      { type: 'identify', userId: 'u1', traits: { email: 'a@b.c' } },
      { type: 'identify', userId: 'email:strange' },
    ]);
    const { json } = await profiles(url, ['u1', 'email:strange', 'email:a@b.c', 'nobody', 'email:nobody']);
    expect(json.profiles.map((one: { id: string } | null) => one?.id)).toEqual([
      'u1',
      'email:strange',
      'u1',
      undefined,
      undefined,
    ]);
    expect(engine.lookedUp.map(({ type, value }) => `${type}:${value}`)).toEqual([
      'user_id:u1',
      'email:strange',
      'email:a@b.c',
      'user_id:nobody',
      'email:nobody',
      'user_id:email:strange',
      'user_id:email:nobody',
    ]);
    expect((await profiles(url, [])).json).toEqual({ profiles: [] });
  });
});

describe('lookups on one stream', () => {
  test('are answered as they come, and only so many are waited for', async () => {
    const { engine, gateway, server, url } = await scripted({ stream: { lookupCount: 3 } });
    const client = await stream({ engine, server, url }, asReader);
    const held = gate();
    gateway.answer = (name) => (name === 'user_id:slow' ? held.opened : Promise.resolve()).then(() => bytesOf(name));
    client.send({ op: 'get', ids: ['slow', 'a'], ref: 1 });
    expect(await client.ask({ op: 'get', ids: ['b'], ref: 2 })).toMatchObject({
      ref: 2,
      profiles: [{ id: 'user_id:b' }],
    });
    expect(await client.ask({ op: 'get', ids: ['b', 'c'], ref: 3 })).toMatchObject({
      ref: 3,
      error: { code: 'too_many_requests', retryAfterMs: 100 },
    });
    held.open();
    expect(await client.nextJson()).toMatchObject({ ref: 1, profiles: [{ id: 'user_id:slow' }, { id: 'user_id:a' }] });
    // A frame alone may ask for as many as a frame may.
    const ids = Array.from({ length: 10 }, (_, i) => `u${i}`);
    expect((await client.ask({ op: 'get', ids, ref: 4 })).profiles).toHaveLength(10);
  });

  test('are dropped when the client is gone', async () => {
    const { engine, gateway, server, url } = await scripted();
    const client = await stream({ engine, server, url }, asReader);
    const held = gate();
    gateway.answer = (name) => held.opened.then(() => bytesOf(name));
    client.send({ op: 'get', ids: ['a'], ref: 1 });
    while (gateway.asked.length === 0) await call(`${url}/health`);
    client.socket.terminate();
    await until(url, (page) => page.includes('kith_stream_sessions 0\n'));
    held.open();
    await until(url, (page) => page.includes('kith_requests_in_flight 1\n'));
  });
});

describe('/ready and /metrics', () => {
  test('tell what comes later', async () => {
    const { engine, gateway, url } = await scripted();
    const both = async () => [
      (await call(`${url}/ready`)).status,
      (await call(`${url}/ready`, { method: 'HEAD' })).status,
    ];
    expect(await both()).toEqual([200, 200]);
    engine.isReady = false;
    expect(await both()).toEqual([503, 503]);
    expect((await call(`${url}/metrics`)).text).toContain('\nkith_ready 0\n');
    gateway.figures = away;
    expect(await both()).toEqual([503, 503]);
    const page = await call(`${url}/metrics`);
    expect([page.status, page.json.error.code]).toEqual([503, 'shard_unavailable']);
    gateway.figures = undefined;
    engine.isReady = true;
    expect(await both()).toEqual([200, 200]);
  });
});
