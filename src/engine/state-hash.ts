/**
 * One number for the whole logical state: every profile with all its events, names sorted, hashed, and the hashes added up. So it
 * does not depend on the number of shards, the order of rows, or how the bytes lie in memory.
 */
import { xxh32 } from '../base/hash.ts';
import type { Shard } from '../shard/shard.ts';

/** Of some shards; the parts of all add up. */
export interface StateHashPart {
  readonly count: number;
  readonly sumA: number;
  readonly sumB: number;
}

export function stateHashOf(shards: readonly Shard[]): string {
  return mergeStateHash([stateHashPart(shards)]);
}

export function stateHashPart(shards: readonly Shard[]): StateHashPart {
  let sumA = 0;
  let sumB = 0;
  let count = 0;
  for (const shard of shards) {
    for (let row = 0; row < shard.data.profiles.count; row++) {
      if (shard.data.isDead(row)) continue;
      shard.renderer.render(row, { events: Number.MAX_SAFE_INTEGER });
      const { bytes, start, end } = shard.renderer;
      const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
      const sorted = Buffer.from(JSON.stringify(canonical(JSON.parse(text))), 'utf8');
      sumA = (sumA + xxh32(sorted, 0, sorted.length, 1)) >>> 0;
      sumB = (sumB + xxh32(sorted, 0, sorted.length, 2)) >>> 0;
      count += 1;
    }
  }
  return { count, sumA, sumB };
}

export function mergeStateHash(parts: readonly StateHashPart[]): string {
  let sumA = 0;
  let sumB = 0;
  let count = 0;
  for (const part of parts) {
    sumA = (sumA + part.sumA) >>> 0;
    sumB = (sumB + part.sumB) >>> 0;
    count += part.count;
  }
  return `${count}-${sumA.toString(16).padStart(8, '0')}${sumB.toString(16).padStart(8, '0')}`;
}

/** Objects as sorted lists of entries. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, entry]) => [key, canonical(entry)]);
}
