/** Bitmap indexes over trait values: built lazily, kept up, given up and dropped. */
import { describe, expect, it } from 'vitest';
import type { CodeSelection, CodeTest } from '../../../../src/query/binder/formula.ts';
import { INDEX_VALUE_COUNT_MAX } from '../../../../src/query/index/value-index.ts';
import { ValueIndexes } from '../../../../src/query/planner/value-index.ts';
import { identify, World } from '../execution/world.ts';

const ANY: CodeSelection = { kind: 'any' };

function testOf(world: World, selection: CodeSelection, name = 'v'): CodeTest {
  const owner = world.data.profiles.traits.find((column) => column.segments[0] === name)!.strings!;
  return { kind: 'codes', column: owner.codes, owner, selection };
}

describe('value indexes', () => {
  it('answer over several chunks', () => {
    const world = new World();
    world.apply(Array.from({ length: 70_000 }, (_, i) => identify(`u${i}`, { v: `value ${i % 300}` })));
    const indexes = new ValueIndexes(1 << 24);
    const code = world.data.profiles.traits[0].strings!.codes.get(69_999);
    const rows = indexes.rows(testOf(world, { kind: 'one', code }), 70_000)!;
    const expected = Array.from({ length: 70_000 }, (_, i) => i).filter((i) => i % 300 === 69_999 % 300);
    expect([...rows.rowsFrom(0, 70_000)]).toEqual(expected);
    expect(indexes.rows(testOf(world, ANY), 70_000)!.cardinality).toBe(70_000);
    expect(indexes.sizeBytes).toBeGreaterThan(100_000);
    indexes.close();
    expect(indexes.sizeBytes).toBe(0);
  });

  it('are not kept for columns of many values', () => {
    const world = new World();
    world.apply(Array.from({ length: INDEX_VALUE_COUNT_MAX }, (_, i) => identify(`u${i}`, { v: `value ${i}` })));
    const indexes = new ValueIndexes(1 << 24);
    const test = testOf(world, { kind: 'one', code: 1 });
    expect(indexes.rows(test, 100)?.cardinality).toBe(1);
    world.apply([identify('one more', { v: 'new' })]);
    expect(indexes.rows(test, 100)).toBeUndefined();
    expect(world.data.profiles.traits[0].strings!.changes).toBeUndefined();
  });

  it('leave a test of very many values to a scan', () => {
    const world = new World();
    world.apply(Array.from({ length: 2_000 }, (_, i) => identify(`u${i}`, { v: `value ${i}` })));
    expect(new ValueIndexes(1 << 24).rows(testOf(world, ANY), 2_000)).toBeUndefined();
  });

  it('drop the one not used for longest when memory is short', () => {
    const world = new World();
    world.apply(Array.from({ length: 9_000 }, (_, i) => identify(`u${i}`, { a: `a ${i % 50}`, b: `b ${i % 50}` })));
    const indexes = new ValueIndexes(30_000);
    for (const name of ['a', 'b', 'a']) indexes.rows(testOf(world, { kind: 'one', code: 1 }, name), 9_000);
    const listening = world.data.profiles.traits.map((column) => column.strings!.changes !== undefined);
    expect(listening).toEqual([true, false]);
  });

  it('are built again when their log was lost or the codes were renumbered', () => {
    const world = new World();
    world.apply(Array.from({ length: 100 }, (_, i) => identify(`u${i}`, { v: i % 2 === 0 ? 'even' : 'odd' })));
    const indexes = new ValueIndexes(1 << 24);
    const strings = world.data.profiles.traits[0].strings!;
    const test = testOf(world, { kind: 'one', code: 1 });
    expect(indexes.rows(test, 100)!.cardinality).toBe(50);
    for (let i = 0; i < 1_100_000; i++) strings.changes!.record(0, 1, 1);
    expect(strings.changes!.entries.length).toBe(0);
    world.apply([identify('u0', { v: 'odd' })]);
    expect(indexes.rows(test, 100)!.cardinality).toBe(49);
    strings.generation += 1;
    strings.codes.set(2, 2);
    expect(indexes.rows(test, 100)!.cardinality).toBe(48);
  });
});
