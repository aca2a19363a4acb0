/**
 * A bound on what is under way, by count and bytes. Who comes when it is full waits, in order of arrival. Something larger than the
 * whole bound passes when nothing else is inside, so that nobody waits for ever.
 */
import { Fifo } from './fifo.ts';
import type { KithError } from './kith-error.ts';

interface Waiting {
  readonly sizeBytes: number;
  enter(): void;
  refuse(error: KithError): void;
}

export class Gate {
  readonly #maxCount: number;
  readonly #maxBytes: number;
  #count = 0;
  #bytes = 0;
  readonly #waiting = new Fifo<Waiting>();
  #isRefusing: KithError | undefined;

  constructor(maxCount: number, maxBytes: number) {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** True = inside. */
  tryEnter(sizeBytes: number): boolean {
    if (this.#waiting.length > 0 || !this.#hasRoom(sizeBytes)) return false;
    this.#enter(sizeBytes);
    return true;
  }

  /** Resolves when inside. */
  wait(sizeBytes: number): Promise<void> {
    if (this.#isRefusing !== undefined) return Promise.reject(this.#isRefusing);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ sizeBytes, enter: resolve, refuse: reject });
    });
  }

  leave(sizeBytes: number): void {
    this.#count -= 1;
    this.#bytes -= sizeBytes;
    for (
      let next = this.#waiting.at(0);
      next !== undefined && this.#hasRoom(next.sizeBytes);
      next = this.#waiting.at(0)
    ) {
      this.#waiting.take(1);
      this.#enter(next.sizeBytes);
      next.enter();
    }
  }

  /** Who waits, now or later, is refused. */
  refuseWaiting(error: KithError): void {
    this.#isRefusing = error;
    for (const waiting of this.#waiting.take(this.#waiting.length)) waiting.refuse(error);
  }

  #hasRoom(sizeBytes: number): boolean {
    return this.#count === 0 || (this.#count < this.#maxCount && this.#bytes + sizeBytes <= this.#maxBytes);
  }

  #enter(sizeBytes: number): void {
    this.#count += 1;
    this.#bytes += sizeBytes;
  }
}
