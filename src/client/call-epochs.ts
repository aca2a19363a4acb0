/** Knows when every call that began before a moment has ended: what `flush` waits for, at the cost of a counter a call. */
interface Epoch {
  openCount: number;
  readonly done: Promise<void>;
  end(): void;
}

export class CallEpochs {
  #current: Epoch = newEpoch();
  /** Earlier ones with calls that have not ended, oldest first. */
  #earlier: Epoch[] = [];

  /** The returned function ends the call. */
  begin(): () => void {
    const epoch = this.#current;
    epoch.openCount += 1;
    return () => {
      epoch.openCount -= 1;
      if (epoch.openCount > 0 || epoch === this.#current) return;
      this.#earlier = this.#earlier.filter((one) => one !== epoch);
      epoch.end();
    };
  }

  /** Resolves when all calls that have begun have ended. */
  async settled(): Promise<void> {
    if (this.#current.openCount > 0) {
      this.#earlier.push(this.#current);
      this.#current = newEpoch();
    }
    await Promise.all(this.#earlier.map((epoch) => epoch.done));
  }
}

function newEpoch(): Epoch {
  let end = (): void => undefined;
  const done = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { openCount: 0, done, end: () => end() };
}
