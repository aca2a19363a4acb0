/**
 * The event log in memory, for tests and simulations: same answers as on a disk, but a record becomes durable only when
 * the test says so, and a crash can take what was not.
 */
import { assert } from '../base/assert.ts';
import type { EngineError } from '../model/error.ts';
import type { EventLog } from './contract.ts';
import { DurableWaiters } from './durable-waiters.ts';
import { storageFailure } from './storage-failure.ts';

export interface MemoryLogState {
  readonly firstSeq: number;
  readonly records: readonly Uint8Array[];
}

export class MemoryLog implements EventLog {
  readonly #isAutoFlush: boolean;
  readonly #waiters = new DurableWaiters();
  #records: Uint8Array[];
  #firstSeq: number;
  #durableSeq: number;
  #failure: EngineError | undefined;

  constructor(state: MemoryLogState, isAutoFlush: boolean) {
    this.#records = [...state.records];
    this.#firstSeq = state.firstSeq;
    this.#isAutoFlush = isAutoFlush;
    this.#durableSeq = this.lastSeq;
  }

  get firstSeq(): number {
    return this.#firstSeq;
  }

  get lastSeq(): number {
    return this.#firstSeq + this.#records.length - 1;
  }

  get durableSeq(): number {
    return this.#durableSeq;
  }

  get sizeBytes(): number {
    return this.#records.reduce((sum, record) => sum + record.byteLength, 0);
  }

  append(record: Uint8Array): number {
    if (this.#failure !== undefined) throw this.#failure;
    this.#records.push(Uint8Array.from(record));
    if (this.#isAutoFlush) this.flush(this.lastSeq);
    return this.lastSeq;
  }

  durable(seq: number): Promise<void> {
    assert(seq <= this.lastSeq, () => `seq ${seq} was never appended; the last is ${this.lastSeq}`);
    if (seq <= this.#durableSeq) return Promise.resolve();
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return this.#waiters.wait(seq);
  }

  *read(afterSeq: number): Generator<{ readonly seq: number; readonly record: Uint8Array }> {
    const endSeq = this.#durableSeq;
    for (let seq = afterSeq + 1; seq <= endSeq; seq += 1) {
      const record = this.#records[seq - this.#firstSeq];
      if (record === undefined) {
        throw storageFailure(`The event log has no record ${seq}; it holds ${this.#firstSeq} to ${endSeq}`);
      }
      yield { seq, record };
    }
  }

  async truncate(seq: number): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const nextSeq = Math.min(seq, this.#durableSeq) + 1;
    if (nextSeq <= this.#firstSeq) return;
    this.#records = this.#records.slice(nextSeq - this.#firstSeq);
    this.#firstSeq = nextSeq;
  }

  async cutAfter(seq: number): Promise<void> {
    assert(this.#durableSeq === this.lastSeq, 'a log is cut before anything is appended');
    if (seq >= this.lastSeq) return;
    this.#records = this.#records.slice(0, seq + 1 - this.#firstSeq);
    this.#durableSeq = seq;
  }

  /** Makes records up to `seq` durable. */
  flush(seq: number): void {
    if (this.#failure !== undefined) return;
    this.#durableSeq = Math.max(this.#durableSeq, Math.min(seq, this.lastSeq));
    this.#waiters.settle(this.#durableSeq);
  }

  /** As a disk that stops taking writes: waiters reject, appends throw. */
  fail(error: EngineError): void {
    this.#failure ??= error;
    this.#waiters.fail(this.#failure);
  }

  /** As a process that is gone: what waits goes on waiting, what comes is refused. */
  stop(error: EngineError): void {
    this.#failure ??= error;
  }

  /** What a disk would hold if the last record that reached it were `lastSeq`. */
  stateUpTo(lastSeq: number): MemoryLogState {
    return { firstSeq: this.#firstSeq, records: this.#records.slice(0, lastSeq - this.#firstSeq + 1) };
  }
}
