/**
 * Deadlines of many calls with few timers: those of one length stand in one list, in the order they come due, and only the
 * list's first has a timer. Entering and leaving cost a few links. Most calls end long before their deadline.
 */
import type { Clock } from '../runtime/clock.ts';

/** Longer ones are cut: timers count in 31 bits. */
const TIMEOUT_MS_MAX = 2_147_483_647;

/** Something with a deadline; stands in one list at most. */
export abstract class Timed {
  dueMs = 0;
  list: DeadlineList | undefined;
  previous: Timed | undefined;
  next: Timed | undefined;

  /** The deadline passed; it stands in no list any more. */
  abstract expire(): void;
}

class DeadlineList {
  readonly timeoutMs: number;
  first: Timed | undefined;
  last: Timed | undefined;
  cancelTimer: () => void = () => undefined;

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  append(timed: Timed): void {
    timed.list = this;
    timed.previous = this.last;
    if (this.last === undefined) this.first = timed;
    else this.last.next = timed;
    this.last = timed;
  }

  remove(timed: Timed): void {
    if (timed.previous === undefined) this.first = timed.next;
    else timed.previous.next = timed.next;
    if (timed.next === undefined) this.last = timed.previous;
    else timed.next.previous = timed.previous;
    timed.list = timed.previous = timed.next = undefined;
  }
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #lists = new Map<number, DeadlineList>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `timeoutMs` is above 0. */
  add(timed: Timed, timeoutMs: number): void {
    const lengthMs = Math.min(Math.ceil(timeoutMs), TIMEOUT_MS_MAX);
    timed.dueMs = this.#clock.monotonicMs() + lengthMs;
    let list = this.#lists.get(lengthMs);
    if (list === undefined) {
      list = new DeadlineList(lengthMs);
      this.#lists.set(lengthMs, list);
      this.#arm(list, lengthMs);
    }
    list.append(timed);
  }

  remove(timed: Timed): void {
    timed.list?.remove(timed);
  }

  /** Nothing expires any more. */
  close(): void {
    for (const list of this.#lists.values()) list.cancelTimer();
    this.#lists.clear();
  }

  /** An empty list keeps its timer, so a stream of single calls does not set one each; then it goes. */
  #arm(list: DeadlineList, delayMs: number): void {
    list.cancelTimer = this.#clock.after(Math.max(1, Math.ceil(delayMs)), () => this.#run(list));
  }

  #run(list: DeadlineList): void {
    const nowMs = this.#clock.monotonicMs();
    while (list.first !== undefined && list.first.dueMs <= nowMs) {
      const timed = list.first;
      list.remove(timed);
      timed.expire();
    }
    if (this.#lists.get(list.timeoutMs) !== list) return;
    if (list.first === undefined) this.#lists.delete(list.timeoutMs);
    else this.#arm(list, list.first.dueMs - nowMs);
  }
}
