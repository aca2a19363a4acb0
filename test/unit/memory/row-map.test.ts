/** Stretches of 4,096 rows are pairs while few take part, and an array of rows from then on; nobody outside sees which. */
import { expect, test } from 'vitest';
import { mix32 } from '../../../src/base/hash.ts';
import { PairTable } from '../../../src/memory/pair-table.ts';
import { LoadContext, SaveContext } from '../../../src/memory/persist.ts';
import { RowMap } from '../../../src/memory/row-map.ts';
import { SlabMemory } from '../../../src/memory/slab-memory.ts';

const STRETCH = 4_096;

function saved(memory: SlabMemory, map: RowMap): () => RowMap {
  const context = new SaveContext(memory.snapshot());
  const state = structuredClone(map.save(context));
  const { pages } = context;
  return () =>
    RowMap.load(new LoadContext(new SlabMemory(), [...pages.keys()], (id) => memory.bytes(pages[id])), state);
}

function wrongRows(map: RowMap, model: ReadonlyMap<number, number>, rowCount: number): number {
  let wrong = 0;
  for (let row = 0; row < rowCount; row++) if (map.get(row) !== (model.get(row) ?? -1)) wrong += 1;
  return wrong;
}

test('rows of any density are found, before and after loads, in a snapshot and after more were added', () => {
  // Of each stretch another share takes part, in an order that goes through all stretches again and again.
  const shares = [0.001, 0.9, 0, 0.36, 0.39, 1, 0.05, 0.6];
  const rowCount = shares.length * STRETCH;
  const memory = new SlabMemory();
  let map = new RowMap(memory);
  const model = new Map<number, number>();
  const restored: { readonly load: () => RowMap; readonly model: ReadonlyMap<number, number> }[] = [];
  for (let step = 0; step < rowCount; step++) {
    // 12,289 is prime, so every row comes once.
    const row = (step * 12_289) % rowCount;
    if ((mix32(row) >>> 0) / 2 ** 32 >= shares[row >>> 12]) continue;
    expect(map.get(row)).toBe(-1);
    map.add(row, model.size);
    model.set(row, model.size);
    if (model.size % 2_000 === 0) restored.push({ load: saved(memory, map), model: new Map(model) });
  }
  expect(wrongRows(map, model, rowCount)).toBe(0);
  expect(restored.length).toBeGreaterThan(4);
  for (const { load, model: then } of restored) expect(wrongRows(load(), then, rowCount)).toBe(0);
  map = restored[2].load();
  const now = new Map(restored[2].model);
  for (const [row] of model) {
    if (now.has(row)) continue;
    map.add(row, now.size);
    now.set(row, now.size);
  }
  expect(wrongRows(map, now, rowCount)).toBe(0);
});

test('dense rows take some 4 bytes, sparse ones no more than pairs, and nothing is left behind', () => {
  const memory = new SlabMemory();
  const dense = new RowMap(memory);
  const count = 50 * STRETCH;
  for (let row = 0; row < count; row++) dense.add((row * 12_289) % count, row);
  expect(dense.usedBytes).toBeLessThan(4.5 * count);
  expect(memory.usedBytes).toBe(dense.usedBytes);
  const sparse = new RowMap(new SlabMemory());
  for (let row = 0; row < count; row++) sparse.add(row * 100, row);
  expect(sparse.usedBytes).toBeLessThan(13 * count);
});

test('a map of an older checkpoint, one hash table, is read and moves over when rows come', () => {
  const memory = new SlabMemory();
  const table = new PairTable(memory);
  const model = new Map<number, number>();
  for (let row = 0; row < 3 * STRETCH; row++) {
    if (row % 3 === 0) continue;
    table.insert(mix32(row), model.size + 1);
    model.set(row, model.size);
  }
  const context = new SaveContext(memory.snapshot());
  const state = table.save(context);
  const { pages } = context;
  const loading = new LoadContext(new SlabMemory(), [...pages.keys()], (id) => memory.bytes(pages[id]));
  const map = RowMap.load(loading, state);
  expect(wrongRows(map, model, 3 * STRETCH)).toBe(0);
  for (let row = 0; row < 3 * STRETCH; row += 3) {
    map.add(row, model.size);
    model.set(row, model.size);
  }
  expect(wrongRows(map, model, 4 * STRETCH)).toBe(0);
  expect(map.usedBytes).toBeLessThan(5 * model.size);
});
