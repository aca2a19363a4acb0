/** Time, turns and order of a simulation, all from one seed: what is scheduled runs after a drawn delay, ties in drawn order. */
import type { Clock } from '../../../src/runtime/clock.ts';
import type { RandomSource } from '../../../src/runtime/random.ts';
import { nextTurn } from '../../../src/runtime/turn.ts';

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly task: () => void;
}

export class SeededWorld {
  nowMs = 0;
  /** The longest that a scheduled step takes. */
  delayMsMax: number;
  readonly random: RandomSource;
  readonly clock: Clock;
  #events: Event[] = [];
  #state: number;

  constructor(seed: number, delayMsMax = 5) {
    this.#state = seed | 0;
    this.delayMsMax = delayMsMax;
    this.random = { nextUint32: () => this.#draw() };
    this.clock = {
      nowMs: () => this.nowMs,
      monotonicMs: () => this.nowMs,
      every: (intervalMs, task) => this.#every(intervalMs, task),
      after: (delayMs, task) => this.#at(this.nowMs + delayMs, task),
      yieldTurn: () => new Promise((resolve) => this.#at(this.nowMs, resolve)),
    };
  }

  readonly schedule = (task: () => void): void => {
    this.#at(this.nowMs + (this.#draw() % (this.delayMsMax + 1)), task);
  };

  below(bound: number): number {
    return this.#draw() % bound;
  }

  /** Everything up to then. */
  async runTo(ms: number): Promise<void> {
    for (;;) {
      await nextTurn();
      const event = this.#first();
      if (event === undefined || event.atMs > ms) break;
      this.#run(event);
    }
    this.nowMs = Math.max(this.nowMs, ms);
  }

  /** Until the promise is settled; gives its value, or throws. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const done = (): void => {
      isSettled = true;
    };
    promise.then(done, done);
    for (;;) {
      await nextTurn();
      if (isSettled) return promise;
      const event = this.#first();
      if (event === undefined) throw new Error('nothing is left to happen, and the promise is not settled');
      this.#run(event);
    }
  }

  #run(event: Event): void {
    this.#events.splice(this.#events.indexOf(event), 1);
    this.nowMs = Math.max(this.nowMs, event.atMs);
    event.task();
  }

  #first(): Event | undefined {
    let first: Event | undefined;
    for (const event of this.#events) {
      if (first === undefined || event.atMs < first.atMs || (event.atMs === first.atMs && event.order < first.order))
        first = event;
    }
    return first;
  }

  #at(atMs: number, task: () => void): () => void {
    const event = { atMs, order: this.#draw(), task };
    this.#events.push(event);
    return () => {
      const index = this.#events.indexOf(event);
      if (index >= 0) this.#events.splice(index, 1);
    };
  }

  #every(intervalMs: number, task: () => void): () => void {
    let cancel = (): void => undefined;
    const again = (): void => {
      cancel = this.#at(this.nowMs + intervalMs, () => {
        again();
        task();
      });
    };
    again();
    return () => cancel();
  }

  /** splitmix32. */
  #draw(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let mixed = this.#state ^ (this.#state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }
}
