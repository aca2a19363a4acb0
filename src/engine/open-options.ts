/** What an engine is opened with; all of it has a default. */
import type { IdentitySettings } from '../model/identity.ts';
import type { IngestLimits } from '../model/limits.ts';
import type { Clock } from '../runtime/clock.ts';
import type { RandomSource } from '../runtime/random.ts';
import type { ShardStorage } from '../storage/contract.ts';

export interface OpenOptions {
  /** Folder of the log and the checkpoints, default `./data`; `:memory:` keeps nothing on disk. */
  readonly data?: string | undefined;
  /** Parts that the profiles are split into; fixed when the folder is made. Default: what the folder has, else 1. */
  readonly shards?: number | undefined;
  /** Threads for scans; 0 or absent = one less than the cores, at least one. */
  readonly workers?: number | undefined;
  /** Past it ingest is refused with `memory_limit`. Default 70 % of the machine's memory. */
  readonly memoryLimitBytes?: number | undefined;
  /** How long a messageId is remembered for de-duplication (default 24 h), and how many at most over all shards (default 4 million). */
  readonly dedupWindowMs?: number | undefined;
  readonly dedupCount?: number | undefined;
  /** Least time between two log commits under load, default 2. */
  readonly commitDelayMs?: number | undefined;
  /** Time between checkpoints, default 5 min; 0 = only at close and by `checkpoint()`. */
  readonly checkpointIntervalMs?: number | undefined;
  /** How far back the history of traits reaches; 0 or absent = all of it. */
  readonly historyRetentionMs?: number | undefined;
  readonly limits?: Partial<IngestLimits> | undefined;
  /** The rules by which identifiers bring people together; absent = those of the folder, else the defaults. */
  readonly identity?: IdentitySettings | undefined;
  /** Memory for rendered profiles over all shards, default 256 MiB. */
  readonly cacheSizeBytes?: number | undefined;
  /** For tests and simulations. */
  readonly clock?: Partial<Clock> | undefined;
  readonly random?: RandomSource | undefined;
  /** Storage per shard index, in place of `data`; for tests and simulations. */
  readonly storage?: ((shardIndex: number) => ShardStorage | Promise<ShardStorage>) | undefined;
}
