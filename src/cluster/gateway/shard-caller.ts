/** Calls to any shard: over a link, or, where the shard is in this very process, to its handlers. */
import type { CallOptions, Handlers } from '../../link/peer.ts';
import { EngineError } from '../../model/error.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { ShardLinks } from '../shard-links.ts';

/** The shard of this process. */
export interface LocalShard {
  readonly index: number;
  readonly handlers: Handlers;
}

export class ShardCaller {
  readonly #links: ShardLinks;
  readonly #local: LocalShard | undefined;
  readonly #clock: Clock;

  constructor(links: ShardLinks, local: LocalShard | undefined, clock: Clock) {
    this.#links = links;
    this.#local = local;
    this.#clock = clock;
  }

  /** Errors: shard_unavailable, deadline_exceeded, and those of the call. */
  call<T>(shard: number, method: string, args: unknown, options: CallOptions = {}): Promise<T> {
    const { timeoutMs, signal } = options;
    if (shard !== this.#local?.index) return this.#links.call<T>(shard, method, args, options);
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
