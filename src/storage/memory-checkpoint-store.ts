/** Checkpoints in memory, for tests and simulations: same answers as on a disk, pages kept as copies. */
import { assert } from '../base/assert.ts';
import type { EngineError } from '../model/error.ts';
import type { CheckpointReader, CheckpointStore, CheckpointWriter } from './contract.ts';
import { storageFailure } from './storage-failure.ts';

interface StoredManifest {
  readonly manifest: Uint8Array;
  readonly livePageIds: ReadonlySet<number>;
  readonly isWhole: boolean;
}

export interface MemoryCheckpointState {
  readonly pages: ReadonlyMap<number, Uint8Array>;
  /** Oldest first. */
  readonly manifests: readonly StoredManifest[];
}

export class MemoryCheckpointStore implements CheckpointStore {
  readonly #pages: Map<number, Uint8Array>;
  #manifests: readonly StoredManifest[];
  #nextPageId: number;
  #isWriting = false;
  #failure: EngineError | undefined;

  /** As an open after a crash: pages of no whole checkpoint are dropped. */
  constructor(state: MemoryCheckpointState) {
    this.#manifests = state.manifests;
    this.#nextPageId = Math.max(0, ...state.pages.keys()) + 1;
    const live = this.#newest()?.livePageIds;
    this.#pages = new Map([...state.pages].filter(([pageId]) => live?.has(pageId)));
  }

  latest(): CheckpointReader | undefined {
    const newest = this.#newest();
    if (newest === undefined) return undefined;
    const pages = this.#pages;
    return {
      manifest: newest.manifest,
      page(pageId) {
        const bytes = pages.get(pageId);
        if (bytes === undefined) throw storageFailure(`The checkpoint has no page ${pageId}`);
        return bytes;
      },
    };
  }

  begin(): CheckpointWriter {
    assert(!this.#isWriting, 'a checkpoint is being written');
    this.#isWriting = true;
    const written: number[] = [];
    const assertOpen = () => assert(this.#isWriting, 'the checkpoint was already committed or aborted');
    return {
      write: (bytes) => {
        assertOpen();
        if (this.#failure !== undefined) throw this.#failure;
        const pageId = this.#nextPageId;
        this.#nextPageId += 1;
        this.#pages.set(pageId, Uint8Array.from(bytes));
        written.push(pageId);
        return pageId;
      },
      drained: async () => {
        if (this.#failure !== undefined) throw this.#failure;
      },
      commit: async (manifest, livePageIds) => {
        assertOpen();
        this.#isWriting = false;
        if (this.#failure !== undefined) throw this.#failure;
        return { sizeBytes: this.#publish(Uint8Array.from(manifest), new Set(livePageIds)) };
      },
      abort: async () => {
        assertOpen();
        this.#isWriting = false;
        for (const pageId of written) this.#pages.delete(pageId);
      },
    };
  }

  fail(error: EngineError): void {
    this.#failure ??= error;
  }

  /** Leaves a newer manifest that cannot be read, as damage on a disk would. */
  plantTornManifest(): void {
    const torn = { manifest: new Uint8Array(0), livePageIds: new Set<number>(), isWhole: false };
    this.#manifests = [...this.#manifests, torn];
  }

  state(): MemoryCheckpointState {
    return { pages: this.#pages, manifests: this.#manifests };
  }

  #publish(manifest: Uint8Array, livePageIds: ReadonlySet<number>): number {
    let sizeBytes = manifest.byteLength;
    for (const pageId of livePageIds) {
      const bytes = this.#pages.get(pageId);
      assert(bytes !== undefined, () => `page ${pageId} is not on disk`);
      sizeBytes += bytes.byteLength;
    }
    this.#manifests = [{ manifest, livePageIds, isWhole: true }];
    for (const pageId of this.#pages.keys()) {
      if (!livePageIds.has(pageId)) this.#pages.delete(pageId);
    }
    return sizeBytes;
  }

  #newest(): StoredManifest | undefined {
    return this.#manifests.findLast((stored) => stored.isWhole);
  }
}
