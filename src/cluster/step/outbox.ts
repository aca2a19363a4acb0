/**
 * Parts of steps on their way to other shards. A part leaves when the record that hands it over is durable, in the order of its step's number, and is
 * sent again until the other shard has it on its disk; after a restart it is read back from the log.
 *
 * Invariant: a shard is given the parts of one origin in order, each at least once; it counts them, so that the second time does nothing.
 */
import type { Clock } from '../../runtime/clock.ts';
import type { HandOver } from '../../shard/identity-command.ts';
import { handOverOf } from '../../shard/record.ts';
import type { Shard } from '../../shard/shard.ts';
import type { Peers } from '../peers.ts';
import { unavailable } from './claim.ts';

const DELIVERY_TIMEOUT_MS = 10_000;
const RETRY_MS = 50;

export interface Delivery {
  readonly origin: number;
  readonly number: number;
  readonly record: Uint8Array;
}

interface Parcel extends Delivery {
  readonly settled: Promise<void>;
  readonly resolve: () => void;
}

export class Outbox {
  readonly #own: Shard;
  readonly #peers: Peers;
  readonly #clock: Clock;
  /** By shard, in order. */
  readonly #queues = new Map<number, Parcel[]>();
  readonly #busy = new Set<number>();
  /** Steps up to this one are on this shard's disk. */
  #durableNumber = 0;
  #close: () => void = () => undefined;
  readonly #closed = new Promise<void>((resolve) => {
    this.#close = resolve;
  });
  #isClosed = false;
  #restored: Promise<unknown> = Promise.resolve();

  constructor(own: Shard, peers: Peers, clock: Clock) {
    this.#own = own;
    this.#peers = peers;
    this.#clock = clock;
  }

  get count(): number {
    let count = 0;
    for (const queue of this.#queues.values()) count += queue.length;
    return count;
  }

  /** Resolves when every part is on the disk of its shard. `seq`: of the record that hands it over. */
  async send({ number, parts }: HandOver, seq: number): Promise<void> {
    const parcels = parts.map(({ shard, record }) => this.#enqueue(shard, number, record));
    await this.#own.storage.log.durable(seq);
    this.#durableNumber = Math.max(this.#durableNumber, number);
    for (const { shard } of parts) void this.#pump(shard);
    await Promise.all(parcels.map(({ settled }) => settled));
  }

  #enqueue(shard: number, number: number, record: Uint8Array): Parcel {
    let resolve: () => void = () => undefined;
    const settled = new Promise<void>((done) => {
      resolve = done;
    });
    const parcel = { origin: this.#own.index, number, record, settled, resolve };
    const queue = this.#queues.get(shard);
    if (queue === undefined) this.#queues.set(shard, [parcel]);
    else queue.push(parcel);
    return parcel;
  }

  /** After a restart: what the log hands over and may not have arrived. Costs the log behind the checkpoint. */
  restore(): void {
    const { storage, checkpointSeq, data } = this.#own;
    this.#durableNumber = data.lastStep;
    if (storage.log.lastSeq <= checkpointSeq) return;
    for (const { record } of storage.log.read(checkpointSeq)) {
      const handOver = handOverOf(record);
      if (handOver === undefined) continue;
      for (const part of handOver.parts) this.#enqueue(part.shard, handOver.number, Uint8Array.from(part.record));
    }
    this.#restored = this.settled();
    this.#restored.catch(() => undefined);
  }

  /** Shards from the count on have left, and had everything before they did: what the log still has for them is not sent again. */
  forgetFrom(shardCount: number): void {
    for (const [shard, queue] of this.#queues) {
      if (shard < shardCount) continue;
      for (const parcel of queue.splice(0)) parcel.resolve();
    }
  }

  /** When all that the last process left to be sent has arrived. Errors: shard_unavailable when it was closed before. */
  async whenRestored(): Promise<void> {
    await this.#restored;
  }

  /** Gives a shard that has come up all that it lacks. Resolves when it has it. */
  async catchUp(shard: number, arrived: number): Promise<void> {
    const queue = this.#queues.get(shard);
    if (queue === undefined) return;
    while (queue.length > 0 && queue[0].number <= arrived) queue.shift()!.resolve();
    const waiting = [...queue];
    void this.#pump(shard);
    await Promise.all(waiting.map(({ settled }) => settled));
  }

  /** One at a time for each shard, so that they arrive in order. */
  async #pump(shard: number): Promise<void> {
    if (this.#busy.has(shard)) return;
    this.#busy.add(shard);
    const queue = this.#queues.get(shard)!;
    try {
      while (queue.length > 0 && !this.#isClosed) {
        const ready = this.#readyOf(queue);
        if (ready.length === 0) return;
        try {
          const deliveries = ready.map(({ origin, number, record }): Delivery => ({ origin, number, record }));
          await this.#peers.call(shard, 'deliver', deliveries, { timeoutMs: DELIVERY_TIMEOUT_MS });
        } catch {
          await new Promise<void>((resolve) => this.#clock.after(RETRY_MS, resolve));
          continue;
        }
        // Some of it may have been told to have arrived meanwhile.
        const last = ready[ready.length - 1].number;
        while (queue.length > 0 && queue[0].number <= last) queue.shift()!.resolve();
      }
    } finally {
      this.#busy.delete(shard);
    }
  }

  /** Those whose record is durable. */
  #readyOf(queue: readonly Parcel[]): Parcel[] {
    return queue.filter(({ number }) => number <= this.#durableNumber);
  }

  /** When all that was handed over so far has arrived. Errors: shard_unavailable when it was closed before. */
  async settled(): Promise<void> {
    const waiting = [...this.#queues].flatMap(([shard, queue]) => queue.map((parcel) => ({ shard, parcel })));
    if (waiting.length === 0) return;
    const isOver = this.#closed.then(() => {
      throw unavailable(waiting[0].shard);
    });
    await Promise.race([Promise.all(waiting.map(({ parcel }) => parcel.settled)), isOver]);
  }

  /** What has not arrived is sent by the next process. */
  close(): void {
    this.#isClosed = true;
    this.#close();
  }
}
