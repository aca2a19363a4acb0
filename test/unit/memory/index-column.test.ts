/** Three bytes an element until one does not fit, then that chunk alone has four; all ones are kept on both. */
import { expect, test } from 'vitest';
import { U32Column } from '../../../src/memory/fixed-column.ts';
import { IndexColumn, NO_INDEX, RUNG_U24, RUNG_U32 } from '../../../src/memory/index-column.ts';
import { LoadContext, SaveContext, type SavedState } from '../../../src/memory/persist.ts';
import { SlabMemory } from '../../../src/memory/slab-memory.ts';

const CHUNK = 65_536;
const EDGES = [0, 1, 0xff, 0x100, 0xffff, 0x1_0000, 0xff_fffe, NO_INDEX];
const FAR = [0xff_ffff, 0x100_0000, 0x8000_0000, 0xffff_fffe];

function loaded(memory: SlabMemory, save: (context: SaveContext) => SavedState): IndexColumn {
  const context = new SaveContext(memory.snapshot());
  const state = structuredClone(save(context));
  const column = new IndexColumn(new SlabMemory());
  column.load(
    new LoadContext(column.memory, [...context.pages.keys()], (id) => memory.bytes(context.pages[id])),
    state,
  );
  return column;
}

test('numbers that fit three bytes take three, at every place of a chunk, and come back from a checkpoint', () => {
  const memory = new SlabMemory();
  const column = new IndexColumn(memory);
  const numberAt = (i: number): number => EDGES[(i * 7 + (i >>> 4)) % EDGES.length];
  const count = 2 * CHUNK + 100;
  for (let i = 0; i < count; i++) column.push(numberAt(i));
  const again = loaded(memory, (context) => column.save(context));
  for (const one of [column, again]) {
    let wrong = 0;
    for (let i = 0; i < count; i++) if (one.get(i) !== numberAt(i)) wrong += 1;
    expect([wrong, one.length]).toEqual([0, count]);
    expect(one.rungs).toEqual([RUNG_U24, RUNG_U24, RUNG_U24]);
    expect(one.usedBytes).toBe(3 * CHUNK * 3);
    expect(one.memory.usedBytes).toBe(one.usedBytes);
  }
});

test('one that does not fit makes its chunk wide, pushed or set, wherever it stands', () => {
  for (const far of FAR) {
    for (const at of [0, 1, 15, 16, 31, 32, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1]) {
      for (const isPushed of [true, false]) {
        const memory = new SlabMemory();
        const column = new IndexColumn(memory);
        const count = Math.max(40, at + 3);
        const numberAt = (i: number): number => (i === at ? far : i === 3 ? NO_INDEX : i);
        for (let i = 0; i < count; i++) column.push(i === at && !isPushed ? 0 : numberAt(i));
        if (!isPushed) column.set(at, far);
        let wrong = 0;
        for (let i = 0; i < count; i++) if (column.get(i) !== numberAt(i)) wrong += 1;
        expect([at, far, wrong]).toEqual([at, far, 0]);
        expect(column.rungs.map((rung, c) => (rung === RUNG_U32 ? c : -1)).filter((c) => c >= 0)).toEqual([at >>> 16]);
        expect(memory.usedBytes).toBe(column.usedBytes);
      }
    }
  }
});

test('the last element of a slab is read, and a snapshot keeps what it saw', () => {
  const memory = new SlabMemory();
  const column = new IndexColumn(memory);
  // Pages of 192 KiB fill several slabs to their ends.
  for (let i = 0; i < 40 * CHUNK; i++) column.push(i & 0xff_fff);
  for (let c = 0; c < 40; c++) expect(column.get((c + 1) * CHUNK - 1)).toBe(((c + 1) * CHUNK - 1) & 0xff_fff);
  const snapshot = memory.snapshot();
  const page = column.pages[39];
  const before = memory.bytes(page).slice();
  column.set(39 * CHUNK + 5, 1);
  column.set(39 * CHUNK + 6, 0xff_ffff);
  expect(Buffer.from(memory.bytes(page)).equals(before)).toBe(true);
  memory.release(snapshot);
  expect([column.get(39 * CHUNK + 5), column.get(39 * CHUNK + 6), column.get(39 * CHUNK + 7)]).toEqual([
    1,
    0xff_ffff,
    (39 * CHUNK + 7) & 0xff_fff,
  ]);
  expect(memory.usedBytes).toBe(column.usedBytes);
});

test('a column of an older checkpoint, of four bytes throughout, is read and made narrow', () => {
  const memory = new SlabMemory();
  const wide = new U32Column(memory);
  const numberAt = (i: number): number => (i === CHUNK + 9 ? 0x1234_5678 : i % 1_000 === 7 ? NO_INDEX : i);
  for (let i = 0; i < 3 * CHUNK; i++) wide.push(numberAt(i));
  const column = loaded(memory, (context) => wide.save(context));
  let wrong = 0;
  for (let i = 0; i < 3 * CHUNK; i++) if (column.get(i) !== numberAt(i)) wrong += 1;
  expect([wrong, column.length]).toEqual([0, 3 * CHUNK]);
  expect(column.rungs).toEqual([RUNG_U24, RUNG_U32, RUNG_U24]);
  expect(column.memory.usedBytes).toBe(column.usedBytes);
});
