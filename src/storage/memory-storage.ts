/**
 * A shard's storage in memory, for tests and simulations. No timers: nothing is durable before `flush`, unless
 * `isAutoFlush` makes every append durable at once. `crash` gives what a disk would show to the next process.
 */
import { assert } from '../base/assert.ts';
import type { EventLog, ShardStorage } from './contract.ts';
import { MemoryCheckpointStore } from './memory-checkpoint-store.ts';
import { MemoryLog } from './memory-log.ts';
import { storageFailure } from './storage-failure.ts';

export interface MemoryStorageOptions {
  readonly isAutoFlush?: boolean | undefined;
}

export interface CrashOptions {
  /** False keeps every append, as when the log was just written; true loses what was not durable. */
  readonly loseUnflushed: boolean;
  /** In [0, 1): with it the log is cut at some point between the durable and the last record, in order. */
  readonly random?: (() => number) | undefined;
}

export class MemoryStorage implements ShardStorage {
  readonly #isAutoFlush: boolean;
  readonly #log: MemoryLog;
  readonly #checkpoints: MemoryCheckpointStore;
  #isDiskFailed = false;

  constructor(
    options: MemoryStorageOptions = {},
    log: MemoryLog = new MemoryLog({ firstSeq: 1, records: [] }, options.isAutoFlush ?? false),
    checkpoints: MemoryCheckpointStore = new MemoryCheckpointStore({ pages: new Map(), manifests: [] }),
  ) {
    this.#isAutoFlush = options.isAutoFlush ?? false;
    this.#log = log;
    this.#checkpoints = checkpoints;
  }

  get log(): EventLog {
    return this.#log;
  }

  get checkpoints(): MemoryCheckpointStore {
    return this.#checkpoints;
  }

  /** Makes records durable, all or up to `seq`. */
  flush(seq: number = this.#log.lastSeq): void {
    this.#log.flush(seq);
  }

  get isDiskFailed(): boolean {
    return this.#isDiskFailed;
  }

  /** From now on the disk refuses: waiters reject, appends and checkpoints throw storage_failed. */
  failDisk(): void {
    this.#isDiskFailed = true;
    const error = storageFailure('The disk failed');
    this.#log.fail(error);
    this.#checkpoints.fail(error);
  }

  /** The storage as the next process finds it. This one goes silent: its waiters never settle, its calls throw. */
  crash(options: CrashOptions): MemoryStorage {
    const { durableSeq, lastSeq } = this.#log;
    let endSeq = options.loseUnflushed ? durableSeq : lastSeq;
    if (options.loseUnflushed && options.random !== undefined) {
      const fraction = options.random();
      assert(fraction >= 0 && fraction < 1, () => `random gave ${fraction}`);
      endSeq = durableSeq + Math.floor(fraction * (lastSeq - durableSeq + 1));
    }
    const error = storageFailure('The process crashed');
    this.#log.stop(error);
    this.#checkpoints.fail(error);
    return this.#reopenedUpTo(endSeq);
  }

  /** The storage as opened again after `close`. */
  reopen(): MemoryStorage {
    return this.#reopenedUpTo(this.#log.lastSeq);
  }

  async close(): Promise<void> {
    this.flush();
    const error = storageFailure('The storage is closed');
    this.#log.stop(error);
    this.#checkpoints.fail(error);
  }

  #reopenedUpTo(lastSeq: number): MemoryStorage {
    return new MemoryStorage(
      { isAutoFlush: this.#isAutoFlush },
      new MemoryLog(this.#log.stateUpTo(lastSeq), this.#isAutoFlush),
      new MemoryCheckpointStore(this.#checkpoints.state()),
    );
  }
}
