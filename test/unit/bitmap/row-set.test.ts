/** Row sets against plain sets of numbers, and dense bits through the portable format and back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePortable, encodePortable, fillBits, wordCountOf } from '../../../src/bitmap/portable-bitset.ts';
import { RowBitmap, RowSet } from '../../../src/bitmap/row-set.ts';

const ROW_COUNT = 200_000;
/** Sparse, dense and full stretches, so that every kind of container occurs. */
const stretch = fc.record({
  from: fc.nat(ROW_COUNT - 1),
  length: fc.oneof(fc.nat(50), fc.nat(100_000)),
  step: fc.constantFrom(1, 1, 2, 3, 17, 1_000),
});
const rowSets = fc.array(stretch, { maxLength: 5 }).map((stretches) => {
  const rows = new Set<number>();
  for (const { from, length, step } of stretches) {
    for (let row = from; row < Math.min(from + length, ROW_COUNT); row += step) rows.add(row);
  }
  return Uint32Array.from(rows).sort();
});

function rowsOf(set: RowSet): Uint32Array {
  return set.rowsFrom(0, ROW_COUNT);
}

function wordsOf(rows: Uint32Array): Uint32Array {
  const words = new Uint32Array(wordCountOf(ROW_COUNT));
  for (const row of rows) words[row >>> 5] |= 1 << (row & 31);
  return words;
}

/** `toEqual` walks typed arrays element by element, which takes seconds here. */
function assertSame(actual: Uint32Array, expected: Uint32Array): void {
  expect(actual.length).toBe(expected.length);
  expect(actual.every((row, i) => row === expected[i])).toBe(true);
}

describe('row sets', () => {
  it('hold the rows of dense bits and give them back, for any rows', () => {
    fc.assert(
      fc.property(rowSets, (rows) => {
        const set = RowSet.ofWords(wordsOf(rows));
        expect(set.cardinality).toBe(rows.length);
        assertSame(rowsOf(set), rows);
        assertSame(set.toWords(ROW_COUNT), wordsOf(rows));
        assertSame(rowsOf(RowSet.of(rows)), rows);
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it('join as sets do, for any two', () => {
    fc.assert(
      fc.property(rowSets, rowSets, (a, b) => {
        const [left, right] = [RowSet.ofWords(wordsOf(a)), RowSet.ofWords(wordsOf(b))];
        const inB = new Set(b);
        const inA = new Set(a);
        assertSame(
          rowsOf(left.and(right)),
          a.filter((row) => inB.has(row)),
        );
        assertSame(
          rowsOf(left.andNot(right)),
          a.filter((row) => !inB.has(row)),
        );
        const either = Uint32Array.from(new Set([...a, ...b])).sort();
        assertSame(rowsOf(left.or(right)), either);
        assertSame(rowsOf(RowSet.union([left, right])), either);
        expect(rowsOf(RowSet.all(ROW_COUNT).andNot(left)).length).toBe(ROW_COUNT - inA.size);
      }),
      { numRuns: 15, seed: 2 },
    );
  });

  it('tell the size of what is not made yet', () => {
    fc.assert(
      fc.property(rowSets, rowSets, (a, b) => {
        const [left, right] = [RowSet.of(a), RowSet.of(b)];
        const inB = new Set(b);
        const both = a.filter((row) => inB.has(row)).length;
        const [and, andNot] = [left.and(right), left.andNot(right)];
        expect([and.isEmpty, and.cardinality, and.isEmpty]).toEqual([both === 0, both, both === 0]);
        expect([andNot.isEmpty, andNot.cardinality]).toEqual([both === a.length, a.length - both]);
        expect([rowsOf(and).length, and.cardinality]).toEqual([both, both]);
        expect([rowsOf(andNot).length, andNot.cardinality]).toEqual([a.length - both, a.length - both]);
      }),
      { numRuns: 15, seed: 3 },
    );
  });

  it('are assembled of several, and leave those as they were', () => {
    const some = fc.option(rowSets, { nil: undefined });
    const few = fc.array(rowSets, { maxLength: 3 });
    fc.assert(
      fc.property(some, some, few, few, few, (of, without, added, removed, lists) => {
        const sets = new Map<Uint32Array, RowSet>(
          [of, without, ...added, ...removed].flatMap((rows) => (rows ? [[rows, RowSet.of(rows)]] : [])),
        );
        const setOf = (rows: Uint32Array | undefined): RowSet | undefined => (rows ? sets.get(rows) : undefined);
        const found = RowSet.assembled({
          of: setOf(of),
          without: setOf(without),
          added: added.map((rows) => setOf(rows)!),
          removed: removed.map((rows) => setOf(rows)!),
          lists,
        });
        const expected = new Set(of);
        for (const row of without ?? []) expected.delete(row);
        for (const rows of added) for (const row of rows) expected.add(row);
        for (const rows of removed) for (const row of rows) expected.delete(row);
        for (const rows of lists) for (const row of rows) expected.add(row);
        assertSame(rowsOf(found), Uint32Array.from(expected).sort());
        for (const [rows, set] of sets) assertSame(rowsOf(set), rows);
      }),
      { numRuns: 30, seed: 4 },
    );
  });

  it('are made of many words in pieces as in one go', () => {
    const words = new Uint32Array(60_000);
    for (let w = 0; w < words.length; w++)
      if (w % 3 !== 0 || w < 20_000) words[w] = Math.imul(w, 0x9e3779b1) >>> (w % 32);
    words.fill(0, 16_000, 40_000);
    const steps = RowSet.ofWordsSteps(words);
    let stepCount = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) stepCount += 1;
    expect(stepCount).toBe(4);
    const rowCount = words.length * 32;
    expect(step.value.rowsFrom(0, rowCount)).toEqual(RowSet.ofWords(words).rowsFrom(0, rowCount));
    expect(step.value.cardinality).toBeGreaterThan(100_000);
  });

  it('read bits that hold runs', () => {
    const words = new Uint32Array(wordCountOf(ROW_COUNT));
    const set = RowSet.all(150_001)
      .andNot(RowSet.all(70_003))
      .or(RowSet.of(Uint32Array.of(5, 199_999)));
    const expected = new Uint32Array(wordCountOf(ROW_COUNT));
    fillBits(expected, 70_003, 150_001);
    expected[0] |= 1 << 5;
    expected[199_999 >>> 5] |= 1 << (199_999 & 31);
    assertSame(set.toWords(ROW_COUNT), expected);
    decodePortable(encodePortable(expected)!, words);
    assertSame(words, expected);
  });

  it('give pages of rows from any row on', () => {
    const set = RowSet.of(Uint32Array.of(3, 9, 70_000, 70_001, 131_072));
    expect([...set.rowsFrom(0, 2)]).toEqual([3, 9]);
    expect([...set.rowsFrom(9, 2)]).toEqual([9, 70_000]);
    expect([...set.rowsFrom(10, 10)]).toEqual([70_000, 70_001, 131_072]);
    expect([...set.rowsFrom(131_073, 10)]).toEqual([]);
    expect(set.has(9)).toBe(true);
    expect(set.has(10)).toBe(false);
  });

  it('that were lent stay as they were when their bitmap changes', () => {
    const bitmap = new RowBitmap();
    bitmap.add([1, 2, 3]);
    const before = bitmap.rows();
    bitmap.remove([2]);
    bitmap.add([9]);
    expect([...before.rowsFrom(0, 9)]).toEqual([1, 2, 3]);
    expect([...bitmap.rows().rowsFrom(0, 9)]).toEqual([1, 3, 9]);
    expect(bitmap.sizeBytes).toBeGreaterThan(0);
  });
});
