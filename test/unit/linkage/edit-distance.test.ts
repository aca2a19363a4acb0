/** Edits within a limit against the full table of optimal string alignment, and against Levenshtein. */

import fc from 'fast-check';
import { distance } from 'fastest-levenshtein';
import { expect, test } from 'vitest';
import { isWithinEdits } from '../../../src/linkage/edit-distance.ts';

function within(a: string, b: string, limit: number): boolean {
  const units = Uint16Array.from(a + b, (unit) => unit.charCodeAt(0));
  return isWithinEdits(units, 0, a.length, a.length, a.length + b.length, limit);
}

/** Optimal string alignment by its recurrence. */
function alignment(a: string, b: string): number {
  const table = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      table[i][j] = Math.min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + cost);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) table[i][j] = Math.min(table[i][j], table[i - 2][j - 2] + 1);
    }
  }
  return table[a.length][b.length];
}

const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 9 });

test('for any two texts, whether they are within 0, 1 or 2 edits equals the full table', () => {
  fc.assert(
    fc.property(text, text, fc.integer({ min: 0, max: 2 }), (a, b, limit) => {
      expect(within(a, b, limit)).toBe(alignment(a, b) <= limit);
    }),
    { seed: 11, numRuns: 8_000 },
  );
});

test('for any two texts, what Levenshtein finds within the limit is found', () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      if (distance(a, b) <= 2) expect(within(a, b, 2)).toBe(true);
    }),
    { seed: 12, numRuns: 3_000 },
  );
});

test('two neighbours that changed places are one edit', () => {
  expect([
    within('2148', '1248', 1),
    within('rowe', 'rwoe', 1),
    within('abcd', 'badc', 1),
    within('abcd', 'badc', 2),
  ]).toEqual([true, true, false, true]);
});
