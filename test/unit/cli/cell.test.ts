import { describe, expect, it } from 'vitest';
import { type CellType, detectType, readCell } from '../../../src/cli/import/cell.ts';

const read = (raw: unknown, type: CellType): unknown => readCell(raw, type, 'C', (text) => `date of ${text}`);

describe('a cell', () => {
  it.each<[unknown, CellType, unknown]>([
    ['17850.0', 'integer', 17850],
    [' 7 ', 'integer', 7],
    ['1e3', 'number', 1000],
    ['-.5', 'number', -0.5],
    [3, 'number', 3],
    ['Yes', 'boolean', true],
    ['0', 'boolean', false],
    [false, 'boolean', false],
    [' x ', 'text', ' x '],
    [12, 'text', '12'],
    [{ a: 1 }, 'text', '{"a":1}'],
    ['[1,2]', 'json', [1, 2]],
    [[1], 'raw', [1]],
    ['x', 'date', 'date of x'],
    ['  ', 'number', undefined],
    [null, 'raw', undefined],
  ])('%j as %s is %j', (raw, type, value) => {
    expect(read(raw, type)).toEqual(value);
  });

  it.each<[unknown, CellType]>([
    ['17850.5', 'integer'],
    ['1,000', 'number'],
    ['0x10', 'number'],
    ['Infinity', 'number'],
    ['1e999', 'number'],
    ['maybe', 'boolean'],
    ['{', 'json'],
  ])('%j is refused as %s', (raw, type) => {
    expect(() => read(raw, type)).toThrow(/^C is /);
  });

  it.each([
    [['1', '2.5', ''], 'number'],
    [['1', '007'], 'text'],
    [['true', 'FALSE'], 'boolean'],
    [['1', 'true'], 'text'],
    [['', ' '], 'text'],
    [['1e5'], 'text'],
  ])('a column of %j is detected as %s', (sample, type) => {
    expect(detectType(sample)).toBe(type);
  });
});
