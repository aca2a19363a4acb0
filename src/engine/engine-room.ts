/** Whether there is room for more: in memory, up to the limit, and on the disk of the data folder, down to a reserve. */
import { EngineError } from '../model/error.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Shard } from '../shard/shard.ts';
import type { DataFolder } from './data-folder.ts';

/** Ingest stops while the disk still has this much, because a log whose disk is full can only fail; checkpoints need room too. */
const DISK_RESERVE_BYTES = 256 * 2 ** 20;
const DISK_CHECK_INTERVAL_MS = 5_000;
const RETRY_AFTER_MS = 30_000;

export interface EngineRoomParts {
  readonly shards: readonly Shard[];
  readonly clock: Clock;
  /** Absent = no disk. */
  readonly folder: Pick<DataFolder, 'freeBytes'> | undefined;
  readonly memoryLimitBytes: number;
  /** What questions keep. */
  readonly queries: { readonly usedBytes: number };
}

export class EngineRoom {
  readonly #parts: EngineRoomParts;
  #isDiskLow = false;

  constructor(parts: EngineRoomParts) {
    this.#parts = parts;
  }

  /** Looks at the disk now and from time to time. Gives what ends it. */
  start(): () => void {
    const { folder, clock } = this.#parts;
    if (folder === undefined) return () => {};
    const look = (): void => {
      this.#isDiskLow = folder.freeBytes() < DISK_RESERVE_BYTES;
    };
    look();
    return clock.every(DISK_CHECK_INTERVAL_MS, look);
  }

  get usedBytes(): number {
    let used = this.#parts.queries.usedBytes;
    for (const shard of this.#parts.shards) used += shard.memory.usedBytes + shard.data.cache.usedBytes;
    return used;
  }

  /** Why nothing more can be taken; undefined when it can. */
  fault(): EngineError | undefined {
    if (this.#isDiskLow) {
      return new EngineError('storage_failed', 'the disk of the data folder is almost full; make room and send again', {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    const used = this.usedBytes;
    const { memoryLimitBytes } = this.#parts;
    if (used <= memoryLimitBytes) return undefined;
    return new EngineError(
      'memory_limit',
      `the engine uses ${used} bytes of its limit of ${memoryLimitBytes}; raise memoryLimit or add shards elsewhere`,
      { retryAfterMs: RETRY_AFTER_MS },
    );
  }
}
