/**
 * A shard's storage on disk: a folder with two LMDB environments, `log/` and `checkpoint/`. Two, because LMDB has one
 * writer an environment: while a checkpoint writes its pages, the log goes on committing.
 *
 * Folders are synced after they are made, so that the files themselves survive a power cut.
 */
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AssertionError } from '../base/assert.ts';
import { EngineError } from '../model/error.ts';
import type { CheckpointStore, EventLog, ShardStorage } from './contract.ts';
import { LmdbCheckpointStore } from './lmdb-checkpoint-store.ts';
import { LmdbEnvironment } from './lmdb-environment.ts';
import { LmdbLog } from './lmdb-log.ts';
import { storageFailure } from './storage-failure.ts';

/** Address space, not memory and not disk; it grows by itself when it is ever reached. */
const LOG_MAP_SIZE_BYTES = 64 * 2 ** 30;
const CHECKPOINT_MAP_SIZE_BYTES = 256 * 2 ** 30;
const COMMIT_DELAY_MS = 2;

export interface LmdbStorageOptions {
  /** The shard's folder; made when it is not there. One process at a time. */
  readonly path: string;
  /** Least time between the starts of two commits of a busy log, default 2; 0 commits as fast as the disk allows. */
  readonly commitDelayMs?: number | undefined;
  readonly logMapSizeBytes?: number | undefined;
  readonly checkpointMapSizeBytes?: number | undefined;
}

/** Errors: storage_failed when the folder cannot be used or the log is damaged. */
export async function openLmdbStorage(options: LmdbStorageOptions): Promise<LmdbStorage> {
  const { path } = options;
  const logPath = join(path, 'log');
  const checkpointPath = join(path, 'checkpoint');
  makeFolder(logPath);
  makeFolder(checkpointPath);
  const environments: LmdbEnvironment[] = [];
  try {
    const logEnvironment = LmdbEnvironment.open(logPath, options.logMapSizeBytes ?? LOG_MAP_SIZE_BYTES);
    environments.push(logEnvironment);
    const log = LmdbLog.open(logEnvironment, options.commitDelayMs ?? COMMIT_DELAY_MS);
    const checkpointEnvironment = LmdbEnvironment.open(
      checkpointPath,
      options.checkpointMapSizeBytes ?? CHECKPOINT_MAP_SIZE_BYTES,
    );
    environments.push(checkpointEnvironment);
    const checkpoints = await LmdbCheckpointStore.open(checkpointEnvironment);
    for (const folder of [logPath, checkpointPath, path, dirname(path)]) syncFolder(folder);
    return new LmdbStorage(log, checkpoints, environments);
  } catch (error) {
    await Promise.all(environments.map((environment) => environment.close()));
    if (error instanceof EngineError || error instanceof AssertionError) throw error;
    throw storageFailure(`Could not open the storage at ${path}`, error);
  }
}

export class LmdbStorage implements ShardStorage {
  readonly #log: LmdbLog;
  readonly #checkpoints: LmdbCheckpointStore;
  readonly #environments: readonly LmdbEnvironment[];

  /** Takes over the environments; `openLmdbStorage` is the way in. */
  constructor(log: LmdbLog, checkpoints: LmdbCheckpointStore, environments: readonly LmdbEnvironment[]) {
    this.#log = log;
    this.#checkpoints = checkpoints;
    this.#environments = environments;
  }

  get log(): EventLog {
    return this.#log;
  }

  get checkpoints(): CheckpointStore {
    return this.#checkpoints;
  }

  async close(): Promise<void> {
    await this.#log.close();
    await Promise.all(this.#environments.map((environment) => environment.close()));
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw storageFailure(`Could not make the folder ${path}`, error);
  }
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
