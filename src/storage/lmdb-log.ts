/**
 * The event log over LMDB: key = seq, value = the record as it came, key 0 = header. Made durable by group commit: what
 * is appended while a commit runs goes into the next one, so that the busier the log, the more records share a sync.
 *
 * Life of a record: appended (copied, has a seq) → in a commit (one transaction at a time, in order) → durable.
 * While the thread has time to spare, a commit starts at the end of the event turn: nobody waits for company. The busier the thread,
 * the further apart commits start, up to `commitDelayMs`: each costs it up to a millisecond, which lookups then do not have. A failed commit ends the log: all waiters reject and appends throw until it is opened again,
 * because a later commit that succeeded would leave a gap.
 *
 * Cost: append = one memcpy, about 1 µs besides; one durable append on an idle log = one sync.
 */
import { assert } from '../base/assert.ts';
import type { EngineError } from '../model/error.ts';
import type { EventLog } from './contract.ts';
import { CopyArena } from './copy-arena.ts';
import { DurableWaiters } from './durable-waiters.ts';
import { type LmdbEnvironment, readBytes, sizeOf } from './lmdb-environment.ts';
import { findLogExtent, type LogExtent } from './lmdb-log-extent.ts';
import { encodeLogHeader, LOG_HEADER_KEY } from './log-header.ts';
import { LoopLoad } from './loop-load.ts';
import { storageFailure } from './storage-failure.ts';

/** 1 MiB slabs hold about 70 records of 15 KB; 8 of them cover two commits at full speed. */
const SLAB_SIZE_BYTES = 1 << 20;
const SLAB_COUNT_MAX = 8;
/** Shares of the event loop's time: up to the first commits do not wait, from the second on they are a whole delay apart. */
const IDLE_SHARE = 0.4;
const BUSY_SHARE = 0.7;
/** Removals in one transaction: few milliseconds, so that appends do not wait longer behind it. */
const REMOVAL_COUNT_MAX = 256;

export class LmdbLog implements EventLog {
  readonly #environment: LmdbEnvironment;
  readonly #commitDelayMs: number;
  readonly #arena = new CopyArena(SLAB_SIZE_BYTES, SLAB_COUNT_MAX);
  readonly #waiters = new DurableWaiters();
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #firstSeq: number;
  #lastSeq: number;
  #durableSeq: number;
  /** True from the moment a commit is due until it is durable. */
  #isCommitting = false;
  #commitStartMs = Number.NEGATIVE_INFINITY;
  readonly #load = new LoopLoad();
  #truncation: Promise<void> = Promise.resolve();
  #failure: EngineError | undefined;

  private constructor(environment: LmdbEnvironment, extent: LogExtent, commitDelayMs: number) {
    this.#environment = environment;
    this.#commitDelayMs = commitDelayMs;
    this.#firstSeq = extent.firstSeq;
    this.#lastSeq = extent.lastSeq;
    this.#durableSeq = extent.lastSeq;
  }

  /** Errors: storage_failed when records are missing or the format is unknown. */
  static open(environment: LmdbEnvironment, commitDelayMs: number): LmdbLog {
    return new LmdbLog(environment, findLogExtent(environment), commitDelayMs);
  }

  get firstSeq(): number {
    return this.#firstSeq;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get durableSeq(): number {
    return this.#durableSeq;
  }

  get sizeBytes(): number {
    return sizeOf(this.#environment.root).sizeBytes + this.#pendingBytes;
  }

  append(record: Uint8Array): number {
    if (this.#failure !== undefined) throw this.#failure;
    this.#pending.push(this.#arena.copy(record));
    this.#pendingBytes += record.byteLength;
    this.#lastSeq += 1;
    if (!this.#isCommitting) this.#scheduleCommit();
    return this.#lastSeq;
  }

  durable(seq: number): Promise<void> {
    assert(seq <= this.#lastSeq, () => `seq ${seq} was never appended; the last is ${this.#lastSeq}`);
    if (seq <= this.#durableSeq) return Promise.resolve();
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return this.#waiters.wait(seq);
  }

  *read(afterSeq: number): Generator<{ readonly seq: number; readonly record: Uint8Array }> {
    const endSeq = this.#durableSeq;
    for (let seq = afterSeq + 1; seq <= endSeq; seq += 1) {
      const record = readBytes(this.#environment.root, seq);
      if (record === undefined) {
        throw storageFailure(
          `The event log at ${this.#environment.path} has no record ${seq}; it holds ${this.#firstSeq} to ${endSeq}`,
        );
      }
      yield { seq, record };
    }
  }

  truncate(seq: number): Promise<void> {
    const endSeq = Math.min(seq, this.#durableSeq);
    this.#truncation = this.#truncation.then(() => this.#removeUpTo(endSeq));
    return this.#truncation;
  }

  async cutAfter(seq: number): Promise<void> {
    assert(this.#pending.length === 0 && !this.#isCommitting, 'a log is cut before anything is appended');
    const { root } = this.#environment;
    // From the end, so that a crash in between leaves a shorter log without a gap.
    while (this.#lastSeq > seq) {
      const endSeq = Math.max(seq, this.#lastSeq - REMOVAL_COUNT_MAX);
      await this.#environment.transact(() => {
        for (let at = this.#lastSeq; at > endSeq; at -= 1) void root.remove(at);
      });
      this.#lastSeq = endSeq;
      this.#durableSeq = endSeq;
    }
  }

  /** Makes everything appended durable, then refuses more. The environment stays open. */
  async close(): Promise<void> {
    await this.durable(this.#lastSeq).catch(() => undefined);
    await this.#truncation.catch(() => undefined);
    this.#failure ??= storageFailure(`The event log at ${this.#environment.path} is closed`);
  }

  #scheduleCommit(): void {
    this.#isCommitting = true;
    const busy = (this.#load.share() - IDLE_SHARE) / (BUSY_SHARE - IDLE_SHARE);
    const delayMs = this.#commitDelayMs * Math.min(1, Math.max(0, busy));
    const waitMs = this.#commitStartMs + delayMs - performance.now();
    if (waitMs > 0) setTimeout(() => void this.#commit(), waitMs);
    else setImmediate(() => void this.#commit());
  }

  async #commit(): Promise<void> {
    const records = this.#pending;
    const slabs = this.#arena.take();
    const endSeq = this.#lastSeq;
    const startSeq = endSeq - records.length + 1;
    const { root } = this.#environment;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#commitStartMs = performance.now();
    try {
      await this.#environment.transact(() => {
        for (let index = 0; index < records.length; index += 1) void root.put(startSeq + index, records[index]);
      });
    } catch (error) {
      this.#fail(error as EngineError);
      return;
    }
    this.#arena.recycle(slabs);
    this.#durableSeq = endSeq;
    this.#isCommitting = false;
    if (this.#pending.length > 0) this.#scheduleCommit();
    this.#waiters.settle(endSeq);
  }

  async #removeUpTo(endSeq: number): Promise<void> {
    const { root } = this.#environment;
    while (this.#firstSeq <= endSeq) {
      if (this.#failure !== undefined) throw this.#failure;
      const startSeq = this.#firstSeq;
      const nextSeq = Math.min(startSeq + REMOVAL_COUNT_MAX, endSeq + 1);
      try {
        await this.#environment.transact(() => {
          void root.put(LOG_HEADER_KEY, encodeLogHeader(nextSeq));
          for (let seq = startSeq; seq < nextSeq; seq += 1) void root.remove(seq);
        });
      } catch (error) {
        this.#fail(error as EngineError);
        throw error;
      }
      this.#firstSeq = nextSeq;
    }
  }

  #fail(error: EngineError): void {
    this.#failure ??= error;
    this.#waiters.fail(this.#failure);
  }
}
