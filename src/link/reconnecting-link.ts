/**
 * A link to an address that is dialled again, with growing and jittered pauses, until it is closed. While it is down calls
 * fail at once: whoever asks decides whether to wait. A call under way when the link breaks is never sent again from here.
 */
import { EngineError } from '../model/error.ts';
import type { Clock } from '../runtime/clock.ts';
import type { RandomSource } from '../runtime/random.ts';
import type { Channel } from './channel.ts';
import type { Network } from './dial.ts';
import { type AnswerTaker, type CallOptions, type Handlers, Peer, type PeerLimits } from './peer.ts';

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 2_000;
/** For dialling and the hellos together. */
const DIAL_TIMEOUT_MS = 5_000;

export interface ReconnectingLinkOptions extends PeerLimits {
  readonly network: Network;
  readonly address: string;
  readonly handlers: Handlers;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Of the other end, for messages. */
  readonly name: string;
  /** What must have been said before the link counts as up; when it fails the link is closed and dialled again. */
  readonly hello?: ((peer: Peer) => unknown) | undefined;
  readonly onFault?: ((error: unknown, method: string) => void) | undefined;
  readonly firstPauseMs?: number | undefined;
  readonly longestPauseMs?: number | undefined;
  readonly dialTimeoutMs?: number | undefined;
}

/** One try to reach the address: from its dialling to the end of what came of it. */
interface Attempt {
  isOver: boolean;
  peer: Peer | undefined;
  cancelTimeout: () => void;
}

export class ReconnectingLink {
  readonly name: string;
  readonly #options: ReconnectingLinkOptions;
  readonly #firstPauseMs: number;
  readonly #longestPauseMs: number;
  readonly #dialTimeoutMs: number;
  readonly #upCallbacks: ((peer: Peer) => void)[] = [];
  readonly #downCallbacks: ((reason: EngineError | undefined) => void)[] = [];
  #waiters: { readonly resolve: (peer: Peer) => void; readonly reject: (error: Error) => void }[] = [];
  #address: string;
  #attempt: Attempt | undefined;
  #peer: Peer | undefined;
  #upSinceMs = 0;
  #session = 0;
  #failures = 0;
  #isClosed = false;
  #cancelPause: () => void = () => undefined;
  #nextDialMs = 0;
  #lastError: EngineError | undefined;

  /** Dials at once. */
  constructor(options: ReconnectingLinkOptions) {
    this.#options = options;
    this.name = options.name;
    this.#address = options.address;
    this.#firstPauseMs = options.firstPauseMs ?? FIRST_PAUSE_MS;
    this.#longestPauseMs = options.longestPauseMs ?? LONGEST_PAUSE_MS;
    this.#dialTimeoutMs = options.dialTimeoutMs ?? DIAL_TIMEOUT_MS;
    this.#dial();
  }

  /** While the link is up. */
  get peer(): Peer | undefined {
    return this.#peer;
  }

  get isUp(): boolean {
    return this.#peer !== undefined;
  }

  /** Grows by one each time the link comes up; 0 = never was. */
  get session(): number {
    return this.#session;
  }

  get address(): string {
    return this.#address;
  }

  /** Why the link is down, or last was. */
  get lastError(): EngineError | undefined {
    return this.#lastError;
  }

  /** Errors: as of `Peer.call`; shard_unavailable at once while the link is down. */
  call<T>(method: string, args: unknown, options?: CallOptions | undefined): Promise<T> {
    const peer = this.#peer;
    return peer === undefined ? Promise.reject(this.#down()) : peer.call<T>(method, args, options);
  }

  /** Throws as `Peer.ask` does; shard_unavailable while the link is down. */
  ask(method: string, args: unknown, options: CallOptions | undefined, taker: AnswerTaker): void {
    if (this.#peer === undefined) throw this.#down();
    this.#peer.ask(method, args, options, taker);
  }

  /** Errors: as of `Peer.notify`; shard_unavailable while the link is down. */
  notify(method: string, args: unknown): void {
    if (this.#peer === undefined) throw this.#down();
    this.#peer.notify(method, args);
  }

  /** Rejects when the link is closed for good. */
  whenUp(): Promise<Peer> {
    if (this.#peer !== undefined) return Promise.resolve(this.#peer);
    if (this.#isClosed) return Promise.reject(this.#down());
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** Called each time the link comes up, before anybody who waits for it goes on. */
  onUp(callback: (peer: Peer) => void): void {
    this.#upCallbacks.push(callback);
  }

  /** Called each time the link goes down after it was up. */
  onDown(callback: (reason: EngineError | undefined) => void): void {
    this.#downCallbacks.push(callback);
  }

  /** Another address is dialled at once; the link to the old one is closed. */
  setAddress(address: string): void {
    if (address === this.#address || this.#isClosed) return;
    this.#address = address;
    this.#failures = 0;
    const attempt = this.#attempt;
    if (attempt !== undefined) this.#finish(attempt, undefined);
    this.#cancelPause();
    this.#dial();
  }

  /** Somebody knows that the other end is there again: a pause ends now. */
  dialNow(): void {
    if (this.#isClosed || this.#attempt !== undefined) return;
    this.#cancelPause();
    this.#dial();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelPause();
    if (this.#attempt !== undefined) this.#finish(this.#attempt, undefined);
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { reject } of waiters) reject(this.#down());
  }

  #dial(): void {
    const attempt: Attempt = { isOver: false, peer: undefined, cancelTimeout: () => undefined };
    this.#attempt = attempt;
    this.#nextDialMs = 0;
    const { clock, network } = this.#options;
    attempt.cancelTimeout = clock.after(this.#dialTimeoutMs, () => {
      this.#retry(
        attempt,
        new EngineError('shard_unavailable', `${this.name} did not answer within ${this.#dialTimeoutMs} ms`, {
          details: { address: this.#address },
        }),
      );
    });
    void network.dial(this.#address).then(
      (channel) => {
        if (attempt.isOver) channel.close();
        else void this.#greet(attempt, channel);
      },
      (error: unknown) => this.#retry(attempt, asEngineError(error)),
    );
  }

  async #greet(attempt: Attempt, channel: Channel): Promise<void> {
    const { handlers, clock, name, hello, onFault } = this.#options;
    const { maxMessageBytes, maxBufferedBytes, maxConcurrentCalls } = this.#options;
    const limits: PeerLimits = { maxMessageBytes, maxBufferedBytes, maxConcurrentCalls };
    const peer = new Peer(channel, { handlers, clock, name, onFault, ...limits });
    attempt.peer = peer;
    void peer.closed.then(() => this.#retry(attempt, peer.closeReason));
    try {
      await peer.ready;
      await hello?.(peer);
    } catch (error) {
      this.#retry(attempt, asEngineError(error));
      return;
    }
    if (attempt.isOver || peer.isClosed) return;
    attempt.cancelTimeout();
    this.#up(peer);
  }

  #up(peer: Peer): void {
    this.#peer = peer;
    this.#session++;
    this.#upSinceMs = this.#options.clock.monotonicMs();
    for (const callback of this.#upCallbacks) callback(peer);
    // A callback may have closed it.
    if (this.#peer !== peer) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { resolve } of waiters) resolve(peer);
  }

  #finish(attempt: Attempt, reason: EngineError | undefined): void {
    attempt.isOver = true;
    attempt.cancelTimeout();
    if (this.#attempt === attempt) this.#attempt = undefined;
    if (reason !== undefined) this.#lastError = reason;
    const wasUp = attempt.peer !== undefined && attempt.peer === this.#peer;
    if (wasUp) this.#peer = undefined;
    attempt.peer?.close();
    if (wasUp) for (const callback of this.#downCallbacks) callback(reason);
  }

  #retry(attempt: Attempt, reason: EngineError | undefined): void {
    if (attempt.isOver) return;
    const { clock, random } = this.#options;
    const nowMs = clock.monotonicMs();
    // One that came up only to break again does not start the pauses anew.
    const wasSteady = this.#peer !== undefined && nowMs - this.#upSinceMs >= this.#longestPauseMs;
    this.#failures = wasSteady ? 0 : this.#failures + 1;
    const fullMs = Math.min(
      this.#longestPauseMs,
      this.#firstPauseMs * 2 ** Math.min(30, Math.max(0, this.#failures - 1)),
    );
    const pauseMs = Math.max(1, Math.round(fullMs * (0.5 + random.nextUint32() / 2 ** 33)));
    this.#nextDialMs = nowMs + pauseMs;
    this.#cancelPause = clock.after(pauseMs, () => this.#dial());
    this.#finish(attempt, reason);
  }

  #down(): EngineError {
    const why = this.#lastError === undefined ? '' : `: ${this.#lastError.message}`;
    if (this.#isClosed) return new EngineError('shard_unavailable', `the link to ${this.name} is closed`);
    const waitMs = this.#nextDialMs - this.#options.clock.monotonicMs();
    return new EngineError('shard_unavailable', `${this.name} cannot be reached now${why}`, {
      retryAfterMs: Math.max(this.#firstPauseMs, Math.ceil(waitMs)),
      cause: this.#lastError,
    });
  }
}

function asEngineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new EngineError('shard_unavailable', message, { cause: error });
}
