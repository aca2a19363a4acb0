import { expect, test } from 'vitest';
import { ByteHeap, decodeUtf8, MAX_STRING_SIZE_BYTES } from '../../../src/memory/byte-heap.ts';
import { SlabMemory } from '../../../src/memory/slab-memory.ts';
import { EngineError } from '../../../src/model/error.ts';

const MIB = 1 << 20;

function filled(size: number, salt: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + salt) & 0xff;
  return bytes;
}

test('texts of every length around the edges of the length prefix come back', () => {
  const heap = new ByteHeap(new SlabMemory());
  const sizes = [
    0,
    1,
    23,
    24,
    25,
    126,
    127,
    128,
    129,
    16_382,
    16_383,
    16_384,
    16_385,
    100_000,
    MIB - 9,
    MAX_STRING_SIZE_BYTES,
  ];
  const kept = sizes.map((size, i) => ({ bytes: filled(size, i), offset: heap.append(filled(size, i), 0, size) }));
  for (const { bytes, offset } of kept) {
    expect(offset).toBeGreaterThan(0);
    heap.locate(offset);
    expect(heap.size).toBe(bytes.length);
    expect(Buffer.from(heap.block.subarray(heap.start, heap.start + heap.size)).equals(bytes)).toBe(true);
    expect(heap.equals(offset, bytes, 0, bytes.length)).toBe(true);
    expect(heap.equals(offset, Buffer.concat([bytes, bytes]), 0, bytes.length + 1)).toBe(false);
  }
});

test('a text that ends exactly at a block, or one byte past it, is found again', () => {
  for (const left of [-3, -2, -1, 0, 1, 2, 3]) {
    const heap = new ByteHeap(new SlabMemory());
    // Leaves exactly 100 bytes in the first block.
    const first = filled(MIB - 101 - 3, 1);
    heap.append(first, 0, first.length);
    expect(heap.length).toBe(MIB - 100);
    const text = filled(99 + left, 2);
    const offset = heap.append(text, 0, text.length);
    expect(offset).toBe(left <= 0 ? MIB - 100 : MIB);
    expect(heap.equals(offset, text, 0, text.length)).toBe(true);
    const next = heap.append(text, 0, 5);
    expect(heap.equals(next, text, 0, 5)).toBe(true);
    expect(heap.equals(offset, text, 0, text.length)).toBe(true);
  }
});

test('a text that fills its block to the last byte is followed by one in a new block', () => {
  const heap = new ByteHeap(new SlabMemory());
  const text = filled(MIB - 4, 3);
  expect(heap.append(text, 0, text.length)).toBe(1);
  expect(heap.length).toBe(MIB);
  expect(heap.append(text, 0, 1)).toBe(MIB);
  expect(heap.usedBytes).toBe(2 * MIB);
});

test('a heap of 4 GiB is refused with memory_limit and stays readable', () => {
  const heap = new ByteHeap(new SlabMemory());
  const offset = heap.append(filled(10, 1), 0, 10);
  heap.length = 2 ** 32 - 2 * MIB + 1;
  expect(() => heap.append(filled(10, 1), 0, 10)).toThrow(EngineError);
  expect(heap.equals(offset, filled(10, 1), 0, 10)).toBe(true);
});

test('short and long texts decode alike, with a byte order mark and characters of every width kept', () => {
  for (const text of [
    '',
    'a',
    'ASCII only',
    'zwölf Boxkämpfer',
    '€',
    '😀',
    '\ufeffbom',
    `${'x'.repeat(15)}é`,
    `${'x'.repeat(40)}😀`,
    '\u0000\u001f',
  ]) {
    const bytes = Buffer.from(`..${text}..`);
    expect(decodeUtf8(bytes, 2, bytes.length - 4)).toBe(text);
  }
});
