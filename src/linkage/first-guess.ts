/**
 * Where estimation starts: for each pattern the pairs that may be one person, judged by the levels that the kinds lead one to expect and
 * by independent chance, within the bounds of `CoarsePatterns`.
 */
import { type CoarsePatterns, expectedAgreement } from './coarse-patterns.ts';
import type { ComparedField } from './comparison-data.ts';
import { LEVELS, SAME } from './field-kind.ts';
import type { LevelPopulation } from './level-population.ts';

/** Records have on average this many duplicates to begin with. */
const DUPLICATES_EXPECTED = 0.3;

export interface FirstGuess {
  /** By pattern: pairs that may be one person. */
  readonly matched: Float64Array;
  /** Those that look so but are too many. */
  readonly crowd: Float64Array;
}

export function firstGuess(
  fields: readonly ComparedField[],
  population: LevelPopulation,
  pairs: Float64Array,
  coarse: CoarsePatterns,
  recordCount: number,
): FirstGuess {
  const { fieldCount: width, levels, filedCount, pairCount } = population;
  const u = fields.map(({ kind }, field) => chanceOf(population, pairs, field, LEVELS[kind].length));
  const duplicates = recordCount * DUPLICATES_EXPECTED;
  const share = Math.min(0.5, duplicates / Math.max(1, pairCount));
  const alone = fields.map(() => new Uint8Array(0));
  const bounds = coarse.bounds(
    fields.map((field) => Float64Array.of(expectedAgreement(field))),
    alone,
    duplicates,
  );
  const matched = new Float64Array(pairs.length);
  const crowd = new Float64Array(pairs.length);
  for (let index = 0, at = 0; index < filedCount; index++, at += width) {
    let ratio = share / (1 - share);
    for (let field = 0; field < width; field++) {
      const level = levels[at + field];
      if (level !== 0) ratio *= LEVELS[fields[field].kind][level].expected / u[field][level];
    }
    const probability = ratio / (1 + ratio);
    const bounded = Math.min(bounds[index], probability);
    matched[index] = pairs[index] * bounded;
    crowd[index] = pairs[index] * (probability - bounded);
  }
  return { matched, crowd };
}

function chanceOf(
  { fieldCount, levels, samePairs }: LevelPopulation,
  pairs: Float64Array,
  field: number,
  levelCount: number,
): Float64Array {
  const sums = new Float64Array(levelCount).fill(0.5);
  for (let index = 0; index < pairs.length; index++) sums[levels[index * fieldCount + field]] += pairs[index];
  sums[0] = 0;
  sums[SAME] = Math.max(0.5, samePairs[field]);
  let total = 0;
  for (const sum of sums) total += sum;
  return sums.map((sum) => sum / total);
}
