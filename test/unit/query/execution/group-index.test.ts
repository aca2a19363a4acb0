/** The first groups by size and value, against sorting them all; distinct values over lists, against a set. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type DistinctList, distinctCount } from '../../../../src/query/execution/distinct-count.ts';
import { GroupIndex, TopGroups } from '../../../../src/query/execution/group-index.ts';
import { inSlices } from '../../../../src/query/execution/pace.ts';
import { compareValues } from '../../../../src/query/execution/value-order.ts';

it.each([
  [1, 10],
  [20, 5_000],
  [1_500, 5_000],
  [10_000, 5_000],
])('the first %d of %d groups', (limit, count) => {
  const index = new GroupIndex();
  const sizes = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const number = (i * 7_919) % count;
    index.of([number % 3 === 0 ? `g${number}` : number]);
    sizes[i] = (number * 31) % 50;
  }
  const top = new TopGroups(index, sizes, limit);
  for (let group = 0; group < count; group++) expect(top.add(group)).toBeGreaterThan(0);
  const all = Array.from({ length: count }, (_, group) => group).sort(
    (a, b) => sizes[b] - sizes[a] || compareValues(index.values[a][0], index.values[b][0]),
  );
  expect(top.sorted()).toEqual(all.slice(0, limit));
});

it('distinct values of lists of distinct values', async () => {
  const list = fc.uniqueArray(fc.oneof(fc.nat(900), fc.nat(900).map(String), fc.boolean(), fc.constant(null)), {
    maxLength: 1_200,
    size: 'max',
  });
  await fc.assert(
    fc.asyncProperty(fc.array(list, { maxLength: 4 }), async (lists) => {
      const given = lists.map((values): DistinctList => ({ count: values.length, at: (i) => values[i] }));
      let spentNs = 0;
      const spend = (costNs: number): undefined => {
        spentNs += costNs;
      };
      expect(await inSlices(distinctCount(given), spend)).toBe(new Set(lists.flat()).size);
      if (lists.filter(({ length }) => length > 256).length > 1) expect(spentNs).toBeGreaterThan(0);
    }),
    { numRuns: 40, seed: 3 },
  );
});
