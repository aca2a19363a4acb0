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
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { pid } from 'node:process';
import { DEFAULT_IDENTITY_SETTINGS } from '../identity/default-settings.ts';
import { EventTape } from '../ingest/event-tape.ts';
import { ItemScanner } from '../ingest/item-scanner.ts';
import { KnownNames } from '../ingest/known-name.ts';
import { NameInterner } from '../ingest/name-interner.ts';
import type { IdentitySettings } from '../model/identity.ts';
import { DEFAULT_INGEST_LIMITS, type IngestLimits, NO_INGEST_LIMITS } from '../model/limits.ts';
import { cutBack } from '../router/closed-cut.ts';
import { Directory } from '../router/directory.ts';
import { Router } from '../router/router.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { type RandomSource, systemRandom } from '../runtime/random.ts';
import { WorkerPool } from '../runtime/worker-pool.ts';
import { checkpointSeqOf, hashSeedOf } from '../shard/checkpoint.ts';
import { Shard } from '../shard/shard.ts';
import type { ShardStorage } from '../storage/contract.ts';
import { openLmdbStorage } from '../storage/lmdb-storage.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import { EmbeddedEngine } from './embedded-engine.ts';
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

const DAY_MS = 86_400_000;

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
  const clock = clockOf(options.clock);
  const random = options.random ?? systemRandom();
  const startedMs = clock.monotonicMs();
  const shardCount = folder?.shardCount ?? options.shards ?? 1;
  const limits = { ...DEFAULT_INGEST_LIMITS, ...options.limits };
  const storages = await openStorages(options, folder, shardCount);
  await cutBack(
    storages,
    storages.map(({ checkpoints }) => checkpointSeqOf(checkpoints.latest())),
  );
  const hashSeed = storages
    .map((storage) => hashSeedOf(storage.checkpoints.latest()))
    .find((seed) => seed !== undefined);
  const seed = hashSeed ?? random.nextUint32();
  const names = new NameInterner(Number.POSITIVE_INFINITY);
  const known = new KnownNames(names);
  const tape = new EventTape();
  const parcelScanner = new ItemScanner(new EventTape(), names, known, NO_INGEST_LIMITS, seed);
  const shardOptions = {
    names,
    parcelScanner,
    hashSeed: seed,
    dedup: {
      windowMs: options.dedupWindowMs ?? DAY_MS,
      count: Math.max(2, Math.ceil((options.dedupCount ?? 4_000_000) / shardCount)),
    },
    cacheSizeBytes: Math.floor((options.cacheSizeBytes ?? 256 * 2 ** 20) / shardCount),
  };
  // What is in the log was accepted once: the replay knows no limits.
  const replayScanner = new ItemScanner(tape, names, known, NO_INGEST_LIMITS, seed);
  const shards: Shard[] = [];
  for (let index = 0; index < shardCount; index++) {
    shards.push(Shard.open(index, storages[index], shardOptions, replayScanner));
  }
  names.limit = limits.distinctNameCount;
  const router = new Router(new Directory(shards), DEFAULT_IDENTITY_SETTINGS, names);
  router.recover();
  const workerCount = options.workers || Math.max(1, availableParallelism() - 1);
  return new EmbeddedEngine({
    shards,
    router,
    scanner: new ItemScanner(tape, names, known, limits, seed),
    limits,
    clock,
    random,
    pool: new WorkerPool(workerCount),
    identity: options.identity,
    folder,
    memoryLimitBytes: options.memoryLimitBytes ?? Math.floor(totalmem() * 0.7),
    checkpointIntervalMs: options.checkpointIntervalMs ?? 5 * 60_000,
    historyRetentionMs: options.historyRetentionMs,
    recoveredMs: clock.monotonicMs() - startedMs,
    pid,
  });
}

async function openStorages(
  options: OpenOptions,
  folder: DataFolder | undefined,
  count: number,
): Promise<ShardStorage[]> {
  const storages: ShardStorage[] = [];
  try {
    for (let index = 0; index < count; index++) {
      if (options.storage !== undefined) storages.push(await options.storage(index));
      else if (folder === undefined) storages.push(new MemoryStorage({ isAutoFlush: true }));
      else
        storages.push(
          await openLmdbStorage({ path: join(folder.path, `shard-${index}`), commitDelayMs: options.commitDelayMs }),
        );
    }
  } catch (error) {
    await Promise.all(storages.map((storage) => storage.close()));
    throw error;
  }
  return storages;
}

function clockOf(given: Partial<Clock> | undefined): Clock {
  if (given === undefined) return systemClock;
  return {
    nowMs: () => (given.nowMs === undefined ? systemClock.nowMs() : given.nowMs()),
    monotonicMs: () => (given.monotonicMs === undefined ? systemClock.monotonicMs() : given.monotonicMs()),
    every: (intervalMs, task) => (given.every ?? systemClock.every)(intervalMs, task),
    after: (delayMs, task) => (given.after ?? systemClock.after)(delayMs, task),
    yieldTurn: () => (given.yieldTurn ?? systemClock.yieldTurn)(),
  };
}
