/** What only happens at the edges of chunks (65,536 elements), of page sizes and of rungs. */
import { expect, test } from 'vitest';
import { F64Column, U8Column, U16Column, U32Column } from '../../../src/memory/fixed-column.ts';
import {
  CodeColumn,
  NumberColumn,
  RUNG_F64,
  RUNG_H16,
  RUNG_H32,
  RUNG_I8,
  RUNG_I16,
  RUNG_I32,
  RUNG_T16,
  RUNG_T32,
} from '../../../src/memory/ladder-column.ts';
import { LoadContext, SaveContext, type SavedState } from '../../../src/memory/persist.ts';
import { SlabMemory } from '../../../src/memory/slab-memory.ts';
import { TIME_RUNG_F64, TIME_RUNG_U32, TIME_RUNG_U40, TimeColumn } from '../../../src/memory/time-column.ts';

const CHUNK = 65_536;

function reloaded(
  memory: SlabMemory,
  save: (context: SaveContext) => SavedState,
): { context: LoadContext; state: SavedState } {
  const context = new SaveContext(memory.snapshot());
  const state = save(context);
  const { pages } = context;
  return { context: new LoadContext(new SlabMemory(), [...pages.keys()], (id) => memory.bytes(pages[id])), state };
}

for (const Column of [U8Column, U16Column, U32Column, F64Column]) {
  test(`a ${Column.name} keeps what it holds over the end of its first and second chunk`, () => {
    const memory = new SlabMemory();
    const column = new Column(memory);
    for (let i = 0; i < 2 * CHUNK + 3; i++) column.push(i & 0xff);
    column.set(CHUNK - 1, 7);
    column.set(CHUNK, 9);
    const { context, state } = reloaded(memory, (saving) => column.save(saving));
    const again = new Column(context.memory);
    again.load(context, state);
    again.push(200);
    for (const one of [column, again]) {
      expect([0, CHUNK - 2, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 2].map((i) => one.get(i))).toEqual([
        0, 254, 7, 9, 1, 2,
      ]);
      expect(one.chunkCount).toBe(3);
    }
    expect(again.get(2 * CHUNK + 3)).toBe(200);
    expect(memory.usedBytes).toBe(column.usedBytes);
  });
}

for (const [far, rung] of [
  [2 ** 38, TIME_RUNG_U40],
  [2 ** 40, TIME_RUNG_F64],
] as const) {
  test(`a TimeColumn widens one chunk alone to rung ${rung}, at its first, middle and last element`, () => {
    for (const at of [0, 1, 15, 16, 17, 40_000, CHUNK - 1]) {
      const memory = new SlabMemory();
      const column = new TimeColumn(memory);
      const base = 1_750_000_000_000;
      const timeOf = (i: number): number => (i === at + CHUNK ? base + far : base + i);
      for (let i = 0; i < 2 * CHUNK + 2; i++) column.push(timeOf(i));
      expect(column.rungs).toEqual([TIME_RUNG_U32, rung, TIME_RUNG_U32]);
      for (let i = 0; i < column.length; i++)
        if (column.get(i) !== timeOf(i)) expect([i, column.get(i)]).toEqual([i, timeOf(i)]);
      expect(memory.usedBytes).toBe(column.usedBytes);
      const { context, state } = reloaded(memory, (saving) => column.save(saving));
      const again = new TimeColumn(context.memory);
      again.load(context, state);
      expect(again.get(at + CHUNK)).toBe(base + far);
      again.push(7);
      expect(again.get(2 * CHUNK + 1)).toBe(base + 2 * CHUNK + 1);
      expect(again.get(2 * CHUNK + 2)).toBe(7);
    }
  });
}

test('a TimeColumn has four bytes from 2^31 before to 2^31 − 1 after its first event, five from 2^39 to 2^39 − 1, and eight beyond', () => {
  for (const [delta, rung] of [
    [-(2 ** 31), TIME_RUNG_U32],
    [2 ** 31 - 1, TIME_RUNG_U32],
    [-(2 ** 31) - 1, TIME_RUNG_U40],
    [2 ** 31, TIME_RUNG_U40],
    [-(2 ** 39), TIME_RUNG_U40],
    [2 ** 39 - 1, TIME_RUNG_U40],
    [-(2 ** 39) - 1, TIME_RUNG_F64],
    [2 ** 39, TIME_RUNG_F64],
  ] as const) {
    const column = new TimeColumn(new SlabMemory());
    column.push(1_000);
    column.push(1_000 + delta);
    expect([column.rungs[0], column.get(0), column.get(1)]).toEqual([rung, 1_000, 1_000 + delta]);
    expect([column.mins[0], column.maxs[0]]).toEqual([Math.min(1_000, 1_000 + delta), Math.max(1_000, 1_000 + delta)]);
  }
});

test('a TimeColumn of an older checkpoint, with chunks of four or eight bytes, is read and goes on', () => {
  const memory = new SlabMemory();
  const base = 1_750_000_000_000;
  const narrow = memory.allocate(CHUNK * 4);
  const wide = memory.allocate(CHUNK * 8);
  const narrowView = new Uint32Array(memory.slabs[narrow.slabIndex], narrow.offset, CHUNK);
  const wideView = new Float64Array(memory.slabs[wide.slabIndex], wide.offset, CHUNK);
  for (let i = 0; i < CHUNK; i++) narrowView[i] = i;
  wideView.set([5, base]);
  const { context, state } = reloaded(memory, (saving) => ({
    length: CHUNK + 2,
    pages: saving.list([narrow, wide]),
    bases: [base, 0],
    mins: [base, 5],
    maxs: [base + CHUNK - 1, base],
    wide: [false, true],
  }));
  const column = new TimeColumn(context.memory);
  column.load(context, state);
  column.push(-3);
  expect(column.rungs).toEqual([TIME_RUNG_U32, TIME_RUNG_F64]);
  expect([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, CHUNK + 2].map((i) => column.get(i))).toEqual([
    base,
    base + 1,
    base + CHUNK - 1,
    5,
    base,
    -3,
  ]);
});

test('a NumberColumn climbs to the narrowest rung that holds a value beside its missing mark', () => {
  for (const [value, rung] of [
    [127, RUNG_I8],
    [-127, RUNG_I8],
    [-128, RUNG_I16],
    [128, RUNG_I16],
    [32_767, RUNG_I16],
    [-32_768, RUNG_I32],
    [32_768, RUNG_I32],
    [2_147_483_647, RUNG_I32],
    [-2_147_483_648, RUNG_F64],
    [2_147_483_648, RUNG_F64],
    [0.1, RUNG_H16],
    [327.67, RUNG_H16],
    [-327.68, RUNG_H32],
    [21_474_836.47, RUNG_H32],
    [21_474_836.48, RUNG_F64],
    [0.1 + 0.2, RUNG_F64],
    [1.005, RUNG_T32],
    [1 / 3, RUNG_F64],
    [1.00005, RUNG_F64],
    [-0, RUNG_F64],
  ] as const) {
    const column = new NumberColumn(new SlabMemory());
    column.set(3, 5);
    column.set(200, value);
    expect(column.rungs[0]).toBe(rung);
    expect(Object.is(column.get(200), value)).toBe(true);
    expect(column.get(3)).toBe(5);
    expect([column.get(2), column.get(199), column.get(201)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  }
});

test('a NumberColumn of counts takes in whole numbers and widens by all that it ever held', () => {
  for (const [values, rung] of [
    [[12.5, 300, -7], RUNG_H16],
    [[300, 12.5], RUNG_H16],
    [[400, 12.5], RUNG_H32],
    [[-400, 12.5], RUNG_H32],
    [[12.5, 328], RUNG_H32],
    [[12.5, 327.68, 1], RUNG_H32],
    [[30_000_000, 12.5], RUNG_F64],
    [[12.5, 30_000_000], RUNG_F64],
    [[12.5, -0], RUNG_F64],
    [[12.5, 400.25, 1 / 3], RUNG_F64],
    [[0.125, 3, -3.2767], RUNG_T16],
    [[0.125, 4], RUNG_T32],
    [[1.25, 0.125], RUNG_T16],
    [[327.68, 0.125, 9], RUNG_T32],
    [[0.125, 327.68, 214_748.3647], RUNG_T32],
    [[300_000, 0.125], RUNG_F64],
    [[0.125, 214_748.3648], RUNG_F64],
    [[0.125, 1e-5], RUNG_F64],
  ] as const) {
    const memory = new SlabMemory();
    const column = new NumberColumn(memory);
    values.forEach((value, i) => {
      column.set(i * 7, value);
    });
    expect([values, column.rungs[0]]).toEqual([values, rung]);
    values.forEach((value, i) => {
      expect(Object.is(column.get(i * 7), value)).toBe(true);
      expect(column.get(i * 7 + 1)).toBeNaN();
    });
    column.clear(0);
    expect(column.get(0)).toBeNaN();
    expect(memory.usedBytes).toBe(column.usedBytes);
    const { context, state } = reloaded(memory, (saving) => column.save(saving));
    const again = new NumberColumn(context.memory);
    again.load(context, state);
    expect(again.get(7)).toBe(values[1]);
  }
});

test('a CodeColumn climbs by code, chunk by chunk, and skips chunks that nobody wrote to', () => {
  const memory = new SlabMemory();
  const column = new CodeColumn(memory);
  column.set(0, 255);
  column.set(5 * CHUNK + 3, 256);
  column.set(5 * CHUNK + 65_535, 65_536);
  column.set(2 * CHUNK, 0);
  expect(column.rungs).toEqual([0, 0, 0, 0, 0, 2]);
  expect(column.pages.map((page) => page !== undefined)).toEqual([true, false, false, false, false, true]);
  expect([0, 1, CHUNK, 5 * CHUNK + 3, 5 * CHUNK + 65_535, 9 * CHUNK].map((i) => column.get(i))).toEqual([
    255, 0, 0, 256, 65_536, 0,
  ]);
  column.set(0, 0xffff_ffff);
  expect(column.get(0)).toBe(0xffff_ffff);
  expect(memory.usedBytes).toBe(column.usedBytes);
});
