import { expect, test } from 'vitest';
import { AssertionError } from '../../../src/base/assert.ts';
import { mix32 } from '../../../src/base/hash.ts';
import { PairTable } from '../../../src/memory/pair-table.ts';
import { LoadContext, SaveContext } from '../../../src/memory/persist.ts';
import { SlabMemory } from '../../../src/memory/slab-memory.ts';

test('a table of 200,000 pairs finds all of them and nothing else, before and after a load', () => {
  const memory = new SlabMemory();
  const table = new PairTable(memory);
  const count = 200_000;
  for (let i = 0; i < count; i++) table.insert(mix32(i), i + 1);
  const context = new SaveContext(memory.snapshot());
  const state = table.save(context);
  const { pages } = context;
  const loading = new LoadContext(new SlabMemory(), [...pages.keys()], (id) => memory.bytes(pages[id]));
  for (const one of [table, PairTable.load(loading, state)]) {
    let wrong = 0;
    for (let i = 0; i < count; i++) if (one.first(mix32(i)) !== i + 1 || one.next(mix32(i)) !== 0) wrong += 1;
    for (let i = count; i < 2 * count; i++) if (one.first(mix32(i)) !== 0) wrong += 1;
    expect(wrong).toBe(0);
    expect(one.count).toBe(count);
  }
  expect(memory.usedBytes).toBe(table.usedBytes);
});

test('it grows by two pages of 2,048 slots at most, and is always more than half full once it has ten', () => {
  const memory = new SlabMemory();
  const table = new PairTable(memory);
  let largest = 0;
  let emptiest = 1;
  for (let i = 0; i < 300_000; i++) {
    const before = memory.usedBytes;
    table.insert(mix32(i), 1);
    largest = Math.max(largest, memory.usedBytes - before);
    if (table.usedBytes >= 10 * 2_048 * 8) emptiest = Math.min(emptiest, table.count / (table.usedBytes / 8));
  }
  expect(largest).toBeLessThanOrEqual(2 * 2_048 * 8);
  expect(emptiest).toBeGreaterThan(0.64);
});

test('a snapshot keeps the pairs it saw while pages are added and groups are split', () => {
  const memory = new SlabMemory();
  const table = new PairTable(memory);
  const seen = 9_000;
  for (let i = 0; i < seen; i++) table.insert(mix32(i), i + 1);
  const snapshot = memory.snapshot();
  const context = new SaveContext(snapshot);
  const state = structuredClone(table.save(context));
  for (let i = seen; i < 60_000; i++) table.insert(mix32(i), i + 1);
  const loading = new LoadContext(new SlabMemory(), [...context.pages.keys()], (id) => memory.bytes(context.pages[id]));
  const then = PairTable.load(loading, state);
  expect(then.count).toBe(seen);
  let wrong = 0;
  for (let i = 0; i < 60_000; i++) {
    if (then.first(mix32(i)) !== (i < seen ? i + 1 : 0)) wrong += 1;
    if (table.first(mix32(i)) !== i + 1) wrong += 1;
  }
  expect(wrong).toBe(0);
  memory.release(snapshot);
  expect(memory.usedBytes).toBe(table.usedBytes);
});

test('keys of all bits and of none are told apart', () => {
  const table = new PairTable(new SlabMemory());
  const keys = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
  for (const [i, key] of keys.entries()) table.insert(key, i + 1);
  for (let i = 0; i < 20_000; i++) table.insert(mix32(i + 10), 77);
  for (const [i, key] of keys.entries()) expect(table.first(key)).toBe(i + 1);
});

test('a thousand pairs of one key are all found', () => {
  const table = new PairTable(new SlabMemory());
  for (let i = 1; i <= 1_000; i++) table.insert(0x1234_5678, i);
  const found = new Set<number>();
  for (let value = table.first(0x1234_5678); value !== 0; value = table.next(0x1234_5678)) found.add(value);
  expect(found.size).toBe(1_000);
});

test('many pairs of one key do not blow the directory up', () => {
  const memory = new SlabMemory();
  const table = new PairTable(memory);
  for (let i = 1; i <= 20_000; i++) table.insert(0x1234_5678, i);
  const state = table.save(new SaveContext(memory.snapshot()));
  expect((state['directory'] as number[]).length).toBeLessThanOrEqual(1 << 12);
  expect(memory.usedBytes).toBeLessThan(4 << 20);
});

test('value 0 is refused, because it marks an empty slot', () => {
  expect(() => new PairTable(new SlabMemory()).insert(1, 0)).toThrow(AssertionError);
});

test('a table emptied with its shape kept takes as many pairs again in the same pages, also over a load', () => {
  const memory = new SlabMemory();
  const table = new PairTable(memory);
  const count = 50_000;
  for (let i = 0; i < count; i++) table.insert(mix32(i), i + 1);
  const fullBytes = table.usedBytes;
  table.clearKeepingShape();
  expect([memory.usedBytes, table.count, table.first(mix32(7)), table.has(mix32(7), 8)]).toEqual([0, 0, 0, false]);
  for (let i = 0; i < 100; i++) table.insert(mix32(i), i + 1);
  const context = new SaveContext(memory.snapshot());
  const state = structuredClone(table.save(context));
  const loading = new LoadContext(new SlabMemory(), [...context.pages.keys()], (id) => memory.bytes(context.pages[id]));
  for (const one of [table, PairTable.load(loading, state)]) {
    for (let i = 100; i < count; i++) one.insert(mix32(i), i + 1);
    let wrong = 0;
    for (let i = 0; i < count; i++) if (one.first(mix32(i)) !== i + 1) wrong += 1;
    expect([wrong, one.usedBytes]).toEqual([0, fullBytes]);
    for (let i = count; i < 4 * count; i++) one.insert(mix32(i), i + 1);
    for (let i = 0; i < 4 * count; i++) if (one.first(mix32(i)) !== i + 1) wrong += 1;
    expect(wrong).toBe(0);
  }
});

test('a cleared table holds nothing and gives all but its first page back', () => {
  const memory = new SlabMemory();
  const table = new PairTable(memory);
  const empty = memory.usedBytes;
  for (let i = 0; i < 10_000; i++) table.insert(mix32(i), 1);
  table.clear();
  expect(memory.usedBytes).toBe(empty);
  expect([table.count, table.first(mix32(5))]).toEqual([0, 0]);
  table.insert(mix32(5), 9);
  expect(table.first(mix32(5))).toBe(9);
});

test('a table of an older checkpoint, with places for six pages a group, is read and grows on', () => {
  const memory = new SlabMemory();
  const table = new PairTable(memory);
  const count = 60_000;
  for (let i = 0; i < count; i++) table.insert(mix32(i), i + 1);
  const context = new SaveContext(memory.snapshot());
  const { stride, ...state } = table.save(context);
  const cut = (list: unknown): unknown[] => (list as unknown[]).filter((_, i) => i % (stride as number) < 6);
  expect((state['sizes'] as number[]).every((size) => size <= 6)).toBe(true);
  const old = { ...state, counts: cut(state['counts']), pages: cut(state['pages']) };
  const { pages } = context;
  const loading = new LoadContext(new SlabMemory(), [...pages.keys()], (id) => memory.bytes(pages[id]));
  const again = PairTable.load(loading, old);
  for (let i = count; i < 3 * count; i++) again.insert(mix32(i), i + 1);
  let wrong = 0;
  for (let i = 0; i < 3 * count; i++) if (again.first(mix32(i)) !== i + 1) wrong += 1;
  expect([wrong, again.count]).toEqual([0, 3 * count]);
});

test('pairs that are removed are gone and leave all others to be found', () => {
  const table = new PairTable(new SlabMemory());
  const count = 30_000;
  for (let i = 0; i < count; i++) table.insert(mix32(i), i + 1);
  for (let i = 0; i < count; i += 3) expect(table.remove(mix32(i))).toBe(i + 1);
  expect(table.remove(mix32(0))).toBe(0);
  let wrong = 0;
  for (let i = 0; i < count; i++) if (table.first(mix32(i)) !== (i % 3 === 0 ? 0 : i + 1)) wrong += 1;
  for (let i = 0; i < count; i += 3) table.insert(mix32(i), i + 1);
  for (let i = 0; i < count; i++) if (table.first(mix32(i)) !== i + 1) wrong += 1;
  expect([wrong, table.count]).toEqual([0, count]);
});
