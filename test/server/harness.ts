/**
 * Starts servers on free ports and speaks to them as clients do. What is behind the doors has a form: `embedded` answers at once, two others later
 * (`asynchronous.test.ts`), and the last is a cluster (`cluster.test.ts`); these run all suites again.
 */
import net from 'node:net';
import { afterEach } from 'vitest';
import WebSocket from 'ws';
import type { Gateway } from '../../src/engine/gateway.ts';
import type { OpenOptions } from '../../src/engine/open.ts';
import type { ServerOptions } from '../../src/server/options.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { AsyncGateway } from '../helpers/async-gateway.ts';
import { CLUSTER_SHARDS, openCluster, openEmbedded, type TestEngine } from '../helpers/test-engine.ts';
import { ScriptedEngine } from './scripted-engine.ts';

export const KEYS = { write: ['write-key-1', 'write-key-2'], admin: ['admin-key'], read: ['read-key'] };
export const asWriter = { authorization: 'Bearer write-key-1' };
export const asReader = { authorization: 'Bearer read-key' };
export const asAdmin = { authorization: 'Bearer admin-key' };

export interface Rig {
  readonly engine: ScriptedEngine;
  readonly server: RunningServer;
  readonly url: string;
}

/** What streams need of a rig, or of what a test made itself. */
export interface Served {
  readonly engine?: Gateway;
  readonly server?: RunningServer;
  readonly url: string;
}

const running: RunningServer[] = [];
const engines: TestEngine[] = [];
const sockets: WebSocket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await Promise.all(running.splice(0).map((server) => server.close()));
  await Promise.all(engines.splice(0).map((engine) => engine.close()));
});

/** `many`: later, and many lookups can be asked at once. `cluster`: a router of a cluster. */
export type Form = 'embedded' | 'asynchronous' | 'many' | 'cluster';

let form: Form = 'embedded';

/** For every server that is started from here on. */
export function useForm(next: Form): void {
  form = next;
}

export function currentForm(): Form {
  return form;
}

/** A real engine in the form that is tested. The caller closes it. */
export function openEngine(options?: OpenOptions): Promise<TestEngine> {
  return form === 'cluster' ? openCluster(options) : openEmbedded(options);
}

/** A server before the engine, in the form that is tested. The caller closes it. */
export function serve(engine: TestEngine, options: ServerOptions = {}): Promise<RunningServer> {
  const isItself = form === 'embedded' || form === 'cluster';
  const gateway = isItself ? engine : new AsyncGateway(engine, { hasMany: form === 'many' });
  return startServer(gateway, { port: 0, keys: KEYS, ...options });
}

/** Numbers of which there is one a shard. */
export function perShard<T>(value: T): T[] {
  return Array.from({ length: form === 'cluster' ? CLUSTER_SHARDS : 1 }, () => value);
}

/** What answers of a cluster have besides. */
export function epochPart(): { readonly epoch?: number } {
  return form === 'cluster' ? { epoch: 1 } : {};
}

export async function rig(options: ServerOptions = {}): Promise<Rig> {
  const { limits, clock } = options;
  const engine = new ScriptedEngine(await openEngine({ limits, clock }));
  engines.push(engine);
  const server = await serve(engine, options);
  running.push(server);
  return { engine, server, url: server.url };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read into answers of every shape.
  readonly json: any;
}

export async function call(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, text, json };
}

export function post(url: string, body: unknown, headers: Record<string, string> = asWriter): Promise<Answer> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  return call(url, { method: 'POST', headers, body: isRaw ? (body as string) : JSON.stringify(body) });
}

/** Sends bytes as they are and collects what comes back until `isDone` or the end of the connection. */
export function raw(
  port: number,
  bytes: string | Uint8Array,
  isDone: (text: string) => boolean = () => false,
): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    const finish = (): void => {
      socket.destroy();
      resolve(text);
    };
    socket.on('data', (data) => {
      text += data.toString('latin1');
      if (isDone(text)) finish();
    });
    socket.on('error', () => {});
    socket.on('close', finish);
  });
}

export interface CloseEvent {
  readonly code: number;
  readonly reason: string;
}

/** A WebSocket client that keeps what it hears, to be waited for in order. */
export class StreamClient {
  readonly socket: WebSocket;
  readonly closed: Promise<CloseEvent>;
  readonly #heard: { data: Buffer; isBinary: boolean }[] = [];
  readonly #waiting: ((message: { data: Buffer; isBinary: boolean } | undefined) => void)[] = [];
  #isClosed = false;

  constructor(url: string, headers: Record<string, string>) {
    this.socket = new WebSocket(url, { headers });
    sockets.push(this.socket);
    this.socket.on('message', (data, isBinary) => {
      const message = { data: data as Buffer, isBinary };
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#heard.push(message);
      else waiting(message);
    });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) =>
      this.socket.on('close', (code, reason) => {
        this.#isClosed = true;
        for (const waiting of this.#waiting.splice(0)) waiting(undefined);
        resolve({ code, reason: reason.toString() });
      }),
    );
  }

  opened(): Promise<this> {
    return new Promise((resolve, reject) => {
      this.socket.once('open', () => resolve(this));
      this.socket.once('unexpected-response', (_request, response) => reject(new Error(String(response.statusCode))));
      this.socket.once('error', reject);
    });
  }

  async next(): Promise<{ data: Buffer; isBinary: boolean }> {
    const heard = this.#heard.shift();
    if (heard !== undefined) return heard;
    if (this.#isClosed) throw new Error('the stream is closed');
    const message = await new Promise<{ data: Buffer; isBinary: boolean } | undefined>((resolve) =>
      this.#waiting.push(resolve),
    );
    if (message === undefined) throw new Error('the stream is closed');
    return message;
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests read into answers of every shape.
  async nextJson(): Promise<any> {
    const { data, isBinary } = await this.next();
    if (isBinary) throw new Error('expected a text frame');
    return JSON.parse(data.toString());
  }

  send(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests read into answers of every shape.
  ask(message: unknown): Promise<any> {
    this.send(message);
    return this.nextJson();
  }
}

/** Open, with its key accepted and its credit frame read. */
export async function stream(
  rigged: Served,
  headers: Record<string, string> = asAdmin,
  query = '',
): Promise<StreamClient> {
  const client = await new StreamClient(`${rigged.url.replace('http', 'ws')}/v1/stream${query}`, headers).opened();
  await client.next();
  return client;
}

export function strangerStream(
  rigged: Served,
  query = '',
  headers: Record<string, string> = {},
): Promise<StreamClient> {
  return new StreamClient(`${rigged.url.replace('http', 'ws')}/v1/stream${query}`, headers).opened();
}

/** A promise and its key. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
