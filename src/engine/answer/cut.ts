/**
 * How far the shards of a cluster were with each other when they gave their parts of an answer. What one shard handed over and the other does not
 * have yet is in neither part; what the other has and the one had not handed over yet is in both. A cut with neither is as if all had been asked at one instant.
 */
import type { ShardData } from '../../profile/shard-data.ts';

export interface Cut {
  /** Last step with a part for each shard. */
  readonly handedOver: readonly (readonly [shard: number, number: number])[];
  /** Last step of each shard whose part is here. */
  readonly arrived: readonly (readonly [origin: number, number: number])[];
}

export function cutOf({ handedOver, arrived }: ShardData): Cut {
  return { handedOver: [...handedOver], arrived: [...arrived] };
}

/** Of every shard that answered, by its index. */
export function isConsistent(cuts: ReadonlyMap<number, Cut>): boolean {
  for (const [origin, { handedOver }] of cuts) {
    const given = new Map(handedOver);
    for (const [shard, { arrived }] of cuts) {
      if (shard === origin) continue;
      const there = arrived.find(([from]) => from === origin)?.[1] ?? 0;
      if (there !== (given.get(shard) ?? 0)) return false;
    }
  }
  return true;
}
