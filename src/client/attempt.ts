/** What an item and a question have in common: they are tried until they succeed, are refused for good, or their time is up. */
import { backoffMs } from './backoff.ts';
import { isRetryable, KithError } from './kith-error.ts';
import type { ClientSettings } from './options.ts';
import type { ClientWorld } from './world.ts';

export interface Attempt {
  /** In the order that they came to the client. */
  readonly serial: number;
  /** The slot that decides the door; undefined = the url given. */
  readonly slot: number | undefined;
  failureCount: number;
  /** Of these, how often the connection ended while it was under way. */
  lossCount: number;
  /** The first failure, on the monotonic clock. */
  failingSinceMs: number | undefined;
  reject(error: KithError): void;
}

export class RetryPolicy {
  readonly #world: ClientWorld;
  readonly #settings: ClientSettings;

  constructor(world: ClientWorld, settings: ClientSettings) {
    this.#world = world;
    this.#settings = settings;
  }

  /** Notes a failure. Rejects, and gives false, when trying again is of no use or the time is up. */
  keeps(attempt: Attempt, error: KithError): boolean {
    const nowMs = this.#world.clock.monotonicMs();
    attempt.failingSinceMs ??= nowMs;
    attempt.failureCount += 1;
    if (isRetryable(error) && nowMs - attempt.failingSinceMs < this.#settings.retryForMs) return true;
    attempt.reject(error);
    return false;
  }

  /** The line it waits for is down: its time runs. */
  waits(attempt: Attempt): void {
    attempt.failingSinceMs ??= this.#world.clock.monotonicMs();
  }

  /** Rejects, and gives false, when its time is up. `error`: why it still waits. */
  isInTime(attempt: Attempt, error: KithError): boolean {
    if (this.leftMs(attempt) > 0) return true;
    const code = error.code === 'connection_lost' ? 'unreachable' : error.code;
    attempt.reject(
      new KithError(code, `given up after ${this.#settings.retryForMs} ms: ${error.message}`, { cause: error }),
    );
    return false;
  }

  leftMs(attempt: Attempt): number {
    const sinceMs = attempt.failingSinceMs;
    if (sinceMs === undefined) return Number.POSITIVE_INFINITY;
    return sinceMs + this.#settings.retryForMs - this.#world.clock.monotonicMs();
  }

  /** How long to leave these alone; never past the end of the time of the one that has least, so that each gets a last try. */
  delayMs(failureCount: number, retryAfterMs: number | undefined, attempts: readonly Attempt[]): number {
    const delayMs = backoffMs(this.#world, this.#settings.backoff, failureCount, retryAfterMs);
    let leastMs = Number.POSITIVE_INFINITY;
    for (const attempt of attempts) leastMs = Math.min(leastMs, this.leftMs(attempt));
    return Math.max(0, Math.min(delayMs, leastMs));
  }
}
