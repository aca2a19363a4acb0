/** Ranges of numbers by buckets, against a look at every value; kept up while values change, come and go. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NumberSelection } from '../../../../src/query/binder/formula.ts';
import { fitsNumber } from '../../../../src/query/binder/value-test.ts';
import { NumberIndex } from '../../../../src/query/index/number-index.ts';
import { identify, World } from '../execution/world.ts';

const SEED = Number(process.env['KITH_ORACLE_SEED'] ?? 20_261_122);

function columnOf(world: World) {
  return world.data.profiles.traits.find((column) => column.segments[0] === 'v')!;
}

function expected(world: World, selection: NumberSelection): number[] {
  const { numbers } = columnOf(world);
  const rows: number[] = [];
  for (let row = 0; row < world.data.profiles.count; row++) {
    const value = numbers!.get(row);
    if (!Number.isNaN(value) && (selection.kind === 'present' || fitsNumber(selection, value))) rows.push(row);
  }
  return rows;
}

function found(index: NumberIndex, selection: NumberSelection): number[] {
  const rows = index.rows(selection)!;
  return [...rows.rowsFrom(0, rows.cardinality)];
}

const value = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -20, max: 300 }) },
  { weight: 2, arbitrary: fc.integer({ min: -40, max: 40 }).map((n) => n / 4) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 1e9, -1e300, 2 ** 53, Number.MIN_VALUE) },
);
const selection: fc.Arbitrary<NumberSelection> = fc.oneof(
  fc.constant<NumberSelection>({ kind: 'present' }),
  fc
    .tuple(fc.oneof(value, fc.constant(-Infinity)), fc.oneof(value, fc.constant(Infinity)))
    .map(([a, b]): NumberSelection => ({ kind: 'range', min: Math.min(a, b), max: Math.max(a, b) })),
  fc.uniqueArray(value, { minLength: 1, maxLength: 6 }).map((values): NumberSelection => {
    return { kind: 'list', values: Float64Array.from(values).sort() };
  }),
);
const trait = fc.oneof({ weight: 6, arbitrary: value }, { weight: 1, arbitrary: fc.constantFrom(null, 'text', true) });

describe('the index of numbers', () => {
  it(`answers ranges as a look at every value does (seed ${SEED})`, () => {
    fc.assert(
      fc.property(
        fc.array(trait, { minLength: 1, maxLength: 400, size: 'max' }),
        fc.array(fc.tuple(fc.nat(450), trait), { maxLength: 60, size: 'max' }),
        fc.array(selection, { minLength: 1, maxLength: 8 }),
        (first, changes, selections) => {
          const world = new World();
          world.apply([identify('u0', { v: 1 }), ...first.map((v, i) => identify(`u${i}`, { v }))]);
          const column = columnOf(world);
          const index = new NumberIndex(column.numbers!, column, world.data.profiles.count);
          while (!index.build(1));
          for (const one of selections) expect(found(index, one)).toEqual(expected(world, one));
          for (const [user, v] of changes) world.apply([identify(`u${user}`, { v })]);
          for (const one of selections) expect(found(index, one)).toEqual(expected(world, one));
          expect(index.isUsable).toBe(true);
          index.close();
          expect(column.numberChanges).toBeUndefined();
        },
      ),
      { seed: SEED, numRuns: 60 },
    );
  });

  it('spans chunks and many distinct values', () => {
    const world = new World();
    world.apply(Array.from({ length: 70_000 }, (_, i) => identify(`u${i}`, { v: ((i * 7_919) % 50_021) / 8 })));
    const column = columnOf(world);
    const index = new NumberIndex(column.numbers!, column, 70_000);
    while (!index.build(1));
    for (const [min, max] of [
      [100, 200],
      [-Infinity, 3_000.125],
      [6_000, Infinity],
      [7_000, 8_000],
    ]) {
      const range: NumberSelection = { kind: 'range', min, max };
      expect(found(index, range)).toEqual(expected(world, range));
    }
    expect(index.sizeBytes).toBeGreaterThan(70_000);
    const long: NumberSelection = { kind: 'list', values: Float64Array.from({ length: 40 }, (_, i) => i) };
    expect(index.rows(long)).toBeUndefined();
  });

  it(`holds for skewed values in many buckets, and while whole shares of the rows change (seed ${SEED})`, () => {
    const world = new World();
    const rowCount = 30_000;
    // A third has one value among thousands of others, some have others, some none.
    const drawn = (i: number): unknown => {
      const draw = Math.imul(i + SEED, 0x9e37_79b1) >>> 8;
      if (i % 3 === 0) return 512.25;
      return i % 11 === 0 ? null : (draw % 9_000) / 8 - 100;
    };
    world.apply(Array.from({ length: rowCount }, (_, i) => identify(`u${i}`, { v: drawn(i) })));
    const column = columnOf(world);
    const index = new NumberIndex(column.numbers!, column, world.data.profiles.count);
    while (!index.build(1));
    const ranges: NumberSelection[] = [
      { kind: 'present' },
      ...[-1e9, -100, -3.125, 0, 77.5, 512.25, 512.375, 900, 1e9].flatMap((min, i, bounds) =>
        bounds.slice(i).map((max): NumberSelection => ({ kind: 'range', min, max })),
      ),
    ];
    const check = (): void => {
      for (const range of ranges) {
        const rows = found(index, range);
        const wanted = expected(world, range);
        expect({ range, count: rows.length }).toEqual({ range, count: wanted.length });
        expect(rows.every((row, i) => row === wanted[i])).toBe(true);
      }
    };
    check();
    // Few at a time, then many at once, then new profiles.
    for (const [from, step, count] of [
      [5, 997, 30],
      [0, 7, 4_000],
      [rowCount, 1, 2_000],
    ]) {
      world.apply(
        Array.from({ length: count }, (_, i) => identify(`u${from + i * step}`, { v: drawn(from + i * step + 17) })),
      );
      check();
    }
    expect(index.isUsable).toBe(true);
  });

  it('gives up when what came since lies in one bucket', () => {
    const world = new World();
    world.apply(Array.from({ length: 5_000 }, (_, i) => identify(`u${i}`, { v: i })));
    const column = columnOf(world);
    const index = new NumberIndex(column.numbers!, column, world.data.profiles.count);
    while (!index.build(1));
    const range: NumberSelection = { kind: 'range', min: 4_000, max: 12_000 };
    expect(found(index, range)).toEqual(expected(world, range));
    expect(index.isUsable).toBe(true);
    for (let from = 5_000; from < 20_000; from += 5_000) {
      world.apply(Array.from({ length: 5_000 }, (_, i) => identify(`u${from + i}`, { v: from + i })));
      expect(found(index, range)).toEqual(expected(world, range));
    }
    expect(index.isUsable).toBe(false);
  });
});
