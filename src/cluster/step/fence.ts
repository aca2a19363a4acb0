/**
 * Holds steps back for a moment, so that a question can be put to all shards while nothing is on its way between them. Asked for only when a
 * question met steps under way; ends by itself, because who asked may be gone.
 */
import type { Clock } from '../../runtime/clock.ts';

const LONGEST_MS = 1_000;

export class Fence {
  readonly #clock: Clock;
  #count = 0;
  #open: Promise<void> = Promise.resolve();
  #resolve: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isUp(): boolean {
    return this.#count > 0;
  }

  /** Gives what lowers it; a second later it is lowered anyway. */
  raise(onLowered: () => void): () => void {
    if (this.#count === 0) {
      this.#open = new Promise((resolve) => {
        this.#resolve = resolve;
      });
    }
    this.#count += 1;
    let isOver = false;
    const lower = (): void => {
      if (isOver) return;
      isOver = true;
      cancel();
      onLowered();
      this.#count -= 1;
      if (this.#count === 0) this.#resolve();
    };
    const cancel = this.#clock.after(LONGEST_MS, lower);
    return lower;
  }

  /** Resolves at once when there is no fence. */
  async whenOpen(): Promise<void> {
    while (this.isUp) await this.#open;
  }
}
