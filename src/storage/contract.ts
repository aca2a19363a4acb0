/**
 * What a shard needs of a disk: a log of command batches and a store of checkpoint pages. `LmdbStorage` is the real
 * one; `MemoryStorage` serves tests and simulations and can lose what was not flushed, as a power cut would.
 *
 * Invariants every implementation keeps:
 * - seqs are dense and start at 1; a record is whole or absent after a crash; records become durable in order.
 * - a checkpoint exists only as a whole: its manifest is written last, in a transaction of its own, after its pages.
 */
export interface EventLog {
  /** Seq of the newest appended record, 0 when empty and never truncated. */
  readonly lastSeq: number;
  /** Everything up to here survives `kill -9` and power loss. */
  readonly durableSeq: number;
  readonly sizeBytes: number;
  /** Queues one record and gives its seq. Copies the bytes before returning. Group commit: at most `commitDelayMs` later it is written. */
  append(record: Uint8Array): number;
  /** Resolves once `seq` is durable; rejects with `EngineError` storage_failed when the disk fails. Many waiters share one sync. */
  durable(seq: number): Promise<void>;
  /** Records with seq > `afterSeq` in order. The bytes are valid until the next step. */
  read(afterSeq: number): Iterable<{ readonly seq: number; readonly record: Uint8Array }>;
  /** Forgets records with seq ≤ `seq`; lastSeq does not go back. */
  truncate(seq: number): Promise<void>;
}

export interface CheckpointReader {
  readonly manifest: Uint8Array;
  /** The page's bytes, valid until the next call. */
  page(pageId: number): Uint8Array;
}

export interface CheckpointWriter {
  /** Stores a page under a fresh id. The bytes must not change until `commit` or `abort` has resolved. */
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
  begin(): CheckpointWriter;
}

export interface ShardStorage {
  readonly log: EventLog;
  readonly checkpoints: CheckpointStore;
  close(): Promise<void>;
}
