/**
 * One end of a channel that asks and answers: typed calls with errors by code, deadlines and cancellation, in both
 * directions. Every call is settled exactly once, by its answer, its deadline, its caller or the end of the link.
 */
import { AssertionError } from '../base/assert.ts';
import { EngineError } from '../model/error.ts';
import type { Clock } from '../runtime/clock.ts';
import { deadlineExceeded, OutgoingCall, RunningCall } from './call.ts';
import type { Channel } from './channel.ts';
import { Deadlines } from './deadlines.ts';
import { type AnswerTaker, type CallOptions, type Handler, type Handlers, isBorrowing } from './handler.ts';
import {
  ANSWER,
  CANCEL,
  ERROR,
  errorFromWire,
  errorToWire,
  HELLO,
  kindOf,
  NOTIFY,
  PROTOCOL_NAME,
  PROTOCOL_VERSION,
  REQUEST,
} from './message.ts';
import { MessageWriter } from './message-writer.ts';
import { Parking } from './parking.ts';
import { MalformedMessage, ValueReader } from './value-reader.ts';

export type { AnswerTaker, CallOptions, Handler, Handlers, IncomingCall } from './handler.ts';

export const MESSAGE_BYTES_MAX = 64 * 1_048_576;
const BUFFERED_BYTES_MAX = 16 * 1_048_576;
const CONCURRENT_CALLS_MAX = 65_536;
/** Callers are asked to wait above `maxBufferedBytes`; above this many times that they are refused. */
const REFUSED_AT_TIMES = 4;

export interface PeerLimits {
  /** Default 64 MiB; the channel's own bound holds too. */
  readonly maxMessageBytes?: number | undefined;
  /** Above this `drained()` waits, and requests of the other end wait until it has read its answers; default 16 MiB. */
  readonly maxBufferedBytes?: number | undefined;
  /** In each direction, default 65,536. */
  readonly maxConcurrentCalls?: number | undefined;
}

export interface PeerOptions extends PeerLimits {
  readonly handlers: Handlers;
  readonly clock: Clock;
  /** Of the other end, for messages. */
  readonly name?: string | undefined;
  /** Told of a handler's error that is not an EngineError, and of what a notification threw: nobody else hears of it. */
  readonly onFault?: ((error: unknown, method: string) => void) | undefined;
}

export class Peer {
  readonly name: string;
  /** Resolves when the link has closed, whoever closed it. */
  readonly closed: Promise<void>;
  /** Resolves when the other end has said that it speaks the same version; rejects if the link closes before. */
  readonly ready: Promise<void>;
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #handlers: ReadonlyMap<string, Handler>;
  readonly #borrowing: ReadonlySet<string>;
  readonly #onFault: (error: unknown, method: string) => void;
  readonly #maxMessageBytes: number;
  readonly #maxBufferedBytes: number;
  readonly #maxConcurrentCalls: number;
  readonly #writer: MessageWriter;
  readonly #reader = new ValueReader();
  readonly #deadlines: Deadlines;
  readonly #outgoing = new Map<number, OutgoingCall>();
  readonly #incoming = new Map<number, RunningCall>();
  readonly #parking = new Parking();
  #drainWaiters: (() => void)[] = [];
  #nextId = 1;
  #hasHello = false;
  #isClosed = false;
  #closeReason: EngineError | undefined;
  #resolveClosed: () => void = () => undefined;
  #resolveReady: () => void = () => undefined;
  #rejectReady: (error: Error) => void = () => undefined;

  constructor(channel: Channel, options: PeerOptions) {
    this.#channel = channel;
    this.#clock = options.clock;
    this.name = options.name ?? 'the other process';
    this.#handlers = new Map(Object.entries(options.handlers));
    this.#borrowing = new Set(
      [...this.#handlers].filter(([, handler]) => isBorrowing(handler)).map(([method]) => method),
    );
    this.#onFault = options.onFault ?? (() => undefined);
    this.#maxMessageBytes = options.maxMessageBytes ?? MESSAGE_BYTES_MAX;
    this.#maxBufferedBytes = options.maxBufferedBytes ?? BUFFERED_BYTES_MAX;
    this.#maxConcurrentCalls = options.maxConcurrentCalls ?? CONCURRENT_CALLS_MAX;
    this.#writer = new MessageWriter(this.#maxMessageBytes);
    this.#deadlines = new Deadlines(options.clock);
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    // Who does not ask is not told.
    this.ready.catch(() => undefined);
    channel.onClose((error) => this.#end(error === undefined ? undefined : this.#lost(error.message, error)));
    channel.onDrain(() => this.#onDrain());
    this.#send(this.#writer.hello());
    channel.onMessage((message) => this.#receive(message));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Why the link closed; `undefined` while it is open and when it was closed in order. */
  get closeReason(): EngineError | undefined {
    return this.#closeReason;
  }

  /** Calls of this end that wait for their answer. */
  get pendingCount(): number {
    return this.#outgoing.size;
  }

  /** Calls of the other end that wait for theirs. */
  get runningCount(): number {
    return this.#incoming.size;
  }

  get bufferedBytes(): number {
    return this.#channel.bufferedBytes;
  }

  /**
   * Errors: what the handler threw; shard_unavailable (with `isUnknownOutcome` when the other end may have done it),
   * deadline_exceeded, overloaded, payload_too_large; the signal's reason.
   */
  call<T>(method: string, args: unknown, options?: CallOptions | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#start(method, args, options, { resolve: resolve as (value: unknown) => void, reject }, false);
    });
  }

  /** No answer, and no word whether it arrived. Errors: shard_unavailable, overloaded, payload_too_large. */
  notify(method: string, args: unknown): void {
    this.#admit();
    this.#send(this.#writer.notification(method, args));
  }

  /** Resolves when little enough waits to be sent, or the link has closed: who sends much waits for it. */
  drained(): Promise<void> {
    if (this.#isClosed || this.#channel.bufferedBytes <= this.#maxBufferedBytes) return Promise.resolve();
    return new Promise((resolve) => this.#drainWaiters.push(resolve));
  }

  close(): void {
    this.#end(undefined);
  }

  /** `call` without a promise or a copy of the answer's bytes, for who asks very often. Throws what keeps the call from being sent; the taker hears all else. */
  ask(method: string, args: unknown, options: CallOptions | undefined, taker: AnswerTaker): void {
    this.#start(method, args, options, taker, true);
  }

  #start(method: string, args: unknown, options: CallOptions | undefined, taker: AnswerTaker, isLent: boolean): void {
    const { timeoutMs, signal } = options ?? NO_OPTIONS;
    const hasDeadline = timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY;
    this.#admit();
    signal?.throwIfAborted();
    if (hasDeadline && !(timeoutMs > 0)) throw deadlineExceeded(method, timeoutMs, false);
    if (this.#outgoing.size >= this.#maxConcurrentCalls) throw this.#tooManyCalls();
    const id = this.#nextId;
    const message = this.#writer.request(id, method, hasDeadline ? timeoutMs : undefined, args);
    this.#nextId++;
    const call = new OutgoingCall(id, method, taker, isLent, this.#giveUp);
    this.#outgoing.set(id, call);
    if (hasDeadline) {
      call.timeoutMs = timeoutMs;
      this.#deadlines.add(call, timeoutMs);
    }
    if (signal !== undefined) call.follow(signal);
    this.#send(message);
  }

  #send(message: Uint8Array): void {
    if (this.#channel.send(message)) this.#writer.reuse();
  }

  /** Errors when nothing may be sent now. */
  #admit(): void {
    if (this.#isClosed) throw this.#unavailable(false);
    const { bufferedBytes } = this.#channel;
    if (bufferedBytes > this.#maxBufferedBytes * REFUSED_AT_TIMES) {
      throw new EngineError(
        'overloaded',
        `${bufferedBytes} bytes wait to be sent to ${this.name}; wait for drained()`,
        {
          details: { bufferedBytes },
        },
      );
    }
  }

  /** The caller waits no longer: its deadline passed, or it cancelled. */
  readonly #giveUp = (call: OutgoingCall, error: unknown): void => {
    if (!this.#outgoing.delete(call.id)) return;
    this.#deadlines.remove(call);
    this.#send(this.#writer.cancel(call.id));
    call.settle();
    call.taker.reject(error);
  };

  #receive(message: Uint8Array): void {
    if (this.#isClosed) return;
    try {
      if (message.length > this.#maxMessageBytes) {
        throw new MalformedMessage(`a message of ${message.length} bytes; the limit is ${this.#maxMessageBytes}`);
      }
      const kind = kindOf(message);
      const waits = kind === REQUEST || kind === CANCEL || kind === NOTIFY;
      if (waits && (!this.#parking.isEmpty || this.#isFull())) this.#park(message, kind);
      else this.#handle(message, 0);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Only a mistake of the format throws; what handlers throw is answered. */
  #handle(message: Uint8Array, waitedMs: number): void {
    const reader = this.#reader;
    reader.open(message);
    const length = reader.arrayHeader();
    const kind = reader.number();
    if (!this.#hasHello || kind === HELLO) {
      this.#onHello(kind, length);
      return;
    }
    if (length !== LENGTH_OF_KIND[kind]) throw new MalformedMessage(`a message of kind ${kind} with ${length} parts`);
    if (kind === NOTIFY) {
      const method = reader.name();
      const args = reader.value();
      reader.close();
      this.#onNotify(method, args);
      return;
    }
    const id = reader.number();
    if (kind === REQUEST) {
      const method = reader.name();
      const timeoutMs = reader.value();
      const args = this.#borrowing.has(method) ? reader.lent() : reader.value();
      reader.close();
      if (timeoutMs !== null && typeof timeoutMs !== 'number')
        throw new MalformedMessage('a timeout that is no number');
      this.#onRequest(id, method, timeoutMs === null ? undefined : timeoutMs - waitedMs, args);
    } else if (kind === CANCEL) {
      reader.close();
      this.#endRunning(id)?.abort(new EngineError('query_cancelled', 'the caller cancelled'));
    } else {
      const call = this.#outgoing.get(id);
      const value = call?.isLent === true ? reader.lent() : reader.value();
      reader.close();
      // Its caller may have given up meanwhile.
      if (call === undefined) return;
      this.#outgoing.delete(id);
      this.#deadlines.remove(call);
      call.settle();
      if (kind === ANSWER) call.taker.resolve(value);
      else call.taker.reject(errorFromWire(value));
    }
  }

  #onHello(kind: number, length: number): void {
    const reader = this.#reader;
    if (kind !== HELLO || this.#hasHello)
      throw new MalformedMessage('a hello is the first message, and only the first');
    const protocol = length > 1 ? reader.value() : undefined;
    const version = length > 2 ? reader.value() : undefined;
    if (protocol !== PROTOCOL_NAME) throw new MalformedMessage('a hello of another protocol');
    // Other versions may say more.
    if (version !== PROTOCOL_VERSION) {
      this.#end(
        new EngineError(
          'shard_unavailable',
          `${this.name} speaks version ${String(version)} of the link and this process version ${PROTOCOL_VERSION}; run the same release everywhere`,
          { details: { version, expected: PROTOCOL_VERSION } },
        ),
      );
      return;
    }
    reader.close();
    this.#hasHello = true;
    this.#resolveReady();
  }

  #onNotify(method: string, args: unknown): void {
    const call = new RunningCall(-1, this, method);
    try {
      const handler = this.#handlers.get(method);
      if (handler === undefined) throw unknownMethod(method);
      const result = handler(args, call);
      if (isPromise(result)) result.then(undefined, (error: unknown) => this.#onFault(error, method));
    } catch (error) {
      this.#onFault(error, method);
    }
  }

  #onRequest(id: number, method: string, timeoutMs: number | undefined, args: unknown): void {
    const handler = this.#handlers.get(method);
    if (handler === undefined) {
      this.#answerError(id, unknownMethod(method), method);
      return;
    }
    if (this.#incoming.size >= this.#maxConcurrentCalls) {
      this.#answerError(id, this.#tooManyCalls(), method);
      return;
    }
    if (timeoutMs !== undefined && !(timeoutMs > 0)) {
      this.#answerError(id, deadlineExceeded(method, timeoutMs, false), method);
      return;
    }
    const call = new RunningCall(id, this, method);
    let result: unknown;
    try {
      result = handler(args, call);
    } catch (error) {
      this.#answerError(id, error, method);
      return;
    }
    if (!isPromise(result)) {
      this.#answer(id, result, method);
      return;
    }
    if (this.#isClosed) call.abort(this.#unavailable(false));
    else if (this.#incoming.has(id)) throw new MalformedMessage(`a second call ${id} while the first runs`);
    else {
      this.#incoming.set(id, call);
      if (timeoutMs !== undefined) this.#deadlines.add(call, timeoutMs);
    }
    result.then(
      (value: unknown) => {
        if (this.#endRunning(id, call) !== undefined) this.#answer(id, value, method);
      },
      (error: unknown) => {
        if (this.#endRunning(id, call) !== undefined) this.#answerError(id, error, method);
      },
    );
  }

  /** Gives the call if it still runs, and ends it: only then may it be answered. */
  #endRunning(id: number, call?: RunningCall): RunningCall | undefined {
    const running = this.#incoming.get(id);
    if (running === undefined || (call !== undefined && running !== call)) return undefined;
    this.#incoming.delete(id);
    this.#deadlines.remove(running);
    return running;
  }

  #answer(id: number, result: unknown, method: string): void {
    if (this.#isClosed) return;
    try {
      this.#send(this.#writer.answer(id, result));
    } catch (error) {
      this.#answerError(id, error, method);
    }
  }

  #answerError(id: number, error: unknown, method: string): void {
    if (!(error instanceof EngineError)) this.#onFault(error, method);
    if (this.#isClosed) return;
    try {
      this.#send(this.#writer.error(id, errorToWire(error)));
    } catch (fault) {
      // Its details have no form on a link, or are too large: the caller hears of it in any case.
      this.#onFault(fault, method);
      const code = error instanceof EngineError ? error.code : 'internal';
      const message = `${method} failed; what it said about it could not be sent`;
      this.#send(this.#writer.error(id, { code, message }));
    }
  }

  #isFull(): boolean {
    return this.#channel.bufferedBytes > this.#maxBufferedBytes;
  }

  /**
   * The other end asks and does not read its answers: what it asks waits here. Answers are never parked, so two ends that
   * ask each other cannot wait for each other for ever.
   */
  #park(message: Uint8Array, kind: number): void {
    this.#parking.add({ message: Uint8Array.from(message), kind, sinceMs: this.#clock.monotonicMs() });
    const { bytes, requestCount } = this.#parking;
    if (bytes > this.#maxBufferedBytes || requestCount + this.#incoming.size > this.#maxConcurrentCalls) {
      throw new EngineError('overloaded', `${this.name} asks on and does not read its answers`, {
        details: { bufferedBytes: this.#channel.bufferedBytes, parkedBytes: bytes },
      });
    }
  }

  #onDrain(): void {
    if (this.#isClosed || this.#isFull()) return;
    const waiters = this.#drainWaiters;
    this.#drainWaiters = [];
    for (const resolve of waiters) resolve();
    if (!this.#parking.isEmpty) this.#unpark();
  }

  #unpark(): void {
    const nowMs = this.#clock.monotonicMs();
    try {
      this.#parking.leave(
        () => !this.#isClosed && !this.#isFull(),
        ({ message, sinceMs }) => this.#handle(message, nowMs - sinceMs),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (error instanceof EngineError) this.#end(error);
    else if (error instanceof MalformedMessage)
      this.#end(this.#lost(`it sent what is not a message of the link: ${error.message}`, error));
    else {
      this.#onFault(error, '');
      this.#end(this.#lost('this process failed while reading a message', error));
    }
  }

  #end(reason: EngineError | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closeReason = reason;
    this.#deadlines.close();
    this.#channel.close();
    const calls = [...this.#outgoing.values()];
    this.#outgoing.clear();
    for (const call of calls) {
      call.settle();
      call.taker.reject(this.#unavailable(true));
    }
    const running = [...this.#incoming.values()];
    this.#incoming.clear();
    for (const call of running) call.abort(this.#unavailable(false));
    this.#parking.clear();
    const waiters = this.#drainWaiters;
    this.#drainWaiters = [];
    for (const resolve of waiters) resolve();
    this.#rejectReady(this.#unavailable(false));
    this.#resolveClosed();
  }

  #lost(why: string, cause: unknown): EngineError {
    return new EngineError('shard_unavailable', `the link to ${this.name} broke: ${why}`, { cause });
  }

  #unavailable(isUnknownOutcome: boolean): EngineError {
    const reason = this.#closeReason;
    return new EngineError('shard_unavailable', reason?.message ?? `the link to ${this.name} is closed`, {
      ...(isUnknownOutcome ? { details: { isUnknownOutcome } } : {}),
      cause: reason,
    });
  }

  #tooManyCalls(): EngineError {
    return new EngineError(
      'overloaded',
      `more than ${this.#maxConcurrentCalls} calls under way between two processes`,
      {
        details: { limit: this.#maxConcurrentCalls },
      },
    );
  }
}

const NO_OPTIONS: CallOptions = {};
const LENGTH_OF_KIND: Readonly<Record<number, number>> = {
  [REQUEST]: 5,
  [ANSWER]: 3,
  [ERROR]: 3,
  [CANCEL]: 2,
  [NOTIFY]: 3,
};

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function unknownMethod(method: string): AssertionError {
  return new AssertionError(`no method ${JSON.stringify(method)} on this end of the link`);
}
