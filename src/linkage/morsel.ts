/**
 * Portions of work: a stretch of places in one rule's rows, each place to be paired with the later ones of its block. Portions hold about
 * as many pairs each, so threads that take them one by one end together, and a thread that takes turns waits for one at most.
 */
import type { BlockIndex, RuleBlocks } from './block-index.ts';

export interface Morsel {
  readonly rule: number;
  /** Places `[from, to)` of the rule's rows. */
  readonly from: number;
  readonly to: number;
}

export interface MorselPlan {
  readonly morsels: readonly Morsel[];
  /** Of all rules, before a pair that an earlier rule has is left out. */
  readonly pairCount: number;
}

export function planMorsels(rules: readonly RuleBlocks[], pairsPerMorsel: number): MorselPlan {
  const morsels: Morsel[] = [];
  let pairCount = 0;
  rules.forEach(({ starts }, rule) => {
    let from = 0;
    let pairs = 0;
    for (let block = 0; block + 1 < starts.length; block++) {
      const end = starts[block + 1];
      for (let at = starts[block]; at < end; at++) {
        pairs += end - 1 - at;
        if (pairs < pairsPerMorsel) continue;
        morsels.push({ rule, from, to: at + 1 });
        pairCount += pairs;
        from = at + 1;
        pairs = 0;
      }
    }
    if (pairs > 0) morsels.push({ rule, from, to: starts[starts.length - 1] });
    pairCount += pairs;
  });
  return { morsels, pairCount };
}

/** Calls `visit(a, b)`, a < b, for each pair of the morsel that no earlier rule has; gives their number. */
export function visitPairs(
  { rules, keys }: BlockIndex,
  { rule, from, to }: Morsel,
  visit: (a: number, b: number) => void,
): number {
  const { rows, starts } = rules[rule];
  const ruleCount = rules.length;
  let block = blockAt(starts, from);
  let end = starts[block + 1];
  let count = 0;
  for (let at = from; at < to; at++) {
    if (at === end) end = starts[++block + 1];
    const a = rows[at];
    const aKeys = a * ruleCount;
    for (let other = at + 1; other < end; other++) {
      const b = rows[other];
      if (rule > 0 && hasEarlier(keys, aKeys, b * ruleCount, rule)) continue;
      count++;
      visit(a, b);
    }
  }
  return count;
}

function hasEarlier(keys: Uint32Array, aKeys: number, bKeys: number, rule: number): boolean {
  for (let earlier = 0; earlier < rule; earlier++) {
    const key = keys[aKeys + earlier];
    if (key !== 0 && key === keys[bKeys + earlier]) return true;
  }
  return false;
}

/** Whether any rule files the two together. */
export function isBlocked({ rules, keys }: BlockIndex, a: number, b: number): boolean {
  return hasEarlier(keys, a * rules.length, b * rules.length, rules.length);
}

function blockAt(starts: Uint32Array, place: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= place) low = middle;
    else high = middle;
  }
  return low;
}
