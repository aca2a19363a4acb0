/** Snapshots must see what was there when they were taken, and every byte handed out must come back. */
import { expect, test } from 'vitest';
import { AssertionError } from '../../../src/base/assert.ts';
import { ByteHeap } from '../../../src/memory/byte-heap.ts';
import { U32Column } from '../../../src/memory/fixed-column.ts';
import { MAX_PAGE_SIZE_BYTES, type Page, SlabMemory, type Snapshot } from '../../../src/memory/slab-memory.ts';

const copyOf = (memory: SlabMemory, page: Parameters<SlabMemory['bytes']>[0]): number[] => [...memory.bytes(page)];

test('a page that was appended to and then outgrown stays as it was while an older snapshot lives', () => {
  const memory = new SlabMemory();
  const column = new U32Column(memory);
  for (let i = 0; i < 15; i++) column.push(i + 1);
  const page = column.pages[0];
  const before = new Uint32Array(memory.slabs[page.slabIndex], page.offset, 15);
  const snapshot = memory.snapshot();
  column.push(16);
  column.push(17);
  // Would be handed out again, zeroed, had the old page been given back.
  memory.allocate(64);
  memory.allocate(64);
  expect([...before]).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
  memory.release(snapshot);
});

test('a set after an append in the same epoch does not write into what a snapshot sees', () => {
  const memory = new SlabMemory();
  const column = new U32Column(memory);
  for (let i = 0; i < 4; i++) column.push(7);
  const page = column.pages[0];
  const snapshot = memory.snapshot();
  column.push(8);
  column.set(0, 99);
  expect([...new Uint32Array(memory.slabs[page.slabIndex], page.offset, 4)]).toEqual([7, 7, 7, 7]);
  expect(column.get(0)).toBe(99);
  memory.release(snapshot);
});

test('a text heap that outgrows its block keeps the block of an older snapshot', () => {
  const memory = new SlabMemory();
  const heap = new ByteHeap(memory);
  const text = Buffer.from('x'.repeat(100));
  heap.append(text, 0, 100);
  const [page] = heap.pages;
  const before = copyOf(memory, page).slice(0, heap.length);
  const snapshot = memory.snapshot();
  for (let i = 0; i < 10; i++) heap.append(text, 0, 100);
  memory.allocate(256);
  expect(copyOf(memory, page).slice(0, before.length)).toEqual(before);
  memory.release(snapshot);
});

test('a page is copied once per epoch when a snapshot sees it, and not at all when none does', () => {
  const memory = new SlabMemory();
  const page = memory.allocate(64);
  expect(memory.own(page)).toBe(page);
  const first = memory.snapshot();
  const copy = memory.own(page);
  expect(copy).not.toBe(page);
  expect(memory.own(copy)).toBe(copy);
  memory.release(first);
  expect(memory.usedBytes).toBe(64);
  expect(memory.own(copy)).toBe(copy);
});

test('a retired page comes back with the last snapshot that sees it, in whatever order they are released', () => {
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
  ]) {
    const memory = new SlabMemory();
    let page = memory.allocate(128);
    const snapshots: { snapshot: Snapshot; page: Page }[] = [];
    for (let i = 0; i < 3; i++) {
      memory.bytes(page)[0] = i;
      snapshots.push({ snapshot: memory.snapshot(), page });
      page = memory.own(page);
    }
    expect(memory.usedBytes).toBe(4 * 128);
    order.forEach((which, done) => {
      for (const later of order.slice(done)) expect(memory.bytes(snapshots[later].page)[0]).toBe(later);
      memory.release(snapshots[which].snapshot);
      expect(memory.usedBytes).toBe((3 - done) * 128);
    });
    expect(memory.liveSnapshotCount).toBe(0);
  }
});

test('a snapshot cannot be released twice', () => {
  const memory = new SlabMemory();
  const snapshot = memory.snapshot();
  memory.release(snapshot);
  expect(() => memory.release(snapshot)).toThrow(AssertionError);
});

test('pages are zeroed, rounded up to powers of two, aligned for doubles, and never overlap', () => {
  const memory = new SlabMemory();
  const pages = [1, 64, 65, 1_000, 4_096, 100_000, MAX_PAGE_SIZE_BYTES, 64, MAX_PAGE_SIZE_BYTES - 1, 3].map((size) => {
    const page = memory.allocate(size);
    expect(page.sizeBytes).toBeGreaterThanOrEqual(size);
    expect(Math.log2(page.sizeBytes) % 1).toBe(0);
    expect(page.offset % 8).toBe(0);
    expect(memory.bytes(page).every((byte) => byte === 0)).toBe(true);
    memory.bytes(page).fill(0xff);
    return page;
  });
  for (const [i, a] of pages.entries()) {
    for (const b of pages.slice(i + 1)) {
      const isApart =
        a.slabIndex !== b.slabIndex || a.offset + a.sizeBytes <= b.offset || b.offset + b.sizeBytes <= a.offset;
      expect(isApart).toBe(true);
    }
  }
  for (const page of pages) memory.free(page);
  expect(memory.usedBytes).toBe(0);
  expect(memory.bytes(memory.allocate(1_000)).every((byte) => byte === 0)).toBe(true);
});

test('a multiple of 4 KiB is the size of a page as it is, and comes back to who asks for as much again', () => {
  const memory = new SlabMemory();
  const sizes = [12_288, 196_608, 327_680, 999_424, 12_288 + 4_096];
  const pages = sizes.map((size) => memory.allocate(size));
  expect(pages.map(({ sizeBytes }) => sizeBytes)).toEqual(sizes);
  expect(memory.allocate(12_287).sizeBytes).toBe(16_384);
  for (const page of pages) memory.bytes(page).fill(0xff);
  for (const page of pages) memory.free(page);
  const { freeBytes } = memory;
  for (const page of pages) {
    const again = memory.allocate(page.sizeBytes);
    expect([again.slabIndex, again.offset]).toEqual([page.slabIndex, page.offset]);
    expect(memory.bytes(again).every((byte) => byte === 0)).toBe(true);
  }
  expect(freeBytes - memory.freeBytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
});

test('a page of an odd size is cut out of a free larger one, and the rest of that is handed out too', () => {
  const memory = new SlabMemory();
  const whole = memory.allocate(16_384);
  memory.bytes(whole).fill(0xff);
  memory.free(whole);
  const cut = memory.allocate(12_288);
  const rest = memory.allocate(4_096);
  expect([cut, rest].map(({ slabIndex, offset }) => [slabIndex, offset])).toEqual([
    [whole.slabIndex, whole.offset],
    [whole.slabIndex, whole.offset + 12_288],
  ]);
  for (const page of [cut, rest]) expect(memory.bytes(page).every((byte) => byte === 0)).toBe(true);
  expect([memory.freeBytes, memory.usedBytes]).toEqual([0, 16_384]);
  const large = memory.allocate(2 ** 20);
  memory.free(large);
  const { freeBytes } = memory;
  memory.allocate(999_424);
  expect(memory.freeBytes).toBe(freeBytes - 999_424);
});

test('a page that is empty or larger than a MiB is our mistake', () => {
  const memory = new SlabMemory();
  expect(() => memory.allocate(0)).toThrow(AssertionError);
  expect(() => memory.allocate(MAX_PAGE_SIZE_BYTES + 1)).toThrow(AssertionError);
});

test('a still snapshot reads old bytes while writers stay in the same page, and costs nothing once it has read them', () => {
  const memory = new SlabMemory();
  const column = new U32Column(memory);
  for (let i = 0; i < 16; i++) column.push(i);
  const page = column.pages[0];
  const before = memory.usedBytes;
  const still = memory.stillSnapshot();
  column.set(3, 99);
  column.set(4, 98);
  expect(column.pages[0]).toBe(page);
  expect(memory.usedBytes).toBe(2 * before);
  const bytes = memory.take(still, page);
  expect([...new Uint32Array(bytes.buffer, bytes.byteOffset, 16)]).toEqual(Array.from({ length: 16 }, (_, i) => i));
  column.set(5, 97);
  expect(memory.usedBytes).toBe(before);
  memory.release(still);
  expect([memory.usedBytes, column.get(3), column.get(5)]).toEqual([before, 99, 97]);
});

test('a page that a worker and a still snapshot see is copied for the one and read unchanged by the other', () => {
  const memory = new SlabMemory();
  const column = new U32Column(memory);
  for (let i = 0; i < 16; i++) column.push(i);
  const page = column.pages[0];
  const still = memory.stillSnapshot();
  column.set(0, 50);
  const worker = memory.snapshot();
  column.set(0, 60);
  expect(column.pages[0]).not.toBe(page);
  column.set(1, 61);
  expect(memory.bytes(page)[0]).toBe(50);
  expect(memory.take(still, page)[0]).toBe(0);
  memory.release(still);
  expect(memory.bytes(page)[0]).toBe(50);
  memory.release(worker);
  expect([memory.usedBytes, column.get(0), column.get(1)]).toEqual([64, 60, 61]);
});

test('a page given back before the still snapshot read it stays until then, and asides that nobody took are forgotten', () => {
  const memory = new SlabMemory();
  const kept = memory.allocate(64);
  const given = memory.allocate(64);
  memory.bytes(given)[0] = 7;
  const still = memory.stillSnapshot();
  memory.free(given);
  memory.bytes(memory.allocate(64)).fill(1);
  memory.own(kept);
  expect(memory.take(still, given)[0]).toBe(7);
  expect(() => memory.take(still, given)).toThrow(AssertionError);
  expect(() => memory.stillSnapshot()).toThrow(AssertionError);
  memory.release(still);
  expect([memory.usedBytes, memory.liveSnapshotCount]).toEqual([128, 0]);
});
