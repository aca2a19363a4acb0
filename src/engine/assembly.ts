/**
 * An engine put together from its options: storage opened, shards recovered, router and services over them. All shards of an engine in one
 * process, or one shard of a cluster in its own.
 */
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { pid } from 'node:process';
import { DEFAULT_IDENTITY_SETTINGS } from '../identity/default-settings.ts';
import { EventTape } from '../ingest/event-tape.ts';
import { ItemScanner } from '../ingest/item-scanner.ts';
import { KnownNames } from '../ingest/known-name.ts';
import { NameInterner } from '../ingest/name-interner.ts';
import { EngineError } from '../model/error.ts';
import { DEFAULT_INGEST_LIMITS, NO_INGEST_LIMITS } from '../model/limits.ts';
import { cutBack } from '../router/closed-cut.ts';
import type { Directory } from '../router/directory.ts';
import { Router } from '../router/router.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { systemRandom } from '../runtime/random.ts';
import { WorkerPool } from '../runtime/worker-pool.ts';
import { checkpointSeqOf, hashSeedOf } from '../shard/checkpoint.ts';
import { Shard } from '../shard/shard.ts';
import type { ShardStorage } from '../storage/contract.ts';
import { openLmdbStorage } from '../storage/lmdb-storage.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import type { DataFolder } from './data-folder.ts';
import { EmbeddedEngine } from './embedded-engine.ts';
import type { OpenOptions } from './open-options.ts';

export interface AssemblyPlan {
  /** Of the shards that are here. */
  readonly indexes: readonly number[];
  /** Here and elsewhere: they share what the options bound for the whole. */
  readonly shardCount: number;
  /** Absent: that of a checkpoint, else random. */
  readonly hashSeed?: number | undefined;
  readonly directory: (shards: readonly Shard[], tools: ShardTools) => Directory;
  /** As of `EmbeddedEngineParts`. */
  readonly handedOver?: (() => Promise<void>) | undefined;
}

/** What reads items, for whoever carries out commands on shards that are like these. */
export interface ShardTools {
  readonly names: NameInterner;
  readonly hashSeed: number;
  /** Both with tapes of their own, and without limits. */
  readonly parcelScanner: ItemScanner;
  readonly replayScanner: ItemScanner;
}

export interface Assembly {
  readonly engine: EmbeddedEngine;
  readonly shards: readonly Shard[];
  readonly router: Router;
  /** For items that come in. */
  readonly scanner: ItemScanner;
  readonly tools: ShardTools;
  readonly clock: Clock;
}

const DAY_MS = 86_400_000;

/** Errors: storage_failed. */
export async function assemble(
  options: OpenOptions,
  folder: DataFolder | undefined,
  plan: AssemblyPlan,
): Promise<Assembly> {
  const clock = clockOf(options.clock);
  const random = options.random ?? systemRandom();
  const startedMs = clock.monotonicMs();
  const { indexes, shardCount } = plan;
  const limits = { ...DEFAULT_INGEST_LIMITS, ...options.limits };
  const storages = await openStorages(options, folder, indexes);
  await cutBack(
    storages,
    storages.map(({ checkpoints }) => checkpointSeqOf(checkpoints.latest())),
  );
  const kept = storages.map((storage) => hashSeedOf(storage.checkpoints.latest())).find((seed) => seed !== undefined);
  if (kept !== undefined && plan.hashSeed !== undefined && kept !== plan.hashSeed) {
    throw new EngineError('storage_failed', 'the shard was filled in another cluster: its hash seed differs');
  }
  const hashSeed = plan.hashSeed ?? kept ?? random.nextUint32();
  const names = new NameInterner(Number.POSITIVE_INFINITY);
  const known = new KnownNames(names);
  // What is in the log was accepted once: the replay knows no limits.
  const unlimited = (): ItemScanner => new ItemScanner(new EventTape(), names, known, NO_INGEST_LIMITS, hashSeed);
  const tools: ShardTools = { names, hashSeed, parcelScanner: unlimited(), replayScanner: unlimited() };
  const shardOptions = {
    names,
    parcelScanner: tools.parcelScanner,
    hashSeed,
    dedup: {
      windowMs: options.dedupWindowMs ?? DAY_MS,
      count: Math.max(2, Math.ceil((options.dedupCount ?? 4_000_000) / shardCount)),
    },
    cacheSizeBytes: Math.floor((options.cacheSizeBytes ?? 256 * 2 ** 20) / shardCount),
  };
  const shards = indexes.map((index, i) => Shard.open(index, storages[i], shardOptions, tools.replayScanner));
  names.limit = limits.distinctNameCount;
  const router = new Router(plan.directory(shards, tools), DEFAULT_IDENTITY_SETTINGS, names);
  router.recover();
  const workerCount = options.workers || Math.max(1, availableParallelism() - 1);
  const scanner = new ItemScanner(new EventTape(), names, known, limits, hashSeed);
  const engine = new EmbeddedEngine({
    shards,
    router,
    scanner,
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
    handedOver: plan.handedOver,
  });
  return { engine, shards, router, scanner, tools, clock };
}

async function openStorages(
  options: OpenOptions,
  folder: DataFolder | undefined,
  indexes: readonly number[],
): Promise<ShardStorage[]> {
  const storages: ShardStorage[] = [];
  try {
    for (const [place, index] of indexes.entries()) {
      if (options.storage !== undefined) storages.push(await options.storage(index));
      else if (folder === undefined) storages.push(new MemoryStorage({ isAutoFlush: true }));
      else
        storages.push(
          await openLmdbStorage({ path: join(folder.path, `shard-${place}`), commitDelayMs: options.commitDelayMs }),
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
