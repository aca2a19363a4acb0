/** Every pair that any rule files together is visited once and under its first rule; by brute force over all pairs. */
import { describe, expect, test } from 'vitest';
import { FEBRL_FIELDS, FEBRL_SHAPE, people } from '../../../bench/linkage/people.ts';
import { BLOCK_SIZE_MAX } from '../../../src/linkage/block-index.ts';
import { keyNumber } from '../../../src/linkage/blocking-key.ts';
import { fileUnderRule, prepareLinkage } from '../../../src/linkage/linkage-plan.ts';
import { isBlocked, planMorsels, visitPairs } from '../../../src/linkage/morsel.ts';
import { type RecordTable, RecordTableBuilder } from '../../../src/linkage/record-table.ts';

const OPTIONS = { pairsPerRecord: 5, pairsMin: 0, ruleCountMax: 12, seed: 3 };

function febrlLike(seed: number, recordCount: number): RecordTable {
  const builder = new RecordTableBuilder(FEBRL_FIELDS.map((name) => ({ name })));
  for (const { values } of people({ ...FEBRL_SHAPE, seed, recordCount }))
    builder.add(FEBRL_FIELDS.map((field) => values[field]));
  return builder.finish();
}

describe('pairs', () => {
  test.each([1, 2, 3])('are each visited once, seed %i, whatever the size of morsels', (seed) => {
    const table = febrlLike(seed, 600);
    const prepared = prepareLinkage(table, { ...OPTIONS, rules: undefined });
    const { data, keys } = prepared;
    const rules = prepared.rules.map((_, rule) => fileUnderRule(prepared, rule));
    const index = { rules, keys };
    const width = data.fields.length;
    const isFiled = (rule: number, a: number, b: number): boolean =>
      prepared.rules[rule].keys.every((key) => {
        const number = keyNumber(key, data.codes, a * width);
        return number !== 0 && number === keyNumber(key, data.codes, b * width);
      });
    const expected: string[] = [];
    for (let a = 0; a < table.recordCount; a++) {
      for (let b = a + 1; b < table.recordCount; b++) {
        const isAny = rules.some((_, rule) => isFiled(rule, a, b));
        expect(isBlocked(index, a, b)).toBe(isAny);
        if (isAny) expected.push(`${a}-${b}`);
      }
    }
    for (const pairsPerMorsel of [1, 37, 1_000_000]) {
      const visited: string[] = [];
      const { morsels } = planMorsels(rules, pairsPerMorsel);
      let told = 0;
      for (const morsel of morsels) told += visitPairs(index, morsel, (a, b) => visited.push(`${a}-${b}`));
      expect(told).toBe(visited.length);
      expect(visited.sort()).toEqual(expected.toSorted());
    }
    expect(expected.length).toBeGreaterThan(300);
  });

  test('of a placeholder that everybody has are cut by another field or left out', () => {
    const builder = new RecordTableBuilder([
      { name: 'code', kind: 'code' },
      { name: 'name', kind: 'name' },
    ]);
    const count = BLOCK_SIZE_MAX * 2;
    for (let row = 0; row < count; row++) builder.add(['0000', row < 1_500 ? 'nobody' : `name ${row % 100}`]);
    const prepared = prepareLinkage(builder.finish(), { ...OPTIONS, rules: [[{ field: 'code', form: 'same' }]] });
    const { rows, starts } = fileUnderRule(prepared, 0);
    expect(rows.length).toBe(count - 1_500);
    expect(starts.length - 1).toBe(100);
  });

  test('of an unknown key are refused with the list of keys', () => {
    const table = febrlLike(1, 60);
    const rules = [[{ field: 'surname', form: 'month' as const }]];
    expect(() => prepareLinkage(table, { ...OPTIONS, rules })).toThrow(/surname \(sound\)/);
  });
});
