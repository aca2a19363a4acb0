/** Calls to any shard: over a link, or, where the shard is in this very process, to its handlers. */
import { type CancelSignal, CancelSource } from '../../base/cancel-source.ts';
import type { AnswerTaker, CallOptions, Handlers } from '../../link/peer.ts';
import { EngineError } from '../../model/error.ts';
import type { Identifier, LookupOptions } from '../../model/profile.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type LedBy, packQuestion } from '../lookup-wire.ts';
import { callKey, isWatched } from '../quarantine-key.ts';
import type { ShardLinks } from '../shard-links.ts';
import { isLoss, type QuarantineGuard } from './quarantine-guard.ts';

/** The shard of this process. */
export interface LocalShard {
  readonly index: number;
  readonly handlers: Handlers;
  /** The profile's bytes, good until the next call into the engine, when it is here. */
  lookUp(identifier: Identifier, options: LookupOptions | undefined): Uint8Array | undefined;
}

export class ShardCaller {
  readonly #links: ShardLinks;
  readonly #local: LocalShard | undefined;
  readonly #clock: Clock;
  readonly #guard: QuarantineGuard | undefined;

  constructor(links: ShardLinks, local: LocalShard | undefined, clock: Clock, guard?: QuarantineGuard) {
    this.#links = links;
    this.#local = local;
    this.#clock = clock;
    this.#guard = guard;
  }

  /** At once, without a call, when the profile is in this process and no call is watched. */
  lookUpHere(identifier: Identifier, options: LookupOptions | undefined): Uint8Array | undefined {
    if (this.#local === undefined || this.#guard?.isIdleOfCalls === false) return undefined;
    return this.#local.lookUp(identifier, options);
  }

  /** Whether the shard is in this process. */
  isHere(shard: number): boolean {
    return shard === this.#local?.index;
  }

  /**
   * The same as a call `lookup` that is watched, without a promise where nothing is suspected; the answer is as `lookup-wire.ts` says. Never
   * throws; the taker is told once, maybe before this returns when it cannot be asked.
   */
  lookUp(
    shard: number,
    identifiers: readonly Identifier[],
    options: LookupOptions | undefined,
    by: LedBy | undefined,
    taker: AnswerTaker,
  ): void {
    const guard = this.#guard;
    try {
      if (this.isHere(shard)) this.#lookUpByPromise(shard, identifiers, options, by, taker);
      else if (guard === undefined) this.#ask(shard, identifiers, options, by, taker);
      else if (guard.isIdleOfCalls)
        this.#ask(shard, identifiers, options, by, new Witness(guard, shard, identifiers, options, taker));
      else this.#lookUpByPromise(shard, identifiers, options, by, taker);
    } catch (error) {
      taker.reject(error);
    }
  }

  #ask(
    shard: number,
    identifiers: readonly Identifier[],
    options: LookupOptions | undefined,
    by: LedBy | undefined,
    taker: AnswerTaker,
  ): void {
    this.#links.ask(shard, 'lookup', packQuestion(identifiers, options, by), LOOKUP_OPTIONS, taker);
  }

  #lookUpByPromise(
    shard: number,
    identifiers: readonly Identifier[],
    options: LookupOptions | undefined,
    by: LedBy | undefined,
    taker: AnswerTaker,
  ): void {
    const guard = this.#guard;
    const send = (): Promise<unknown> =>
      this.#send(shard, 'lookup', Uint8Array.from(packQuestion(identifiers, options, by)), LOOKUP_OPTIONS);
    const isWatching = guard !== undefined && !guard.isIdleOfCalls;
    const answer = isWatching
      ? this.#watched(guard, shard, 'lookup', callKey('lookup', { identifiers, options }), send)
      : send();
    answer.then(
      (bytes) => taker.resolve(bytes),
      (error: unknown) => taker.reject(error),
    );
  }

  /** Errors: shard_unavailable, deadline_exceeded, quarantined, and those of the call. */
  call<T>(shard: number, method: string, args: unknown, options: CallOptions = {}): Promise<T> {
    const guard = this.#guard;
    if (guard === undefined || !isWatched(method)) return this.#send(shard, method, args, options);
    const send = (): Promise<T> => this.#send<T>(shard, method, args, options);
    if (!guard.isIdleOfCalls) return this.#watched(guard, shard, method, callKey(method, args), send);
    // It dies with whoever calls it: there is nobody left to tell.
    if (this.isHere(shard)) return send();
    return send().catch((error: unknown) => {
      if (isLoss(error)) guard.died(shard, [callKey(method, args)]);
      throw error;
    });
  }

  async #watched<T>(
    guard: QuarantineGuard,
    shard: number,
    method: string,
    key: string,
    attempt: () => Promise<T>,
  ): Promise<T> {
    const standing = guard.standing(key);
    if (standing === 'quarantined') throw guard.refusal(key);
    try {
      if (standing === 'free') return await attempt();
      const exhibit = { kind: 'call', what: method } as const;
      return await guard.alone(
        shard,
        key,
        attempt,
        () => 'answered',
        () => exhibit,
        this.isHere(shard),
      );
    } catch (error) {
      if (isLoss(error)) guard.died(shard, [key]);
      throw error;
    }
  }

  #send<T>(shard: number, method: string, args: unknown, options: CallOptions): Promise<T> {
    const { timeoutMs, signal } = options;
    if (!this.isHere(shard)) return this.#links.call<T>(shard, method, args, options);
    return this.#callHere<T>(method, args, timeoutMs, signal);
  }

  async #callHere<T>(
    method: string,
    args: unknown,
    timeoutMs: number | undefined,
    signal: CancelSignal | undefined,
  ): Promise<T> {
    const handler = this.#local?.handlers[method];
    if (handler === undefined) throw new EngineError('invalid_request', `no call ${method}`);
    const given = handler(args, { signal: signal ?? NEVER });
    if (!(given instanceof Promise) || timeoutMs === undefined) return given as T;
    return new Promise<T>((resolve, reject) => {
      const cancel = this.#clock.after(timeoutMs, () => {
        reject(new EngineError('deadline_exceeded', `${method} took longer than ${timeoutMs} ms`));
      });
      given.then(
        (value: T) => {
          cancel();
          resolve(value);
        },
        (error: unknown) => {
          cancel();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }
}

const LOOKUP_OPTIONS: CallOptions = { timeoutMs: 10_000 };
const NEVER = new CancelSource().signal;

/** Tells the guard when the shard died with the lookup. */
class Witness implements AnswerTaker {
  readonly #guard: QuarantineGuard;
  readonly #shard: number;
  readonly #identifiers: readonly Identifier[];
  readonly #options: LookupOptions | undefined;
  readonly #taker: AnswerTaker;

  constructor(
    guard: QuarantineGuard,
    shard: number,
    identifiers: readonly Identifier[],
    options: LookupOptions | undefined,
    taker: AnswerTaker,
  ) {
    this.#guard = guard;
    this.#shard = shard;
    this.#identifiers = identifiers;
    this.#options = options;
    this.#taker = taker;
  }

  resolve(answer: unknown): void {
    this.#taker.resolve(answer);
  }

  reject(error: unknown): void {
    if (isLoss(error)) {
      const key = callKey('lookup', { identifiers: this.#identifiers, options: this.#options });
      this.#guard.died(this.#shard, [key]);
    }
    this.#taker.reject(error);
  }
}
