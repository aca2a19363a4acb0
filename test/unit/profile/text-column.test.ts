import { describe, expect, it } from 'vitest';
import { xxh32 } from '../../../src/base/hash.ts';
import { SlabMemory } from '../../../src/memory/slab-memory.ts';
import { TextColumn } from '../../../src/profile/text-column.ts';

function set(column: TextColumn, index: number, text: string): void {
  const bytes = Buffer.from(text);
  column.set(index, bytes, 0, bytes.length, xxh32(bytes, 0, bytes.length, 7));
}

describe('a text column whose values change', () => {
  it('forgets overwritten texts and keeps the living ones, under a snapshot too', () => {
    const memory = new SlabMemory();
    const column = new TextColumn(memory);
    column.enableCompaction(64);
    const expected: string[] = [];
    const snapshot = memory.snapshot();
    for (let round = 0; round < 200; round++) {
      for (let row = 0; row < 20; row++) {
        const text = row < 3 ? 'constant' : `value ${round} of ${row}`;
        set(column, row * 7_000, text);
        expected[row] = text;
      }
    }
    expect(column.dictionary.count).toBeLessThan(200);
    expect(column.generation).toBeGreaterThan(5);
    for (let row = 0; row < 20; row++) {
      expect(column.dictionary.text(column.codes.get(row * 7_000))).toBe(expected[row]);
      const bytes = Buffer.from(expected[row]);
      const found = column.dictionary.find(bytes, 0, bytes.length, xxh32(bytes, 0, bytes.length, 7));
      expect(found).toBe(column.codes.get(row * 7_000));
    }
    memory.release(snapshot);
    expect(memory.usedBytes).toBe(column.usedBytes);
  });

  it('keeps everything when nothing was overwritten', () => {
    const memory = new SlabMemory();
    const column = new TextColumn(memory);
    column.enableCompaction(16);
    for (let row = 0; row < 500; row++) set(column, row, `text ${row}`);
    expect(column.dictionary.count).toBe(500);
    expect(column.generation).toBe(0);
  });
});
