/** Offsets of two bytes while numbers lie close; a chunk with a gap becomes wide alone. */
import { expect, test } from 'vitest';
import { LoadContext, SaveContext } from '../../../src/memory/persist.ts';
import { SerialColumn } from '../../../src/memory/serial-column.ts';
import { SlabMemory } from '../../../src/memory/slab-memory.ts';

const CHUNK = 65_536;

test('numbers over three chunks come back, one chunk with a gap is wide, and close ones take 2.1 bytes', () => {
  const memory = new SlabMemory();
  const column = new SerialColumn(memory);
  const count = 3 * CHUNK;
  const serialOf = (i: number): number => 2 ** 32 - 1_000 + 5 * i + (i >= CHUNK + 100 ? 70_000 : 0);
  for (let i = 0; i < count; i++) column.push(serialOf(i) >>> 0);
  expect([0, 1, 2].map((c) => column.isWide(c))).toEqual([false, true, false]);
  const narrowBytes = 2 * (CHUNK * 2 + (CHUNK / 64) * 4);
  expect(column.usedBytes).toBeLessThanOrEqual(narrowBytes + CHUNK * 4 + 256 * 1_024);
  expect(memory.usedBytes).toBe(column.usedBytes);
  const context = new SaveContext(memory.snapshot());
  const state = column.save(context);
  const again = new SerialColumn(new SlabMemory());
  again.load(new LoadContext(again.memory, [...context.pages.keys()], (id) => memory.bytes(context.pages[id])), state);
  again.push(7);
  let wrong = 0;
  for (const one of [column, again]) for (let i = 0; i < count; i++) if (one.get(i) !== serialOf(i) >>> 0) wrong += 1;
  expect(wrong).toBe(0);
  expect([again.length, again.get(count)]).toEqual([count + 1, 7]);
});

test('a number 65,535 after the first of its block is still narrow, one further is not', () => {
  for (const [step, isWide] of [
    [65_535, false],
    [65_536, true],
  ] as const) {
    const column = new SerialColumn(new SlabMemory());
    for (let i = 0; i < 63; i++) column.push(9);
    column.push(9 + step);
    column.push(10 + step);
    expect([column.isWide(0), column.get(62), column.get(63), column.get(64)]).toEqual([
      isWide,
      9,
      9 + step,
      10 + step,
    ]);
  }
});
