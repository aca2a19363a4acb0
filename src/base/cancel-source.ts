/**
 * Tells work that nobody waits for it any more. Says what an `AbortSignal` says, so callers may give one of those; but it is a plain object:
 * Node's is an `EventTarget`, of which a small question to a shard had four, more work than its answer. Guarded by bench `cluster-query`.
 */

/** What an `AbortSignal` is too. */
export interface CancelSignal {
  readonly aborted: boolean;
  /** Undefined as long as it is not aborted. */
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
  /** Throws the reason. */
  throwIfAborted(): void;
}

/** One object for all, since most who cancel only say that it is over: a stack trace would cost more than the work. */
const CANCELLED = Object.assign(new Error('it was cancelled'), { name: 'AbortError' });

/** The reason when the time for it is over. */
export function timeLimitReached(): Error {
  return Object.assign(new Error('the time limit was reached'), { name: 'TimeoutError' });
}

export class CancelSource implements CancelSignal {
  aborted = false;
  reason: unknown = undefined;
  readonly #listeners: (() => void)[] = [];

  get signal(): CancelSignal {
    return this;
  }

  /** Calls the listeners in their order; only the first call counts. Throws what the first of them threw, when all have heard. */
  abort(reason: unknown = CANCELLED): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    let failure: { readonly error: unknown } | undefined;
    // One that is removed by another is not called any more; one that fails keeps no other from hearing.
    for (let listener = this.#listeners.shift(); listener !== undefined; listener = this.#listeners.shift()) {
      try {
        listener();
      } catch (error) {
        failure ??= { error };
      }
    }
    if (failure !== undefined) throw failure.error;
  }

  /** Who comes after the end is not called, and the same listener is only once there: as with an `AbortSignal`. */
  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.aborted && !this.#listeners.includes(listener)) this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at >= 0) this.#listeners.splice(at, 1);
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }
}
