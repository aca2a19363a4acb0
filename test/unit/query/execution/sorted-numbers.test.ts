/** Numbers in order: sorted by their bits, counted or kept one by one, and asked for by position over several lists. */
import { describe, expect, it } from 'vitest';
import { GatheredNumbers } from '../../../../src/query/execution/gathered-numbers.ts';
import { sortNumbers } from '../../../../src/query/execution/number-sort.ts';
import { SortedLists, type SortedNumbers } from '../../../../src/query/execution/sorted-numbers.ts';
import { type Random, randomOf } from './analysis-world.ts';

const KINDS: readonly [string, (random: Random) => number][] = [
  ['whole numbers', (random) => Math.floor(random() * 2_000) - 1_000],
  ['cents', (random) => Math.round(random() * 1e6 - 5e5) / 100],
  ['of every size', (random) => (random() - 0.5) * 10 ** (random() * 600 - 300)],
  ['edges', (random) => [0, -0, Infinity, -Infinity, 5e-324, -5e-324, 1.7e308, 2 ** 53][Math.floor(random() * 8)]],
  ['all alike', () => 7.25],
];
const ascending = (numbers: readonly number[]): number[] => numbers.map((x) => x + 0).sort((a, b) => a - b);

describe.each(KINDS)('%s', (_, next) => {
  it.each([0, 1, 100, 2_048, 30_000])('%d numbers are sorted', (count) => {
    const random = randomOf(count + 1);
    const numbers = Array.from({ length: count }, () => next(random));
    const values = Float64Array.from(numbers);
    sortNumbers(values);
    expect(Array.from(values, (x) => x + 0)).toEqual(ascending(numbers));
  });

  it.each([1, 2, 5])('positions and percentiles over %d lists', (listCount) => {
    const random = randomOf(listCount);
    const all: number[] = [];
    const lists: SortedNumbers[] = [];
    for (let l = 0; l < listCount; l++) {
      const gathered = new GatheredNumbers();
      const numbers = Array.from({ length: Math.floor(random() * 3_000) }, () => next(random));
      gathered.add(Float64Array.from(numbers), numbers.length);
      lists.push(sortedOf(gathered));
      all.push(...numbers);
    }
    const sorted = ascending(all);
    const found = new SortedLists(lists);
    expect(found.count).toBe(sorted.length);
    for (let i = 0; i < 200 && sorted.length > 0; i++) {
      const at = Math.floor(random() * sorted.length);
      expect(found.at(at)).toBe(sorted[at]);
      expect(found.countBelow(sorted[at])).toBe(sorted.indexOf(sorted[at]));
      expect(found.above(sorted[at])).toBe(sorted.find((x) => x > sorted[at]) ?? Infinity);
    }
    for (const p of [0.01, 1, 33.3, 50, 99, 100]) {
      expect(found.percentile(p)).toBe(sorted[Math.ceil((p * sorted.length) / 100) - 1] ?? null);
    }
  });
});

it('numbers that are nearly all distinct are kept one by one, and none is lost', () => {
  const random = randomOf(3);
  const gathered = new GatheredNumbers();
  const all: number[] = [];
  for (let part = 0; part < 5; part++) {
    const numbers = Array.from({ length: 40_000 }, () => (random() < 0.3 ? 1.5 : random()));
    gathered.add(Float64Array.from(numbers), numbers.length);
    all.push(...numbers);
  }
  const { values, ends } = sortedOf(gathered);
  expect(ends).toBeUndefined();
  expect(Buffer.from(values.buffer).equals(Buffer.from(Float64Array.from(all).sort().buffer))).toBe(true);
});

it('nothing has no percentile', () => {
  expect(new SortedLists([]).percentile(50)).toBeNull();
});

function sortedOf(gathered: GatheredNumbers): SortedNumbers {
  const steps = gathered.sortedSteps();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
