/**
 * The people whom a run compares, wherever they are: in this process (`local-people.ts`) or in those of a cluster. They go on changing
 * during a run, so whatever it found is looked up again before it counts.
 */

import type { Awaitable } from '../../base/awaitable.ts';
import type { CancelSignal } from '../../base/cancel-source.ts';
import type { RawRecordsBuilder } from '../../linkage/raw-records.ts';
import { EngineError } from '../../model/error.ts';
import type { Identifier } from '../../model/profile.ts';
import type { Slices } from '../schema/slices.ts';

/** Each by an identifier. */
export type Pair = readonly [Identifier, Identifier];

/** `same`: one profile by now, or one of them is gone. `apart`: a person has said so. `unclear`: too many identifiers to look all of them up. */
export type Standing = 'two' | 'same' | 'apart' | 'unclear';

/** Pairs of identifiers that are looked up for a pair of profiles. */
export const LOOKED_UP_MAX = 4_096;

/** Who the records are, in the order in which they were added. */
export interface RecordNames {
  readonly count: number;
  /** The identifier that named the profile when it was read. */
  of(record: number): Identifier;
}

export interface PeopleReading {
  readonly fields: readonly string[];
  readonly builder: RawRecordsBuilder;
  readonly slices: Slices;
  readonly signal: CancelSignal;
  readonly progress: (done: number, total: number) => void;
  /** To be asked now and then of the records so far, and of what their names take. Errors: memory_limit. */
  readonly assertRoom: (recordCount: number, nameBytes: number) => void;
}

export interface MatchingPeople {
  /** Errors: query_cancelled, memory_limit, those of asking. */
  read(reading: PeopleReading): Promise<RecordNames>;
  /** Pairs that are best asked about together. */
  readonly pairsAtOnce: number;
  /** By place. */
  standings(pairs: readonly Pair[]): Awaitable<readonly Standing[]>;
  /** Makes one profile of two, if they are that still and nobody keeps them apart. False: they stay as they are. */
  mergeSure(pair: Pair): Promise<boolean>;
}

/** Values of one field are told apart by a table that holds hardly more. */
const RECORD_COUNT_MAX = 16_000_000;
/** Of memory while records are prepared and compared, for each byte of them as they were read: measured 7 with 300,000 profiles by six traits. */
const BYTES_PER_RAW_BYTE = 8;

/** Errors: memory_limit, when the records cannot be compared in the memory that there is. */
export function assertRoomFor(recordCount: number, rawBytes: number, nameBytes: number, roomBytes: number): void {
  if (recordCount > RECORD_COUNT_MAX) {
    const message = `more than ${RECORD_COUNT_MAX} profiles have one of the traits; name traits in "fields" that fewer of them have`;
    throw new EngineError('memory_limit', message);
  }
  const needed = rawBytes * BYTES_PER_RAW_BYTE + nameBytes;
  if (needed <= roomBytes) return;
  throw new EngineError(
    'memory_limit',
    `comparing ${recordCount} profiles and more takes over ${needed} bytes, and the memory limit leaves ${Math.max(0, roomBytes)}; name fewer traits in "fields", or raise memoryLimit`,
  );
}
