/** Items in batches: a batch leaves when it is full, when its first item has waited long enough, or on `flush`. */
import type { Attempt } from './attempt.ts';
import type { Fifo } from './fifo.ts';
import { type Answer, encodeBatch } from './frame.ts';
import { errorOf, isRecord, KithError } from './kith-error.ts';
import type { LaneKind, Refusal } from './lane.ts';
import type { ClientSettings } from './options.ts';
import type { ClientWorld } from './world.ts';

export interface ItemTask extends Attempt {
  readonly kind: 'item';
  readonly bytes: Uint8Array;
  readonly messageId: string;
  resolve(): void;
}

const TOLERATED_LOSSES = 2;

export class ItemKind implements LaneKind<ItemTask> {
  readonly maxFrames: number;
  readonly isCredited = true;
  readonly isTimed = true;
  readonly isPausedByRefusal = true;
  readonly #settings: ClientSettings;
  readonly #world: ClientWorld;
  /** The lane's pump, for when the time is up. */
  readonly #pump: () => void;
  /** Lowered when the server finds a batch too large. */
  #maxCount: number;
  #isDue = false;
  #isTimerSet = false;

  constructor(settings: ClientSettings, world: ClientWorld, pump: () => void) {
    this.#settings = settings;
    this.#world = world;
    this.#pump = pump;
    this.#maxCount = settings.batch.maxCount;
    this.maxFrames = settings.maxInFlight;
  }

  /** What is queued now leaves without waiting for more. */
  flush(): void {
    this.#isDue = true;
    this.#pump();
    this.#isDue = false;
  }

  take(queue: Fifo<ItemTask>): ItemTask[] {
    const maxCount = this.#countFor(queue.at(0));
    const count = this.#fittingCount(queue, maxCount);
    const isFull = count === maxCount || count < queue.length;
    if (!isFull && !this.#isDue) {
      this.#setTimer();
      return [];
    }
    if (count === queue.length) this.#isDue = false;
    return queue.take(count);
  }

  encode(ref: number, tasks: readonly ItemTask[]): Uint8Array {
    return encodeBatch(ref, this.#settings.ack, tasks);
  }

  settle(tasks: readonly ItemTask[], answer: Answer): readonly Refusal<ItemTask>[] {
    const { rejected } = answer;
    if (typeof answer['accepted'] !== 'number' || !Array.isArray(rejected)) {
      const error = new KithError('internal', 'the server answered a batch with what is no acknowledgement');
      return tasks.map((attempt) => ({ attempt, error }));
    }
    const errors = new Map<number, KithError>();
    for (const one of rejected as readonly unknown[]) {
      if (isRecord(one) && typeof one['index'] === 'number') errors.set(one['index'], errorOf(one));
    }
    const refusals: Refusal<ItemTask>[] = [];
    for (const [index, attempt] of tasks.entries()) {
      const error = errors.get(index);
      if (error === undefined) attempt.resolve();
      else refusals.push({ attempt, error });
    }
    return refusals;
  }

  shrink(tasks: readonly ItemTask[]): boolean {
    if (tasks.length === 1) return false;
    this.#maxCount = Math.min(this.#maxCount, Math.ceil(tasks.length / 2));
    return true;
  }

  isSuspect(task: ItemTask): boolean {
    return task.lossCount > TOLERATED_LOSSES;
  }

  isCulprit(tasks: readonly ItemTask[]): boolean {
    return tasks.length === 1 && this.isSuspect(tasks[0]) && this.#countFor(tasks[0]) === 1;
  }

  /** Suspects go in ever smaller company. */
  #countFor(first: ItemTask | undefined): number {
    const halvings = Math.max(0, (first?.lossCount ?? 0) - TOLERATED_LOSSES);
    return Math.max(1, Math.floor(this.#maxCount / 2 ** Math.min(halvings, 30)));
  }

  #fittingCount(queue: Fifo<ItemTask>, maxCount: number): number {
    const { maxBytes } = this.#settings.batch;
    let sizeBytes = 0;
    let count = 0;
    while (count < queue.length && count < maxCount) {
      sizeBytes += queue.at(count)!.bytes.length;
      if (count > 0 && sizeBytes > maxBytes) break;
      count += 1;
    }
    return count;
  }

  #setTimer(): void {
    if (this.#isTimerSet) return;
    this.#isTimerSet = true;
    const due = (): void => {
      this.#isTimerSet = false;
      this.#isDue = true;
      this.#pump();
    };
    const { maxDelayMs } = this.#settings.batch;
    if (maxDelayMs === 0) queueMicrotask(due);
    else this.#world.clock.after(maxDelayMs, due);
  }
}
