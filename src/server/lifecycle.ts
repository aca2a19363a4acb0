/**
 * Counts what is under way, so that closing can wait for it. Open → closing (new work refused) → idle (nothing
 * left).
 */
export class Lifecycle {
  #isClosing = false;
  #inFlight = 0;
  #whenIdle: (() => void) | undefined;

  get isClosing(): boolean {
    return this.#isClosing;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  begin(): void {
    this.#inFlight += 1;
  }

  end(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#whenIdle?.();
  }

  /** Resolves true when everything under way has ended, false when `timeoutMs` passed first. */
  close(timeoutMs: number): Promise<boolean> {
    this.#isClosing = true;
    if (this.#inFlight === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#whenIdle = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}
