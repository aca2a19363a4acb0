/**
 * Lookups before events. All work that ingest brings to the doors is done here in portions: at most about `PORTION_BYTES` of it in one turn
 * of the event loop, then the sockets are polled again, so that a lookup waits for one portion and not for all that arrived with it.
 * Work that finds nothing before it in its turn is done at once.
 *
 * Keeps: the order of arrival; nothing is dropped; what waits is bounded. Past `WAITING_BYTES_MAX` the oldest is done at once, which stops
 * the reading of sockets and so their senders.
 *
 * A portion is counted in bytes, as a clock would make tests and simulations depend on the machine.
 */

/** Some hundred events, about half a millisecond. */
const PORTION_BYTES = 16 * 1024;
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** What a piece of work costs besides its bytes, in time and in memory. */
const OVERHEAD_BYTES = 512;
/** Copies from here up to `BUFFER_SIZE_BYTES` rest in buffers that are used again; others get their own. */
const BUFFERED_FROM_BYTES = 8 * 1024;
const BUFFER_SIZE_BYTES = 64 * 1024;
const IDLE_BUFFER_COUNT = 64;

interface Waiting {
  readonly sizeBytes: number;
  readonly run: () => void;
}

export class IngestTurns {
  #waiting: Waiting[] = [];
  #next = 0;
  #waitingBytes = 0;
  /** Done since the last portion, in handlers of sockets. */
  #doneBytes = 0;
  #isScheduled = false;
  readonly #idleBuffers: Buffer[] = [];

  /** True when work of this size may be done now; it counts as done then. Else it goes through `later`. */
  takes(sizeBytes: number): boolean {
    if (this.#next < this.#waiting.length || this.#doneBytes >= PORTION_BYTES) return false;
    this.#doneBytes += sizeBytes + OVERHEAD_BYTES;
    this.#schedule();
    return true;
  }

  /** `run` is called in a later turn, after all that waits already, and must not throw. */
  later(sizeBytes: number, run: () => void): void {
    this.#waiting.push({ sizeBytes: sizeBytes + OVERHEAD_BYTES, run });
    this.#waitingBytes += sizeBytes + OVERHEAD_BYTES;
    this.#schedule();
    while (this.#waitingBytes > WAITING_BYTES_MAX) this.#runNext();
  }

  /** `later` for bytes that die when the caller returns: `run` gets a copy, which dies when `run` returns. */
  laterCopied(bytes: Buffer, run: (copy: Buffer) => void): void {
    const size = bytes.length;
    if (size < BUFFERED_FROM_BYTES || size > BUFFER_SIZE_BYTES) {
      const copy = Buffer.from(bytes);
      this.later(size, () => run(copy));
      return;
    }
    const buffer = this.#idleBuffers.pop() ?? Buffer.allocUnsafeSlow(BUFFER_SIZE_BYTES);
    bytes.copy(buffer);
    this.later(size, () => {
      run(buffer.subarray(0, size));
      if (this.#idleBuffers.length < IDLE_BUFFER_COUNT) this.#idleBuffers.push(buffer);
    });
  }

  /** Resolves when work of this size may be done, in the order of asking; undefined = at once. */
  turnFor(sizeBytes: number): Promise<void> | undefined {
    if (this.takes(sizeBytes)) return undefined;
    return new Promise((resolve) => this.later(sizeBytes, resolve));
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#portion());
  }

  /** Runs after the sockets were polled; asks for another turn as long as anything waits. */
  #portion(): void {
    this.#isScheduled = false;
    let leftBytes = PORTION_BYTES - this.#doneBytes;
    this.#doneBytes = 0;
    while (leftBytes > 0 && this.#next < this.#waiting.length) leftBytes -= this.#runNext();
    if (this.#next < this.#waiting.length) this.#schedule();
  }

  /** Gives the size of what was done. */
  #runNext(): number {
    const { sizeBytes, run } = this.#waiting[this.#next];
    this.#next += 1;
    this.#waitingBytes -= sizeBytes;
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
    } else if (this.#next >= 1_024) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    run();
    return sizeBytes;
  }
}
