/** Messages of an end that asks and does not read its answers: they wait here, in order, and within bounds, until it does. */
import { REQUEST } from './message.ts';

export interface ParkedMessage {
  readonly message: Uint8Array;
  readonly kind: number;
  readonly sinceMs: number;
}

export class Parking {
  #parked: ParkedMessage[] = [];
  #bytes = 0;
  #requestCount = 0;

  get isEmpty(): boolean {
    return this.#parked.length === 0;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get requestCount(): number {
    return this.#requestCount;
  }

  add(parked: ParkedMessage): void {
    this.#bytes += parked.message.length;
    if (parked.kind === REQUEST) this.#requestCount++;
    this.#parked.push(parked);
  }

  /** Gives each to `take`, as long as there is room; those that were given are gone, also when `take` throws. */
  leave(hasRoom: () => boolean, take: (parked: ParkedMessage) => void): void {
    let count = 0;
    try {
      while (count < this.#parked.length && hasRoom()) {
        const parked = this.#parked[count];
        count++;
        this.#bytes -= parked.message.length;
        if (parked.kind === REQUEST) this.#requestCount--;
        take(parked);
      }
    } finally {
      this.#parked.splice(0, count);
    }
  }

  clear(): void {
    this.#parked = [];
    this.#bytes = 0;
    this.#requestCount = 0;
  }
}
