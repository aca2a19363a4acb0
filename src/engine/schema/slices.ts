/** Long work on the engine's own thread, cut into slices with turns between, so that lookups and ingest never wait for it. */
import type { CancelSignal } from '../../base/cancel-source.ts';
import { assertGoing } from '../../query/execution/cancellation.ts';
import type { Clock } from '../../runtime/clock.ts';

const SLICE_MS = 1;

export class Slices {
  readonly #clock: Clock;
  readonly #signal: CancelSignal | undefined;
  #sinceMs: number;

  constructor(clock: Clock, signal?: CancelSignal | undefined) {
    this.#clock = clock;
    this.#signal = signal;
    this.#sinceMs = clock.monotonicMs();
  }

  /** Whether it is time to `pause`; looked at between pieces of some ten microseconds. */
  get isDue(): boolean {
    return this.#clock.monotonicMs() - this.#sinceMs >= SLICE_MS;
  }

  /** Lets others have their turn. Errors: query_cancelled, query_timeout. */
  async pause(): Promise<void> {
    await this.#clock.yieldTurn();
    assertGoing(this.#signal);
    this.#sinceMs = this.#clock.monotonicMs();
  }
}
