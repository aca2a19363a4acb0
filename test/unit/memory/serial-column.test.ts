/** Offsets of one byte while numbers lie close, of two while nearly so; a chunk with a gap becomes wide alone. */
import { expect, test } from 'vitest';
import { U32Column } from '../../../src/memory/fixed-column.ts';
import { LoadContext, SaveContext } from '../../../src/memory/persist.ts';
import { SerialColumn } from '../../../src/memory/serial-column.ts';
import { SlabMemory } from '../../../src/memory/slab-memory.ts';

const CHUNK = 65_536;

test('numbers over three chunks come back, one chunk with a gap is wide, and close ones take 1.3 bytes', () => {
  const memory = new SlabMemory();
  const column = new SerialColumn(memory);
  const count = 3 * CHUNK;
  const serialOf = (i: number): number => 2 ** 32 - 1_000 + 5 * i + (i >= CHUNK + 100 ? 70_000 : 0);
  for (let i = 0; i < count; i++) column.push(serialOf(i) >>> 0);
  expect(column.rungs).toEqual([0, 2, 0]);
  const narrowBytes = 2 * (CHUNK + (CHUNK / 16) * 4);
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

test('a chunk is as wide as the longest way from the first number of a block', () => {
  for (const [step, rung] of [
    [255, 0],
    [256, 1],
    [65_535, 1],
    [65_536, 2],
  ] as const) {
    const memory = new SlabMemory();
    const column = new SerialColumn(memory);
    for (let i = 0; i < 15; i++) column.push(9);
    column.push(9 + step);
    column.push(10 + step);
    expect([step, column.rungs[0], column.get(14), column.get(15), column.get(16)]).toEqual([
      step,
      rung,
      9,
      9 + step,
      10 + step,
    ]);
    expect(memory.usedBytes).toBe(column.usedBytes);
  }
});

test('a column of an older checkpoint, with blocks of 64 and offsets of two bytes or none, is read and goes on', () => {
  const memory = new SlabMemory();
  const count = CHUNK + 200;
  const serialOf = (i: number): number => 3 * i + (i > 40 && i < 60 ? 100_000 : 0);
  // As they were written once: a wide first chunk, a second of offsets.
  const wide = memory.allocate(CHUNK * 4);
  const narrow = memory.allocate(CHUNK * 2);
  const bases = new U32Column(memory);
  const wideView = new Uint32Array(memory.slabs[wide.slabIndex], wide.offset, CHUNK);
  const narrowView = new Uint16Array(memory.slabs[narrow.slabIndex], narrow.offset, CHUNK);
  for (let i = 0; i < count; i++) {
    if (i % 64 === 0) bases.push(serialOf(i));
    if (i < CHUNK) wideView[i] = serialOf(i);
    else narrowView[i - CHUNK] = serialOf(i) - bases.get(i >>> 6);
  }
  const context = new SaveContext(memory.snapshot());
  const state = { length: count, bases: bases.save(context), pages: context.list([wide, narrow]), wide: [true, false] };
  const again = new SerialColumn(new SlabMemory());
  again.load(new LoadContext(again.memory, [...context.pages.keys()], (id) => memory.bytes(context.pages[id])), state);
  again.push(serialOf(count));
  let wrong = 0;
  for (let i = 0; i <= count; i++) if (again.get(i) !== serialOf(i)) wrong += 1;
  expect([wrong, again.length]).toEqual([0, count + 1]);
  expect(again.memory.usedBytes).toBe(again.usedBytes);
});
