/**
 * Checkpoints over LMDB, in an environment of their own so that a long page transaction never holds up the log.
 * Databases: `page` (page id → bytes) and `manifest` (version → manifest record).
 *
 * A commit, step by step, each a synced transaction: pages (by the writer) → manifest → older manifests and pages that
 * the new checkpoint does not use. A crash before the manifest leaves the previous checkpoint untouched, because pages
 * are only ever added until then; one after it leaves unused pages, which the next open or commit removes.
 * Page ids ascend and are above every id on disk, so a live page is never overwritten.
 */
import { assert } from '../base/assert.ts';
import type { CheckpointReader, CheckpointStore, CheckpointWriter } from './contract.ts';
import { LmdbCheckpointWriter } from './lmdb-checkpoint-writer.ts';
import { type ByteDatabase, keysOf, type LmdbEnvironment, readBytes } from './lmdb-environment.ts';
import { decodeManifestRecord, encodeManifestRecord, type ManifestRecord } from './manifest-record.ts';
import { storageFailure } from './storage-failure.ts';

/** Removals in one transaction; bounds the pages that LMDB touches at once. */
const REMOVAL_COUNT_MAX = 512;

export class LmdbCheckpointStore implements CheckpointStore {
  readonly #environment: LmdbEnvironment;
  readonly #pages: ByteDatabase;
  readonly #manifests: ByteDatabase;
  /** Every page on disk → its size; 0 for one that no readable manifest names. */
  readonly #pageSizes = new Map<number, number>();
  #nextPageId = 1;
  #nextVersion = 1;
  #writer: LmdbCheckpointWriter | undefined;

  private constructor(environment: LmdbEnvironment) {
    this.#environment = environment;
    this.#pages = environment.database('page');
    this.#manifests = environment.database('manifest');
  }

  /** Finds what is there and removes pages that a crash left behind. */
  static async open(environment: LmdbEnvironment): Promise<LmdbCheckpointStore> {
    const store = new LmdbCheckpointStore(environment);
    for (const pageId of keysOf(store.#pages, 'ascending')) {
      store.#pageSizes.set(pageId, 0);
      store.#nextPageId = pageId + 1;
    }
    const versions = [...keysOf(store.#manifests, 'descending')];
    store.#nextVersion = (versions[0] ?? 0) + 1;
    const newest = store.#newestRecord();
    for (const [pageId, size] of newest?.pages ?? []) store.#pageSizes.set(pageId, size);
    // With an unreadable newer manifest nothing is removed: someone may still want to look at its pages.
    if (versions[0] === newest?.version) await store.#tidy(new Set(newest?.pages.keys()));
    return store;
  }

  latest(): CheckpointReader | undefined {
    const record = this.#newestRecord();
    if (record === undefined) return undefined;
    const pages = this.#pages;
    const { path } = this.#environment;
    return {
      manifest: record.manifest,
      page(pageId) {
        const bytes = readBytes(pages, pageId);
        if (bytes === undefined) throw storageFailure(`The checkpoint at ${path} has no page ${pageId}`);
        return bytes;
      },
    };
  }

  begin(): CheckpointWriter {
    assert(this.#writer === undefined, 'a checkpoint is being written');
    const writer = new LmdbCheckpointWriter({
      environment: this.#environment,
      pages: this.#pages,
      takePageId: (sizeBytes) => this.#takePageId(sizeBytes),
      publish: (manifest, livePageIds) => this.#publish(manifest, livePageIds),
      discard: (pageIds) => this.#removePages(pageIds),
      end: () => {
        this.#writer = undefined;
      },
    });
    this.#writer = writer;
    return writer;
  }

  #takePageId(sizeBytes: number): number {
    const pageId = this.#nextPageId;
    this.#nextPageId += 1;
    this.#pageSizes.set(pageId, sizeBytes);
    return pageId;
  }

  async #publish(manifest: Uint8Array, livePageIds: ReadonlySet<number>): Promise<{ readonly sizeBytes: number }> {
    const pages = new Map<number, number>();
    let sizeBytes = manifest.byteLength;
    for (const pageId of livePageIds) {
      const size = this.#pageSizes.get(pageId);
      assert(size !== undefined, () => `page ${pageId} is not on disk`);
      pages.set(pageId, size);
      sizeBytes += size;
    }
    const version = this.#nextVersion;
    const record = encodeManifestRecord({ version, pages, manifest });
    await this.#environment.transact(() => void this.#manifests.put(version, record));
    this.#nextVersion = version + 1;
    await this.#tidy(livePageIds);
    return { sizeBytes };
  }

  /** Never fails: the newest checkpoint stands, and what cannot be removed now is found again at the next open or commit. */
  async #tidy(livePageIds: ReadonlySet<number>): Promise<void> {
    await this.#removeUnused(livePageIds).catch(() => undefined);
  }

  async #removeUnused(livePageIds: ReadonlySet<number>): Promise<void> {
    const newestVersion = this.#nextVersion - 1;
    const oldVersions = [...keysOf(this.#manifests, 'ascending')].filter((version) => version < newestVersion);
    if (oldVersions.length > 0) {
      await this.#environment.transact(() => {
        for (const version of oldVersions) void this.#manifests.remove(version);
      });
    }
    await this.#removePages([...this.#pageSizes.keys()].filter((pageId) => !livePageIds.has(pageId)));
  }

  async #removePages(pageIds: readonly number[]): Promise<void> {
    for (let start = 0; start < pageIds.length; start += REMOVAL_COUNT_MAX) {
      const some = pageIds.slice(start, start + REMOVAL_COUNT_MAX);
      await this.#environment.transact(() => {
        for (const pageId of some) void this.#pages.remove(pageId);
      });
      for (const pageId of some) this.#pageSizes.delete(pageId);
    }
  }

  #newestRecord(): ManifestRecord | undefined {
    for (const version of keysOf(this.#manifests, 'descending')) {
      const record = this.#readRecord(version);
      if (record !== undefined) return record;
    }
    return undefined;
  }

  /** The record if it is whole and so are its pages; a value that LMDB itself cannot read counts as torn. */
  #readRecord(version: number): ManifestRecord | undefined {
    try {
      const bytes = readBytes(this.#manifests, version);
      const record = bytes === undefined ? undefined : decodeManifestRecord(bytes);
      if (record?.version !== version) return undefined;
      for (const pageId of record.pages.keys()) {
        if (!this.#pageSizes.has(pageId)) return undefined;
      }
      return record;
    } catch {
      return undefined;
    }
  }
}
