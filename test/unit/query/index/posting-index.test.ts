/** Rows by code of a column with many values, against a look at every row; kept up while values change. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CodeSelection } from '../../../../src/query/binder/formula.ts';
import { PostingIndex } from '../../../../src/query/index/posting-index.ts';
import { identify, World } from '../execution/world.ts';

const SEED = Number(process.env['KITH_ORACLE_SEED'] ?? 20_261_122);

function stringsOf(world: World) {
  return world.data.profiles.traits.find((column) => column.segments[0] === 'v')!.strings!;
}

function expected(world: World, codes: readonly number[]): number[] {
  const rows: number[] = [];
  for (let row = 0; row < world.data.profiles.count; row++) {
    if (codes.includes(stringsOf(world).codes.get(row))) rows.push(row);
  }
  return rows;
}

function found(index: PostingIndex, selection: CodeSelection): number[] {
  const rows = index.rows(selection)!;
  return [...rows.rowsFrom(0, rows.cardinality)];
}

describe('postings', () => {
  it(`find the rows of a value, before and after changes (seed ${SEED})`, () => {
    const text = fc.oneof(
      fc.nat(40).map((n) => `v${n}`),
      fc.constantFrom(null, 7),
    );
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1, maxLength: 200, size: 'max' }),
        fc.array(fc.tuple(fc.nat(230), text), { maxLength: 60, size: 'max' }),
        (first, changes) => {
          const world = new World();
          world.apply([identify('u0', { v: 'v0' }), ...first.map((v, i) => identify(`u${i}`, { v }))]);
          const strings = stringsOf(world);
          const index = new PostingIndex(strings, world.data.profiles.count);
          while (!index.build(1));
          const check = (): void => {
            const { count } = strings.dictionary;
            for (let code = 1; code <= count; code++) {
              expect(found(index, { kind: 'one', code })).toEqual(expected(world, [code]));
            }
            const table = new Uint8Array(count + 1);
            const some = [1, count].filter((code, i, all) => all.indexOf(code) === i);
            for (const code of some) table[code] = 1;
            const many: CodeSelection = { kind: 'table', table, fitCount: some.length };
            expect(found(index, many)).toEqual(expected(world, some));
          };
          check();
          for (const [user, v] of changes) world.apply([identify(`u${user}`, { v })]);
          check();
          index.close();
          expect(strings.changes).toBeUndefined();
        },
      ),
      { seed: SEED, numRuns: 40 },
    );
  });

  it('leave questions that find too much to a scan, and are given up when most has changed', () => {
    const world = new World();
    world.apply(Array.from({ length: 30_000 }, (_, i) => identify(`u${i}`, { v: i < 25_000 ? 'same' : `v${i}` })));
    const strings = stringsOf(world);
    const index = new PostingIndex(strings, 30_000);
    while (!index.build(1));
    expect(index.rows({ kind: 'one', code: strings.codes.get(0) })).toBeUndefined();
    expect(index.rows({ kind: 'any' })).toBeUndefined();
    expect(found(index, { kind: 'one', code: strings.codes.get(29_999) })).toEqual([29_999]);
    expect(index.isUsable).toBe(true);
    world.apply(Array.from({ length: 4_000 }, (_, i) => identify(`u${i}`, { v: `w${i}` })));
    expect(index.isUsable).toBe(false);
  });
});
