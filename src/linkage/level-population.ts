/**
 * All pairs of records as weighted level patterns: those that a rule files together, counted (or a known share of them), and for
 * the rest drawn pairs that stand for many each. From it comes what chance agreement looks like, alone and jointly.
 */
import type { BlockIndex } from './block-index.ts';
import type { ComparisonData } from './comparison-data.ts';
import { SAME } from './field-kind.ts';
import { levelPattern, levelsOfPattern, type PatternCounts, PatternTally } from './level-pattern.ts';
import { isBlocked } from './morsel.ts';
import { SeededRandom } from './seeded-random.ts';

export interface LevelPopulation {
  readonly fieldCount: number;
  /** Pairs of records in all. */
  readonly pairCount: number;
  /** Levels of pattern i at `i * fieldCount`. The first `filedCount` patterns are of filed pairs. */
  readonly levels: Uint8Array;
  readonly filedCount: number;
  /** Pairs that were looked at, by pattern. */
  readonly seen: Float64Array;
  /** Pairs that one of them stands for. */
  readonly each: Float64Array;
  /** By field: pairs with the same value, from how often each value occurs; exact. */
  readonly samePairs: Float64Array;
}

/** `filedShare`: the share of filed pairs that `filed` counts. */
export function levelPopulation(
  data: ComparisonData,
  filed: PatternCounts,
  filedShare: number,
  rest: PatternCounts,
): LevelPopulation {
  const fieldCount = data.fields.length;
  const pairCount = (data.recordCount * (data.recordCount - 1)) / 2;
  const count = filed.patterns.length + rest.patterns.length;
  const levels = new Uint8Array(count * fieldCount);
  const seen = new Float64Array(count);
  const each = new Float64Array(count);
  let filedPairs = 0;
  for (const seenCount of filed.counts) filedPairs += seenCount / filedShare;
  let restSeen = 0;
  for (const seenCount of rest.counts) restSeen += seenCount;
  const restEach = Math.max(0, pairCount - filedPairs) / Math.max(1, restSeen);
  for (let index = 0; index < count; index++) {
    const isFiled = index < filed.patterns.length;
    const { patterns, counts } = isFiled ? filed : rest;
    const own = isFiled ? index : index - filed.patterns.length;
    levels.set(levelsOfPattern(patterns[own], fieldCount), index * fieldCount);
    seen[index] = counts[own];
    each[index] = isFiled ? 1 / filedShare : restEach;
  }
  return { fieldCount, pairCount, levels, filedCount: filed.patterns.length, seen, each, samePairs: samePairsOf(data) };
}

/** Drawn pairs that no rule files together; fewer than asked where nearly all pairs are filed. */
export function drawUnfiled(data: ComparisonData, index: BlockIndex, drawCount: number, seed: number): PatternCounts {
  const random = new SeededRandom(seed);
  const tally = new PatternTally();
  for (let draw = 0; draw < drawCount; draw++) {
    const one = random.below(data.recordCount);
    const other = random.below(data.recordCount);
    if (one === other || isBlocked(index, one, other)) continue;
    tally.add(levelPattern(data, Math.min(one, other), Math.max(one, other)));
  }
  return tally.finish();
}

function samePairsOf({ recordCount, fields, codes }: ComparisonData): Float64Array {
  return Float64Array.from(fields, ({ texts }, field) => {
    const frequencies = new Uint32Array(texts.offsets.length - 1);
    for (let row = 0; row < recordCount; row++) frequencies[codes[row * fields.length + field]]++;
    let pairs = 0;
    for (let code = SAME; code < frequencies.length; code++) pairs += (frequencies[code] * (frequencies[code] - 1)) / 2;
    return pairs;
  });
}
