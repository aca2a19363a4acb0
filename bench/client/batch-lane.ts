/**
 * One connection that keeps a window of event batches under way: sends every batch of its own set, and sends each again,
 * made new, when it was acknowledged. A batch is not touched while it is under way, because the socket may still read it.
 */
import type { EventBatch, EventStamp } from '../data/event-frame.ts';
import type { TurnMeter } from './turn-meter.ts';

export class BatchLane {
  readonly #batches: readonly EventBatch[];
  readonly #stamp: EventStamp;
  readonly #meter: TurnMeter;
  readonly #write: (bytes: Buffer) => void;
  readonly #onEnd: () => void;
  readonly #sentAtMs: Float64Array;
  #inFlight = 0;
  #isEnded = false;

  constructor(options: {
    readonly batches: readonly EventBatch[];
    readonly stamp: EventStamp;
    readonly meter: TurnMeter;
    readonly write: (bytes: Buffer) => void;
    readonly onEnd: () => void;
  }) {
    this.#batches = options.batches;
    this.#stamp = options.stamp;
    this.#meter = options.meter;
    this.#write = options.write;
    this.#onEnd = options.onEnd;
    this.#sentAtMs = new Float64Array(options.batches.length);
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  start(): void {
    for (let index = 0; index < this.#batches.length; index++) this.#send(index);
  }

  /** Batch `index` was taken whole. */
  acknowledged(index: number): void {
    const nowMs = performance.now();
    this.#meter.record(this.#sentAtMs[index], nowMs, this.#batches[index].count);
    this.#inFlight -= 1;
    if (!this.#meter.isOver(nowMs)) this.#send(index);
    else if (this.#inFlight === 0) this.end();
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#onEnd();
  }

  #send(index: number): void {
    const batch = this.#batches[index];
    this.#stamp.stamp(batch);
    this.#sentAtMs[index] = performance.now();
    this.#inFlight += 1;
    this.#write(batch.bytes);
  }
}
