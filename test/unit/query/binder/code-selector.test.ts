/** Codes that fit a test: kept between queries, extended by what was learned since, bounded in memory. */
import { describe, expect, it } from 'vitest';
import type { TextColumn } from '../../../../src/profile/text-column.ts';
import { CodeSelector } from '../../../../src/query/binder/code-selector.ts';
import type { CodeSelection } from '../../../../src/query/binder/formula.ts';
import type { TextTest } from '../../../../src/query/binder/value-test.ts';
import { HASH_SEED, identify, World } from '../execution/world.ts';

function columnOf(world: World): TextColumn {
  return world.data.profiles.traits[0].strings!;
}

function textsOf(column: TextColumn, selection: CodeSelection): string[] {
  const found: string[] = [];
  for (let code = 1; code <= column.dictionary.count; code++) {
    const fits =
      selection.kind === 'one' ? selection.code === code : selection.kind === 'table' && selection.table[code] === 1;
    if (fits) found.push(column.dictionary.text(code));
  }
  return found;
}

const STARTS: TextTest = { kind: 'starts', text: 'a' };

describe('a code selector', () => {
  it('learns what came since the last time and leaves the older answer as it was', () => {
    const world = new World().add(identify('u1', { v: 'apple' }), identify('u2', { v: 'pear' }));
    const selector = new CodeSelector(HASH_SEED, 1 << 20);
    const first = selector.texts(columnOf(world), STARTS);
    expect(textsOf(columnOf(world), first)).toEqual(['apple']);
    world.add(identify('u3', { v: 'avocado' }), identify('u4', { v: 'plum' }));
    expect(textsOf(columnOf(world), selector.texts(columnOf(world), STARTS))).toEqual(['apple', 'avocado']);
    expect(first).toMatchObject({ kind: 'table', fitCount: 1 });
  });

  it('finds equal texts with the hash seed and without', () => {
    const world = new World().add(identify('u1', { v: 'apple' }), identify('u2', { v: 'pear' }));
    for (const seed of [HASH_SEED, undefined]) {
      const selector = new CodeSelector(seed, 1 << 20);
      const equal = (texts: string[]): string[] => {
        return textsOf(columnOf(world), selector.texts(columnOf(world), { kind: 'equal', texts }));
      };
      expect(equal(['pear'])).toEqual(['pear']);
      expect(equal(['plum'])).toEqual([]);
      expect(equal(['pear', 'plum', 'apple', 'pear'])).toEqual(['apple', 'pear']);
    }
  });

  it('starts again when the codes were renumbered', () => {
    const world = new World();
    for (let i = 0; i < 100; i++) world.overwrite([identify(`u${i}`, { v: `${i % 2 === 0 ? 'a' : 'b'}${i}` })]);
    const column = columnOf(world);
    const selector = new CodeSelector(HASH_SEED, 1 << 20);
    const date: TextTest = { kind: 'date', minMs: 0, maxMs: Infinity };
    selector.texts(column, STARTS);
    selector.texts(column, date);
    column.enableCompaction(50);
    for (let i = 0; i < 100; i++) world.overwrite([identify(`u${i}`, { v: `a then 2024-01-${10 + (i % 9)}` })]);
    for (let i = 0; i < 200; i++) world.overwrite([identify('u1', { v: `b ${i}` })]);
    world.overwrite([identify('u1', { v: '2024-01-01' })]);
    expect(column.generation).toBeGreaterThan(0);
    const held = textsOf(column, selector.texts(column, STARTS)).filter((text) => text.startsWith('a'));
    expect(held.length).toBe(textsOf(column, selector.texts(column, STARTS)).length);
    expect(textsOf(column, selector.texts(column, date))).toEqual(['2024-01-01']);
  });

  it('forgets the oldest answers beyond its memory', () => {
    const world = new World();
    world.apply(Array.from({ length: 999 }, (_, i) => identify(`u${i}`, { v: `value ${i}` })));
    const selector = new CodeSelector(HASH_SEED, 10_000);
    for (let i = 0; i < 50; i++) {
      selector.texts(columnOf(world), { kind: 'contains', text: String(i) });
      expect(selector.usedBytes).toBeLessThanOrEqual(10_000);
    }
    expect(selector.usedBytes).toBe(10_000);
    selector.texts(columnOf(world), { kind: 'date', minMs: 0, maxMs: 1 });
    expect(selector.usedBytes).toBeLessThanOrEqual(10_000);
  });
});
