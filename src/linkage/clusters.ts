/**
 * Groups of records that are one person each. Links are taken from the strongest down, and two groups become one only when all
 * pairs between them say so on average (average linkage): one pair that agrees by chance does not chain two families together. Weights
 * are clipped, so that one sure pair is not outvoted by a bad one, nor outvotes three.
 */
import type { ScoredPairs } from './scored-pairs.ts';

const CLIP = 12;
/** More pairs than this between two groups are not looked at, and the groups stay apart. */
const LOOKED_AT_MAX = 4_096;

/** By row: lowest row of its group. Links below `least` are not followed; `scoreOf` gives the weight of any pair, a < b. */
export function consistentClusters(
  recordCount: number,
  { count, a, b, weights }: ScoredPairs,
  scoreOf: (a: number, b: number) => number,
  least: number,
): Uint32Array {
  const clusterOf = Uint32Array.from({ length: recordCount }, (_, row) => row);
  const members = new Map<number, number[]>();
  const order = Uint32Array.from({ length: count }, (_, index) => index).filter((index) => weights[index] >= least);
  order.sort((x, y) => weights[y] - weights[x] || a[x] - a[y] || b[x] - b[y]);
  for (const index of order) {
    const [one, other] = [clusterOf[a[index]], clusterOf[b[index]]];
    if (one === other) continue;
    const [low, high] = one < other ? [one, other] : [other, one];
    const [lows, highs] = [members.get(low) ?? [low], members.get(high) ?? [high]];
    if (lows.length * highs.length > LOOKED_AT_MAX || meanWeight(lows, highs, scoreOf) < Math.min(least, CLIP))
      continue;
    for (const row of highs) {
      lows.push(row);
      clusterOf[row] = low;
    }
    members.set(low, lows);
    members.delete(high);
  }
  return clusterOf;
}

function meanWeight(
  lows: readonly number[],
  highs: readonly number[],
  scoreOf: (a: number, b: number) => number,
): number {
  let sum = 0;
  for (const low of lows) {
    for (const high of highs) {
      const weight = scoreOf(Math.min(low, high), Math.max(low, high));
      sum += Math.max(-CLIP, Math.min(CLIP, weight));
    }
  }
  return sum / (lows.length * highs.length);
}
