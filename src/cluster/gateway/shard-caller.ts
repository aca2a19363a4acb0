/** Calls to any shard: over a link, or, where the shard is in this very process, to its handlers. */
import type { CallOptions, Handlers } from '../../link/peer.ts';
import { EngineError } from '../../model/error.ts';
import type { Identifier, LookupOptions } from '../../model/profile.ts';
import type { Clock } from '../../runtime/clock.ts';
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

  /** Errors: shard_unavailable, deadline_exceeded, quarantined, and those of the call. */
  call<T>(shard: number, method: string, args: unknown, options: CallOptions = {}): Promise<T> {
    const guard = this.#guard;
    if (guard === undefined || !isWatched(method)) return this.#send(shard, method, args, options);
    if (!guard.isIdleOfCalls) return this.#callWatched(guard, shard, method, args, options);
    // It dies with whoever calls it: there is nobody left to tell.
    if (this.isHere(shard)) return this.#send(shard, method, args, options);
    return this.#send<T>(shard, method, args, options).catch((error: unknown) => {
      if (isLoss(error)) guard.died(shard, [callKey(method, args)]);
      throw error;
    });
  }

  async #callWatched<T>(
    guard: QuarantineGuard,
    shard: number,
    method: string,
    args: unknown,
    options: CallOptions,
  ): Promise<T> {
    const key = callKey(method, args);
    const standing = guard.standing(key);
    if (standing === 'quarantined') throw guard.refusal(key);
    const attempt = (): Promise<T> => this.#send<T>(shard, method, args, options);
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
    signal: AbortSignal | undefined,
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

const NEVER = new AbortController().signal;
