/**
 * How many questions that cannot be answered at once are worked on at a time. Each holds counters for every profile on every
 * worker, and a snapshot; the rest wait in line, and beyond the line callers are told to come again. What bitmaps answer is never kept waiting.
 *
 * Errors: overloaded (503, retryable) when the line is full; query_timeout, query_cancelled while waiting.
 */
import type { CancelSignal } from '../../base/cancel-source.ts';
import { EngineError } from '../../model/error.ts';
import { cancellation } from './cancellation.ts';

const RETRY_AFTER_MS = 1_000;

interface Waiting {
  readonly enter: () => void;
}

export class Admission {
  readonly #activeCountMax: number;
  readonly #waitingCountMax: number;
  readonly #line = new Set<Waiting>();
  #activeCount = 0;

  constructor(activeCountMax: number, waitingCountMax: number) {
    this.#activeCountMax = activeCountMax;
    this.#waitingCountMax = waitingCountMax;
  }

  get waitingCount(): number {
    return this.#line.size;
  }

  /** Resolves when it is one's turn, in the order of arrival; `leave` when the work is over. */
  enter(signal: CancelSignal | undefined): Promise<void> {
    if (this.#activeCount < this.#activeCountMax) {
      this.#activeCount += 1;
      return Promise.resolve();
    }
    if (this.#line.size >= this.#waitingCountMax) {
      const message = `${this.#line.size} questions are waiting already; ask again later`;
      return Promise.reject(new EngineError('overloaded', message, { retryAfterMs: RETRY_AFTER_MS }));
    }
    return new Promise((resolve, reject) => {
      const give = (): void => {
        this.#line.delete(waiting);
        signal?.removeEventListener('abort', give);
        reject(cancellation(signal!));
      };
      const enter = (): void => {
        signal?.removeEventListener('abort', give);
        resolve();
      };
      const waiting: Waiting = { enter };
      this.#line.add(waiting);
      signal?.addEventListener('abort', give, { once: true });
      if (signal?.aborted === true) give();
    });
  }

  /** Hands the place to the next in line. */
  leave(): void {
    const [next] = this.#line;
    if (next === undefined) {
      this.#activeCount -= 1;
      return;
    }
    this.#line.delete(next);
    next.enter();
  }
}
