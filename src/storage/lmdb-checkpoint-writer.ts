/**
 * One checkpoint on its way to disk. Pages gather into transactions of a MiB, written in the background while the
 * caller goes on; `drained` keeps the memory they take bounded. After `commit` or `abort` the writer is spent.
 *
 * A page transaction that fails dooms this writer, not the store: commit rejects, the previous checkpoint stands, and
 * a later attempt may succeed (a full disk gets room again).
 */
import { assert } from '../base/assert.ts';
import type { EngineError } from '../model/error.ts';
import type { CheckpointWriter } from './contract.ts';
import { CopyArena } from './copy-arena.ts';
import type { ByteDatabase, LmdbEnvironment } from './lmdb-environment.ts';

/**
 * One slab is one transaction. Small, because the log's syncs queue behind it at the device: with 4 MiB a durable
 * append took twice as long meanwhile, and the checkpoint was no faster.
 */
const TRANSACTION_SIZE_BYTES = 1 << 20;
/** Above this `drained` waits. */
const OUTSTANDING_SIZE_BYTES_MAX = 8 << 20;

export interface CheckpointTarget {
  readonly environment: LmdbEnvironment;
  readonly pages: ByteDatabase;
  readonly takePageId: (sizeBytes: number) => number;
  readonly publish: (manifest: Uint8Array, livePageIds: ReadonlySet<number>) => Promise<{ readonly sizeBytes: number }>;
  readonly discard: (pageIds: readonly number[]) => Promise<void>;
  readonly end: () => void;
}

interface QueuedPage {
  readonly pageId: number;
  readonly bytes: Buffer;
}

export class LmdbCheckpointWriter implements CheckpointWriter {
  readonly #target: CheckpointTarget;
  readonly #arena = new CopyArena(TRANSACTION_SIZE_BYTES, OUTSTANDING_SIZE_BYTES_MAX / TRANSACTION_SIZE_BYTES);
  readonly #writtenPageIds: number[] = [];
  #queued: QueuedPage[] = [];
  #queuedBytes = 0;
  #outstandingBytes = 0;
  #transactions: Promise<void>[] = [];
  #failure: EngineError | undefined;
  #isSpent = false;

  constructor(target: CheckpointTarget) {
    this.#target = target;
  }

  write(bytes: Uint8Array): number {
    assert(!this.#isSpent, 'the checkpoint was already committed or aborted');
    if (this.#failure !== undefined) throw this.#failure;
    const size = bytes.byteLength;
    if (this.#queuedBytes + size > TRANSACTION_SIZE_BYTES) this.#startTransaction();
    const pageId = this.#target.takePageId(size);
    this.#writtenPageIds.push(pageId);
    this.#queued.push({ pageId, bytes: this.#arena.copy(bytes) });
    this.#queuedBytes += size;
    this.#outstandingBytes += size;
    return pageId;
  }

  async drained(): Promise<void> {
    while (this.#outstandingBytes > OUTSTANDING_SIZE_BYTES_MAX && this.#failure === undefined) {
      if (this.#transactions.length === 0) this.#startTransaction();
      await this.#transactions[0];
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  async commit(manifest: Uint8Array, livePageIds: ReadonlySet<number>): Promise<{ readonly sizeBytes: number }> {
    await this.#finish();
    try {
      if (this.#failure !== undefined) throw this.#failure;
      return await this.#target.publish(manifest, livePageIds);
    } finally {
      this.#target.end();
    }
  }

  async abort(): Promise<void> {
    await this.#finish();
    // What cannot be removed now is found again at the next open or commit.
    await this.#target.discard(this.#writtenPageIds).catch(() => undefined);
    this.#target.end();
  }

  async #finish(): Promise<void> {
    assert(!this.#isSpent, 'the checkpoint was already committed or aborted');
    this.#isSpent = true;
    this.#startTransaction();
    await Promise.all(this.#transactions);
  }

  #startTransaction(): void {
    const queued = this.#queued;
    if (queued.length === 0) return;
    const sizeBytes = this.#queuedBytes;
    const slabs = this.#arena.take();
    const { environment, pages } = this.#target;
    this.#queued = [];
    this.#queuedBytes = 0;
    const transaction = environment
      .transact(() => {
        for (const { pageId, bytes } of queued) void pages.put(pageId, bytes);
      })
      .catch((error: EngineError) => {
        this.#failure ??= error;
      })
      .then(() => {
        this.#arena.recycle(slabs);
        this.#outstandingBytes -= sizeBytes;
        this.#transactions = this.#transactions.filter((other) => other !== transaction);
      });
    this.#transactions.push(transaction);
  }
}
