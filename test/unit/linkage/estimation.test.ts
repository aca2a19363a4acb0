/** Estimation finds again what simulated pairs were drawn from, of independent fields and of fields that hang together. */
import { describe, expect, test } from 'vitest';
import type { ComparedField } from '../../../src/linkage/comparison-data.ts';
import { estimateParameters } from '../../../src/linkage/estimation.ts';
import { type FieldKind, LEVELS } from '../../../src/linkage/field-kind.ts';
import { levelsOfPattern, PatternTally } from '../../../src/linkage/level-pattern.ts';
import type { LevelPopulation } from '../../../src/linkage/level-population.ts';
import { SeededRandom } from '../../../src/linkage/seeded-random.ts';
import { textStoreOf } from '../../../src/linkage/text-store.ts';

const KINDS: readonly FieldKind[] = ['name', 'date', 'code', 'category', 'email'];
const RECORD_COUNT = 1_000;
const PAIR_COUNT = (RECORD_COUNT * (RECORD_COUNT - 1)) / 2;
const M: readonly (readonly number[])[] = [
  [0, 0.75, 0.03, 0.12, 0.04, 0.02, 0.04],
  [0, 0.8, 0.1, 0.04, 0.02, 0.01, 0.03],
  [0, 0.85, 0.08, 0.02, 0.05],
  [0, 0.9, 0.04, 0.06],
  [0, 0.7, 0.1, 0.1, 0.03, 0.07],
];
const U: readonly (readonly number[])[] = [
  [0, 0.01, 0.001, 0.004, 0.005, 0.03, 0.95],
  [0, 0.0005, 0.002, 0.0275, 0.05, 0.3, 0.62],
  [0, 0.002, 0.008, 0.04, 0.95],
  [0, 0.3, 0.1, 0.6],
  [0, 0.001, 0.001, 0.002, 0.006, 0.99],
];

const fields: readonly ComparedField[] = KINDS.map((kind) => ({
  name: kind,
  kind,
  texts: textStoreOf(kind, ['']),
  sibling: -1,
}));

function drawn(shares: readonly number[], random: SeededRandom): number {
  let left = random.fraction();
  for (let level = 1; level < shares.length; level++) {
    left -= shares[level];
    if (left < 0) return level;
  }
  return shares.length - 1;
}

/** All pairs of a table, `matchCount` of them one person; `household` shares of the others agree on fields 0, 2 and 3. */
function population(seed: number, matchCount: number, householdCount: number): LevelPopulation {
  const random = new SeededRandom(seed);
  const tally = new PatternTally();
  for (let pair = 0; pair < PAIR_COUNT; pair++) {
    const shares = pair < matchCount ? M : U;
    let pattern = 0;
    for (let field = KINDS.length - 1; field >= 0; field--) {
      const isShared = pair >= matchCount && pair < matchCount + householdCount && [0, 2, 3].includes(field);
      pattern = pattern * 8 + drawn(isShared ? M[field] : shares[field], random);
    }
    tally.add(pattern);
  }
  const { patterns, counts } = tally.finish();
  const levels = new Uint8Array(patterns.length * KINDS.length);
  const samePairs = new Float64Array(KINDS.length);
  patterns.forEach((pattern, index) => {
    const own = levelsOfPattern(pattern, KINDS.length);
    levels.set(own, index * KINDS.length);
    own.forEach((level, field) => {
      if (level === 1) samePairs[field] += counts[index];
    });
  });
  return {
    fieldCount: KINDS.length,
    pairCount: PAIR_COUNT,
    levels,
    filedCount: patterns.length,
    seen: counts,
    each: counts.map(() => 1),
    samePairs,
  };
}

describe('estimation', () => {
  test.each([1, 2, 3])('finds m, u and the number of matches again, seed %i', (seed) => {
    const found = estimateParameters(fields, population(seed, 900, 0), RECORD_COUNT);
    expect(found.matchCount).toBeGreaterThan(900 * 0.95);
    expect(found.matchCount).toBeLessThan(900 * 1.05);
    KINDS.forEach((kind, field) => {
      for (let level = 1; level < LEVELS[kind].length; level++) {
        expect(Math.abs(found.m[field].alone[level] - M[field][level])).toBeLessThan(0.05);
        expect(Math.abs(found.u[field].alone[level] - U[field][level])).toBeLessThan(0.003);
      }
    });
  });

  test('is not caught by more housemates than there are duplicates', () => {
    const found = estimateParameters(fields, population(5, 500, 2_000), RECORD_COUNT);
    expect(found.matchCount).toBeGreaterThan(500 * 0.85);
    expect(found.matchCount).toBeLessThan(500 * 1.15);
  });

  test('finds next to nothing where there is nothing to find', () => {
    expect(estimateParameters(fields, population(6, 0, 1_000), RECORD_COUNT).matchCount).toBeLessThan(10);
  });

  test('gives rows that each sum to 1', () => {
    const { m, u } = estimateParameters(fields, population(7, 300, 300), RECORD_COUNT);
    for (const { given } of [...m, ...u]) {
      for (let at = 0; at < given.length; at += 8) {
        expect(given.subarray(at, at + 8).reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 6);
      }
    }
  });
});
