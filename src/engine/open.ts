/**
 * The library: `import { open } from 'kith'` gives the whole engine inside a Node program.
 *
 * ```ts
 * const engine = await open({ data: './data' });
 * await engine.ingest([{ type: 'track', userId: 'u1', event: 'Order Completed', properties: { total: 12.5 } }]);
 * engine.lookup({ type: 'user_id', value: 'u1' });
 * await engine.query({ where: 'did "Order Completed" at least 1 times in last 7d', as: 'count' });
 * await engine.close();
 * ```
 */
import type { IdentitySettings } from '../model/identity.ts';
import type { IngestLimits } from '../model/limits.ts';
import { Directory } from '../router/directory.ts';
import type { Clock } from '../runtime/clock.ts';
import type { RandomSource } from '../runtime/random.ts';
import type { ShardStorage } from '../storage/contract.ts';
import { assemble } from './assembly.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import type { Engine } from './engine.ts';

export { EngineError, type ErrorCode } from '../model/error.ts';
export type { TracedTrait, TraitChange, TraitHistory, TraitHistoryRequest } from '../model/history.ts';
export type { AckLevel, IngestOptions, IngestResult, RejectedItem } from '../model/ingest.ts';
export type { Identifier, LookupOptions, Profile, ProfileEvent } from '../model/profile.ts';
export type { Expression, QueryAnswer, QueryRequest } from '../model/query.ts';
export type { CompletionAnswer, CompletionRequest, Schema, SchemaNarrowing } from '../model/schema.ts';
export type { Segment, SegmentRequest, SegmentSaved } from '../model/segment.ts';
export type { Value } from '../model/value.ts';
export type { Engine, EngineStats } from './engine.ts';

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

export async function open(options: OpenOptions = {}): Promise<Engine> {
  const data = options.data ?? './data';
  const isOnDisk = options.storage === undefined && data !== ':memory:';
  const folder = isOnDisk ? openDataFolder(data, options.shards) : undefined;
  try {
    return await openEngine(options, folder);
  } catch (error) {
    folder?.release();
    throw error;
  }
}

async function openEngine(options: OpenOptions, folder: DataFolder | undefined): Promise<Engine> {
  const count = folder?.shardCount ?? options.shards ?? 1;
  const { engine } = await assemble(options, folder, {
    indexes: Array.from({ length: count }, (_, index) => index),
    shardCount: count,
    directory: (shards) => new Directory(shards),
  });
  return engine;
}
