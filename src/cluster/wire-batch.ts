/** Items on their way to a shard, and what became of them: the words between routers and shards. */
import type { AckLevel, RejectedItem } from '../model/ingest.ts';
import type { BatchHeader } from '../shard/record.ts';

export interface WireBatch extends BatchHeader {
  readonly ack: AckLevel;
  /** How often it was passed on from shard to shard. */
  readonly hops: number;
  readonly count: number;
  /** msgpack items, one behind the other. */
  readonly items: Uint8Array;
  /** Of each item, its place in the caller's batch. */
  readonly indexes: Uint32Array;
}

export interface WireOutcome {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly RejectedItem[];
  /** Places of rejected items that were in hand at another shard when it died. */
  readonly lost?: readonly number[] | undefined;
  /** How far the shards are that had a part in it. */
  readonly seqs: readonly (readonly [shard: number, seq: number])[];
}
