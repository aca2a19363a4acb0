/**
 * When all shards write a checkpoint: on a schedule, before its time where a log has grown long, and when asked. One runs at a time.
 *
 * Keeps: a shard's checkpoint begins when all it applied is on disk, and stands only for what is on the disks of all.
 */
import type { Clock } from '../runtime/clock.ts';
import type { Shard } from '../shard/shard.ts';

/** A log longer than this asks for a checkpoint before its time, so that a restart stays short. */
const LOG_SIZE_FOR_CHECKPOINT_BYTES = 512 * 2 ** 20;
const LOG_SIZE_CHECK_INTERVAL_MS = 5_000;

export interface CheckpointSummary {
  readonly seq: readonly number[];
  readonly sizeBytes: number;
  readonly tookMs: number;
}

export interface CheckpointsParts {
  readonly shards: readonly Shard[];
  readonly clock: Clock;
  /** In a cluster: resolves when what this shard handed over to others so far is on their disks. */
  readonly handedOver: (() => Promise<void>) | undefined;
  /** Whether the engine closes: it writes its last one itself. */
  readonly isOver: () => boolean;
}

export class Checkpoints {
  readonly #parts: CheckpointsParts;
  #running: Promise<CheckpointSummary> | undefined;
  /** Of the last scheduled one; undefined = it went well. */
  #error: unknown;

  constructor(parts: CheckpointsParts) {
    this.#parts = parts;
  }

  /** Begins the schedule. Gives what ends it. */
  start(intervalMs: number): () => void {
    const { clock } = this.#parts;
    const stopSchedule = clock.every(intervalMs, () => this.#runInBackground());
    const stopLooking = clock.every(LOG_SIZE_CHECK_INTERVAL_MS, () => this.#runWhenLong());
    return () => {
      stopSchedule();
      stopLooking();
    };
  }

  /** Whether a shard has applied anything since its last one. */
  get isDue(): boolean {
    return this.#parts.shards.some((shard) => shard.appliedSeq > shard.checkpointSeq);
  }

  /** Whether the last scheduled one failed. */
  get hasFailed(): boolean {
    return this.#error !== undefined;
  }

  /** When the one under way has ended. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Who asks during one gets the next. */
  checkpoint(): Promise<CheckpointSummary> {
    const previous = this.#running;
    const run = (previous === undefined ? Promise.resolve() : previous.then(ignore, ignore)).then(() =>
      this.#checkpointAll(),
    );
    this.#running = run;
    const done = (): void => {
      if (this.#running === run) this.#running = undefined;
    };
    run.then(done, done);
    return run;
  }

  async #checkpointAll(): Promise<CheckpointSummary> {
    const { shards, clock } = this.#parts;
    const startedMs = clock.monotonicMs();
    const seq: number[] = [];
    let sizeBytes = 0;
    for (const shard of shards) {
      if (shard.appliedSeq > 0) await shard.storage.log.durable(shard.appliedSeq);
      const result = await shard.checkpoint(
        () => clock.yieldTurn(),
        () => this.#allDurable(),
      );
      seq.push(result.seq);
      sizeBytes += result.sizeBytes;
    }
    return { seq, sizeBytes, tookMs: clock.monotonicMs() - startedMs };
  }

  /** When all that any shard has appended so far is on disk. */
  async #allDurable(): Promise<void> {
    const waiting = this.#parts.shards.filter(({ appliedSeq }) => appliedSeq > 0);
    const handedOver = this.#parts.handedOver?.();
    await Promise.all(waiting.map(({ storage, appliedSeq }) => storage.log.durable(appliedSeq)));
    await handedOver;
  }

  #runInBackground(): void {
    if (!this.isDue || this.#running !== undefined || this.#parts.isOver()) return;
    this.checkpoint().then(
      () => {
        this.#error = undefined;
      },
      (error: unknown) => {
        this.#error = error;
      },
    );
  }

  #runWhenLong(): void {
    if (this.#parts.shards.some((shard) => shard.storage.log.sizeBytes > LOG_SIZE_FOR_CHECKPOINT_BYTES)) {
      this.#runInBackground();
    }
  }
}

function ignore(): void {}
