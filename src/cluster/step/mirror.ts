/**
 * What a step needs of a shard that lives in another process: a small shard of its own, filled with the profiles and forwards that were fetched,
 * on which the step is carried out by the very code that would do it if the shard were here. What it would write into its log
 * is that shard's part of the step, and is carried out there by the code of recovery. So a cluster decides as one process does.
 *
 * Lives for one step.
 */
import { assert } from '../../base/assert.ts';
import type { ItemScanner } from '../../ingest/item-scanner.ts';
import type { NameInterner } from '../../ingest/name-interner.ts';
import type { BatchHeader } from '../../shard/record.ts';
import { Shard } from '../../shard/shard.ts';
import type { EventLog, ShardStorage } from '../../storage/contract.ts';

const DEDUP_COUNT = 1_024;

export interface MirrorParts {
  readonly names: NameInterner;
  readonly hashSeed: number;
  /** Each with a tape that nothing else uses meanwhile. */
  readonly parcelScanner: ItemScanner;
  readonly replayScanner: ItemScanner;
}

export class Mirror {
  readonly shard: Shard;
  /** Events and calls of the profiles that were fetched without them, by row. */
  readonly sizes = new Map<number, number>();
  readonly #log = new RecordSink();

  /** `origin`, `number`: which shard's step it is, and which of its steps. */
  constructor(index: number, origin: number, number: number, parts: MirrorParts) {
    const storage: ShardStorage = {
      log: this.#log,
      checkpoints: {
        latest: () => undefined,
        begin: () => {
          throw new Error('a mirror has no checkpoints');
        },
      },
      close: () => Promise.resolve(),
    };
    const { names, hashSeed, parcelScanner, replayScanner } = parts;
    const dedup = { windowMs: Number.MAX_SAFE_INTEGER, count: DEDUP_COUNT };
    this.shard = Shard.open(
      index,
      storage,
      { names, hashSeed, parcelScanner, dedup, cacheSizeBytes: 0 },
      replayScanner,
    );
    // The first word of its record; with something waiting, all that follows is in the same record.
    this.shard.commandInBatch({ kind: 'arrived', origin, number });
  }

  /** The shard's part of the step; undefined when it has nothing to do. */
  takePart(source: Uint8Array, header: BatchHeader): Uint8Array | undefined {
    if (!this.shard.hasMoreThan(1)) return undefined;
    this.shard.commit(source, header);
    assert(this.#log.records.length === 1, 'a part of a step is one record');
    return this.#log.records[0];
  }
}

/** A log that only listens. */
class RecordSink implements EventLog {
  readonly records: Uint8Array[] = [];
  readonly firstSeq = 1;
  readonly sizeBytes = 0;

  get lastSeq(): number {
    return this.records.length;
  }

  /** Nobody waits for it: the step is durable with the record of the shard that decided it. */
  get durableSeq(): number {
    return this.records.length;
  }

  append(record: Uint8Array): number {
    this.records.push(Uint8Array.from(record));
    return this.records.length;
  }

  durable(): Promise<void> {
    return Promise.resolve();
  }

  read(): [] {
    return [];
  }

  truncate(): Promise<void> {
    return Promise.resolve();
  }

  cutAfter(): Promise<void> {
    return Promise.resolve();
  }
}
