/** Many at a time, or one alone: questions that look at something, and who changes it over several turns. Who waits to be alone lets nobody in before. */
export class Gate {
  #insideCount = 0;
  #alone: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;

  async enter<R>(work: () => Promise<R>): Promise<R> {
    while (this.#alone !== undefined) await this.#alone;
    this.#insideCount += 1;
    try {
      return await work();
    } finally {
      this.#insideCount -= 1;
      if (this.#insideCount === 0) this.#onEmpty?.();
    }
  }

  /** One at a time asks for this. */
  async alone(work: () => Promise<void>): Promise<void> {
    let end = (): void => {};
    this.#alone = new Promise((resolve) => {
      end = resolve;
    });
    try {
      if (this.#insideCount > 0) {
        await new Promise<void>((resolve) => {
          this.#onEmpty = resolve;
        });
      }
      await work();
    } finally {
      this.#onEmpty = undefined;
      this.#alone = undefined;
      end();
    }
  }
}
