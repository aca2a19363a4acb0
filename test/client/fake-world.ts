/** A world without sleep or network: a clock that is moved by hand, and servers in memory that fail when told to. */
import { pack, unpack } from 'msgpackr';
import { KithClient } from '../../src/client/client.ts';
import { type ConnectOptions, resolveOptions } from '../../src/client/options.ts';
import type { ClientClock, ClientSocket, ClientWorld, SocketEvents } from '../../src/client/world.ts';

interface Timer {
  readonly atMs: number;
  readonly serial: number;
  readonly act: () => void;
}

export class ManualClock implements ClientClock {
  #nowMs = 0;
  #serial = 0;
  readonly #timers = new Set<Timer>();

  nowMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, act: () => void): () => void {
    this.#serial += 1;
    const timer = { atMs: this.#nowMs + delayMs, serial: this.#serial, act };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** To the next timer; false = there is none until `limitMs`. */
  step(limitMs = Number.POSITIVE_INFINITY): boolean {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (next === undefined || timer.atMs < next.atMs || (timer.atMs === next.atMs && timer.serial < next.serial))
        next = timer;
    }
    if (next === undefined || next.atMs > limitMs) return false;
    this.#timers.delete(next);
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    next.act();
    return true;
  }

  /** Moves time, running what comes due and, after each, what follows from it. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await turn();
    while (this.step(untilMs)) await turn();
    this.#nowMs = untilMs;
  }
}

/** All microtasks, and what they lead to. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

// biome-ignore lint/suspicious/noExplicitAny: tests read into frames of every shape.
export type Frame = any;

/** What a server does with a frame: an answer, none for now, or an end of the connection. */
export type Reaction = 'store' | 'ignore' | 'cut' | 'store-and-cut' | Readonly<Record<string, unknown>>;

export class FakeConnection {
  readonly #events: SocketEvents;
  readonly #clock: ManualClock;
  #isEnded = false;

  constructor(events: SocketEvents, clock: ManualClock) {
    this.#events = events;
    this.#clock = clock;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  open(creditFrames: number): void {
    if (this.#isEnded) return;
    this.#events.opened();
    this.say({ op: 'credit', frames: creditFrames });
  }

  say(message: unknown): void {
    if (!this.#isEnded) this.#events.heard(pack(message));
  }

  sayBytes(bytes: Uint8Array): void {
    if (!this.#isEnded) this.#events.heard(bytes);
  }

  end(code: number, reason = '', body?: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#clock.after(0, () => this.#events.closed(code, reason, body));
  }

  /** The client hung up. */
  hungUp(): void {
    this.#isEnded = true;
  }
}

export class FakeServer {
  readonly clock: ManualClock;
  readonly url: string;
  creditFrames = 64;
  /** How a dial ends: let in, refused with a status, or never answered. */
  admit: 'in' | 'never' | { readonly status: number; readonly body?: unknown } = 'in';
  delayMs = 1;
  /** Decides for each frame; the default stores. */
  react: (frame: Frame, connection: FakeConnection) => Reaction = () => 'store';
  readonly frames: Frame[] = [];
  readonly connections: FakeConnection[] = [];
  /** By messageId. */
  readonly stored = new Map<string, Frame>();
  underWay = 0;
  mostUnderWay = 0;
  epoch: number | undefined;

  constructor(clock: ManualClock, url: string) {
    this.clock = clock;
    this.url = url;
  }

  get batches(): Frame[] {
    return this.frames.filter(({ op }) => op === 'batch');
  }

  dial(key: string | undefined, events: SocketEvents): ClientSocket {
    void key;
    const connection = new FakeConnection(events, this.clock);
    this.connections.push(connection);
    this.clock.after(this.delayMs, () => {
      if (this.admit === 'in') connection.open(this.creditFrames);
      else if (this.admit !== 'never') connection.end(this.admit.status, '', this.admit.body);
    });
    return {
      send: (bytes) => {
        const frame: Frame = unpack(bytes);
        this.clock.after(this.delayMs, () => this.#hear(frame, connection));
      },
      close: () => connection.hungUp(),
    };
  }

  /** Everybody is thrown out. */
  cut(): void {
    for (const connection of this.connections) connection.end(1006, 'cut');
  }

  /** Stores a batch as the engine does: a messageId once. */
  store(frame: Frame): Readonly<Record<string, unknown>> {
    let duplicates = 0;
    const rejected: unknown[] = [];
    for (const [index, item] of frame.batch.entries()) {
      if (item.event === 'bad') rejected.push({ index, code: 'missing_event', message: 'no event' });
      else if (this.stored.has(item.messageId)) duplicates += 1;
      else this.stored.set(item.messageId, item);
    }
    return { accepted: frame.batch.length - rejected.length, duplicates, rejected, seq: [this.stored.size] };
  }

  answer(frame: Frame): Readonly<Record<string, unknown>> {
    if (frame.op === 'batch') return { ack: frame.ref, ...this.store(frame) };
    if (frame.op === 'get')
      return { ref: frame.ref, profiles: frame.ids.map((id: unknown) => (id === 'nobody' ? null : profileText(id))) };
    if (frame.op === 'query') return { ref: frame.ref, count: this.stored.size, tookMs: 1, watermark: [1] };
    return { op: 'pong', ref: null };
  }

  #hear(frame: Frame, connection: FakeConnection): void {
    if (connection.isEnded) return;
    this.frames.push(frame);
    const reaction = this.react(frame, connection);
    if (reaction === 'ignore') return;
    if (reaction === 'cut') {
      connection.end(1006, 'cut');
      return;
    }
    if (reaction === 'store-and-cut') {
      this.answer(frame);
      connection.end(1006, 'cut');
      return;
    }
    const isBatch = frame.op === 'batch';
    if (isBatch) this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    const answer = reaction === 'store' ? this.answer(frame) : { [isBatch ? 'ack' : 'ref']: frame.ref, ...reaction };
    this.clock.after(this.delayMs, () => {
      if (isBatch) this.underWay -= 1;
      connection.say(this.epoch === undefined ? answer : { ...answer, epoch: this.epoch });
    });
  }
}

function profileText(id: unknown): string {
  return JSON.stringify({ id: typeof id === 'string' ? id : (id as { value: string }).value, traits: {} });
}

export const HOME = 'http://home.test:8080';

export class FakeWorld implements ClientWorld {
  readonly clock = new ManualClock();
  readonly servers = new Map<string, FakeServer>();
  readonly home: FakeServer;
  /** What `/v1/cluster` answers; thrown when it is an error. */
  map: unknown;
  mapFetches = 0;
  readonly warnings: string[] = [];
  #messageCount = 0;
  readonly #random: () => number;

  constructor(random: () => number = () => 0.5) {
    this.#random = random;
    this.home = this.server(HOME);
  }

  server(url: string): FakeServer {
    const server = new FakeServer(this.clock, url);
    this.servers.set(url, server);
    return server;
  }

  random(): number {
    return this.#random();
  }

  messageId(): string {
    this.#messageCount += 1;
    return `m-${this.#messageCount}`;
  }

  readonly dial = (url: string, key: string | undefined, events: SocketEvents): ClientSocket => {
    const { protocol, host } = new URL(url);
    const server = this.servers.get(`${protocol.replace('ws', 'http')}//${host}`);
    if (server !== undefined) return server.dial(key, events);
    this.clock.after(1, () => events.closed(1006, 'ECONNREFUSED'));
    return { send: () => undefined, close: () => undefined };
  };

  fetchJson(): Promise<unknown> {
    this.mapFetches += 1;
    return this.map instanceof Error ? Promise.reject(this.map) : Promise.resolve(this.map);
  }

  connect(options: ConnectOptions = {}): Promise<KithClient> {
    const settings = resolveOptions({
      url: HOME,
      key: 'k',
      routing: 'router',
      onWarning: ({ code }) => this.warnings.push(code),
      ...options,
    });
    return this.settled(KithClient.open(settings, this));
  }

  /** Moves time until the promise is settled. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const end = (): void => {
      isSettled = true;
    };
    promise.then(end, end);
    for (let steps = 0; ; steps += 1) {
      await turn();
      if (isSettled) return promise;
      if (steps > 200_000 || !this.clock.step()) throw new Error('nothing moves any more, and the promise is open');
    }
  }
}
