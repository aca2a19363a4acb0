/** Which shard owns each of the 1,024 slots, as it is written down: runs of slots, `[[0, 511, 0], [512, 1023, 1]]`. */
import { EngineError } from '../model/error.ts';
import { SLOT_COUNT } from '../model/limits.ts';

/** First slot, last slot, shard. */
export type SlotRange = readonly [first: number, last: number, shard: number];

/** Evenly, in runs; as `router/slot-map.ts` deals them out. */
export function evenSlotOwners(shardCount: number): readonly number[] {
  return Array.from({ length: SLOT_COUNT }, (_, slot) => Math.floor((slot * shardCount) / SLOT_COUNT));
}

export function rangesOf(slotOwners: readonly number[]): readonly SlotRange[] {
  const ranges: [number, number, number][] = [];
  for (const [slot, shard] of slotOwners.entries()) {
    const last = ranges.at(-1);
    if (last !== undefined && last[2] === shard) last[1] = slot;
    else ranges.push([slot, slot, shard]);
  }
  return ranges;
}

/** Errors: storage_failed unless the ranges cover each slot once, in order, with shards below `shardCount`. */
export function slotOwnersOf(ranges: unknown, shardCount: number): readonly number[] {
  const owners: number[] = [];
  for (const range of Array.isArray(ranges) ? (ranges as readonly unknown[]) : []) {
    const [first, last, shard] = Array.isArray(range) ? (range as readonly unknown[]) : [];
    const isGood =
      first === owners.length &&
      Number.isInteger(last) &&
      Number(last) >= owners.length &&
      Number(last) < SLOT_COUNT &&
      Number.isInteger(shard) &&
      Number(shard) >= 0 &&
      Number(shard) < shardCount;
    if (!isGood) break;
    for (let slot = owners.length; slot <= Number(last); slot += 1) owners.push(Number(shard));
  }
  if (owners.length === SLOT_COUNT) return owners;
  throw new EngineError('storage_failed', `the slots from ${owners.length} on have no owner, or a wrong one`);
}
