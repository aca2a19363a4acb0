/**
 * One LMDB environment with the settings that durability rests on; the only file that opens lmdb.
 *
 * What a commit does with these settings: write the changed pages, fdatasync, write the meta page through a descriptor
 * with O_DSYNC. Pages are never overwritten while the last synced meta page needs them, so a power cut at any moment
 * leaves the last synced transaction, whole. Hence a settled `transact` promise means durable, not just committed.
 *
 * - overlappingSync: false. lmdb-js would commit first and sync behind, reporting durability through `flushed`; that
 *   promise never settles when the sync fails, and after a crash the newest meta page is trusted by boot id. Measured:
 *   no gain, since group commit already lets records gather during a sync.
 * - noSync, noMetaSync, useWritemap stay off: each trades safety of the newest transaction.
 * - noMemInit stays off, so that unused parts of pages hold zeros, not bytes of this process (keys, say).
 * - eventTurnBatching: false. `transact` says what belongs together, one transaction at a time, so a failed one is
 *   never followed by one that succeeds without the caller's knowledge, and an environment holds one pool thread at most.
 * - mapSize is address space only and grows by itself; a large start avoids remapping under readers.
 */
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { databaseFault } from './lmdb-file-check.ts';
import { commitFailureReason, storageFailure } from './storage-failure.ts';

export type ByteDatabase = Database<Uint8Array, number>;

export interface DatabaseSize {
  readonly entryCount: number;
  readonly sizeBytes: number;
}

export class LmdbEnvironment {
  readonly #path: string;
  readonly #root: RootDatabase<Uint8Array, number>;
  #newest: Promise<void> = Promise.resolve();

  private constructor(path: string, root: RootDatabase<Uint8Array, number>) {
    this.#path = path;
    this.#root = root;
  }

  static open(path: string, mapSizeBytes: number): LmdbEnvironment {
    const fault = databaseFault(join(path, 'data.mdb'));
    if (fault !== undefined) throw storageFailure(`Could not open the database at ${path}: ${fault}`);
    try {
      const root = open<Uint8Array, number>({
        path,
        noSubdir: false,
        encoding: 'binary',
        mapSize: mapSizeBytes,
        overlappingSync: false,
        eventTurnBatching: false,
        maxDbs: 4,
      });
      return new LmdbEnvironment(path, root);
    } catch (error) {
      throw storageFailure(`Could not open the database at ${path}`, error);
    }
  }

  get path(): string {
    return this.#path;
  }

  /** The unnamed database: one page less to write a commit than a named one. */
  get root(): ByteDatabase {
    return this.#root;
  }

  database(name: string): ByteDatabase {
    return this.#root.openDB<Uint8Array, number>({ name, encoding: 'binary' });
  }

  /**
   * Runs `write`, which puts and removes, as one transaction after those asked for before; resolves when it is durable.
   * Values must stay unchanged until then. Errors: storage_failed; then nothing of the transaction is there.
   */
  transact(write: () => void): Promise<void> {
    const run = this.#newest.then(() => this.#commit(write));
    this.#newest = run.catch(() => undefined);
    return run;
  }

  async close(): Promise<void> {
    await this.#newest;
    await this.#root.close();
  }

  async #commit(write: () => void): Promise<void> {
    try {
      await this.#root.batch(write);
    } catch (error) {
      throw storageFailure(`Could not write to ${this.#path}`, await commitFailureReason(error));
    }
  }
}

/** The value's bytes, copied once from the map into memory that the next read in this thread overwrites. */
export function readBytes(database: ByteDatabase, key: number): Uint8Array | undefined {
  const bytes = database.getBinaryFast(key);
  // lmdb-js lends a larger buffer and shadows its `length`; only a view has the true length for typed-array calls.
  return bytes?.subarray(0, bytes.length);
}

export function keysOf(database: ByteDatabase, order: 'ascending' | 'descending'): Iterable<number> {
  return database.getKeys({ reverse: order === 'descending' });
}

export function sizeOf(database: ByteDatabase): DatabaseSize {
  const stats = database.getStats() as {
    pageSize: number;
    entryCount: number;
    treeBranchPageCount: number;
    treeLeafPageCount: number;
    overflowPages: number;
  };
  const pageCount = stats.treeBranchPageCount + stats.treeLeafPageCount + stats.overflowPages;
  return { entryCount: stats.entryCount, sizeBytes: pageCount * stats.pageSize };
}
