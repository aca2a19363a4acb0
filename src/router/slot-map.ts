/**
 * Which shard owns a key: `slot = xxh32(key) & 1023`, and a map from slot to shard. The key of a user id is its text; of any other
 * identifier `type:value`. The slot is what moves when shards are added to a cluster, so it is part of the data format.
 */
import { xxh32 } from '../base/hash.ts';
import { SLOT_COUNT } from '../model/limits.ts';
import type { Identifier } from '../model/profile.ts';

/** What of a cluster's map is of interest here. */
export interface SlotMapSource {
  readonly epoch: number;
  readonly shards: { readonly length: number };
  readonly slotOwners: readonly number[];
}

export class SlotMap {
  shardCount: number;
  /** Of the cluster's map that it is from; 0 in one process. */
  epoch: number;
  /** From which epoch on the owners have been as they are, as far as is known. */
  ownersEpoch: number;
  #shards: Uint16Array;
  /** By the map. */
  #told: readonly number[];
  #scratch: Buffer = Buffer.alloc(1_024);

  /** `owners`: shard by slot; absent = even stretches. */
  constructor(shardCount: number, owners: readonly number[] = evenOwners(shardCount), epoch = 0) {
    this.shardCount = shardCount;
    this.epoch = epoch;
    this.ownersEpoch = epoch;
    this.#told = owners;
    this.#shards = Uint16Array.from(owners);
  }

  /** From now on. `owners`: where they differ from the map's. */
  use({ shards, slotOwners, epoch }: SlotMapSource, owners = slotOwners): void {
    if (slotOwners.some((owner, slot) => owner !== this.#told[slot])) this.ownersEpoch = epoch;
    this.epoch = epoch;
    this.shardCount = shards.length;
    this.#told = slotOwners;
    this.#shards = Uint16Array.from(owners);
  }

  slotOf(identifier: Identifier): number {
    const key = identifier.type === 'user_id' ? identifier.value : `${identifier.type}:${identifier.value}`;
    const needed = key.length * 3;
    if (this.#scratch.length < needed) this.#scratch = Buffer.alloc(needed);
    const length = this.#scratch.write(key, 0, 'utf8');
    return xxh32(this.#scratch, 0, length, 0) & (SLOT_COUNT - 1);
  }

  shardOfSlot(slot: number): number {
    return this.#shards[slot];
  }

  shardOfUser(bytes: Uint8Array, offset: number, length: number): number {
    if (this.shardCount === 1) return 0;
    return this.#shards[xxh32(bytes, offset, length, 0) & (SLOT_COUNT - 1)];
  }

  shardOf(identifier: Identifier): number {
    return this.shardCount === 1 ? 0 : this.#shards[this.slotOf(identifier)];
  }
}

/** Shard by slot, in even stretches. */
export function evenOwners(shardCount: number): number[] {
  return Array.from({ length: SLOT_COUNT }, (_, slot) => Math.floor((slot * shardCount) / SLOT_COUNT));
}
