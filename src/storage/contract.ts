/**
 * What a shard needs of a disk: a log of command batches and a store of checkpoint pages. `LmdbStorage` is the real
 * one; `MemoryStorage` serves tests and simulations and can lose what was not flushed, as a power cut would.
 *
 * Invariants every implementation keeps:
 * - seqs are dense and start at 1; a record is whole or absent after a crash; records become durable in order.
 * - a checkpoint exists only as a whole: its manifest is written last, in a transaction of its own, after its pages.
 * - a failed disk is never silent: every waiter rejects and every later call throws `EngineError` storage_failed.
 */
export interface EventLog {
  /** Seq of the oldest record that is kept; `lastSeq + 1` when there is none. */
  readonly firstSeq: number;
  /** Seq of the newest appended record, 0 when empty and never truncated. */
  readonly lastSeq: number;
  /** Everything up to here survives `kill -9` and power loss. */
  readonly durableSeq: number;
  /** What the kept records take; on a disk in whole pages. */
  readonly sizeBytes: number;
  /** Queues one record and gives its seq. Copies the bytes before returning. The caller bounds how much is not durable. */
  append(record: Uint8Array): number;
  /** Resolves once `seq` is durable; rejects with `EngineError` storage_failed when the disk fails. Many waiters share one sync. */
  durable(seq: number): Promise<void>;
  /**
   * Durable records with seq > `afterSeq` in order, as of the call. The bytes are valid until the next step or any
   * other read of any storage in this thread. Throws storage_failed when a record asked for was truncated.
   */
  read(afterSeq: number): Iterable<{ readonly seq: number; readonly record: Uint8Array }>;
  /** Forgets durable records with seq ≤ `seq`; lastSeq does not go back. */
  truncate(seq: number): Promise<void>;
  /** Takes records with seq > `seq` back, durably: the next gets `seq + 1`. Before anything was appended only. */
  cutAfter(seq: number): Promise<void>;
}

export interface CheckpointReader {
  readonly manifest: Uint8Array;
  /** The page's bytes, valid until the next read of any storage in this thread; the reader itself until the next commit. */
  page(pageId: number): Uint8Array;
}

export interface CheckpointWriter {
  /** Stores a page under a fresh id. Copies the bytes before returning; they may lie in shared memory. */
  write(bytes: Uint8Array): number;
  /** Waits until little enough is outstanding to go on writing (bounded memory). */
  drained(): Promise<void>;
  /** Makes the checkpoint the newest: syncs pages, then the manifest, then frees pages that are not in `livePageIds`. */
  commit(manifest: Uint8Array, livePageIds: ReadonlySet<number>): Promise<{ readonly sizeBytes: number }>;
  /** Forgets what was written since `begin`. */
  abort(): Promise<void>;
}

export interface CheckpointStore {
  /** The newest whole checkpoint, or undefined. A torn or unreadable one is skipped, never fatal. */
  latest(): CheckpointReader | undefined;
  /** One writer at a time. */
  begin(): CheckpointWriter;
}

export interface ShardStorage {
  readonly log: EventLog;
  readonly checkpoints: CheckpointStore;
  /** Waits for what was appended, then lets go of the files. */
  close(): Promise<void>;
}
