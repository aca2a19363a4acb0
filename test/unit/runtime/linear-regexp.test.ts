import { describe, expect, test } from 'vitest';
import { compileLinearRegExp } from '../../../src/runtime/linear-regexp.ts';

describe('compileLinearRegExp', () => {
  test.each([
    ['^a.*z$', 'abcz', true],
    ['b+', 'abbbc', true],
    ['^b', 'ab', false],
    ['(?:de|at)-\\d{5}', 'plz de-12345', true],
    ['[Ee]mail', 'my Email', true],
    ['\\.de$', 'a@b.de', true],
    ['', 'anything', true],
  ])('/%s/ on %j is %s', (pattern, text, expected) => expect(compileLinearRegExp(pattern).test(text)).toBe(expected));

  test.each([
    ['a(?=b)', 'look-ahead', 1],
    ['a(?!b)', 'look-ahead', 1],
    ['(?<=a)b', 'look-behind', 0],
    ['[(?=](?<!a)b', 'look-behind', 5],
    ['(a)\\1', 'back-reference', 3],
    ['(?<x>a)\\k<x>', 'back-reference', 7],
    ['a{2}b{17}', 'counted repeat', 5],
    ['\\{1,20}a{1,20}', 'counted repeat', 8],
  ])('/%s/ is refused for its %s', (pattern, name, position) => {
    const details = expect.objectContaining({ position, reason: expect.stringContaining(name) });
    expect(() => compileLinearRegExp(pattern)).toThrow(expect.objectContaining({ code: 'query_invalid', details }));
  });

  test.each(['(', '[', '*', 'a{2,1}', '\\', '(a{9}){9}'])('/%s/ is refused with a reason', (pattern) =>
    expect(() => compileLinearRegExp(pattern)).toThrow(expect.objectContaining({ code: 'query_invalid' })),
  );

  test('patterns that make a backtracking engine explode answer at once', () => {
    const long = 'a'.repeat(60_000);
    expect(compileLinearRegExp('^(a+)+$').test(`${long}b`)).toBe(false);
    expect(compileLinearRegExp('(a|a)*(a|a)*(a|a)*x').test(long)).toBe(false);
    // V8's linear engine takes minutes for these: each group costs at every unit and way.
    expect(compileLinearRegExp(`${'(.*a)'.repeat(150)}b`).test(long)).toBe(false);
    expect(compileLinearRegExp(`${'(a+)+'.repeat(150)}b`).test(`${long}b`)).toBe(true);
  });

  test('where more states are met than are kept, the answer is the same', () => {
    const text = Array.from({ length: 3_000 }, (_, i) => 'ab'[((i * 2_654_435_761) >>> 7) & 1]).join('');
    const pattern = `a${'[ab]{16}'.repeat(4)}b`;
    expect(compileLinearRegExp(`${pattern}c`).test(text)).toBe(false);
    for (let end = 60; end < 300; end += 7) {
      const part = text.slice(0, end);
      expect(compileLinearRegExp(`${pattern}$`).test(part)).toBe(new RegExp(`${pattern}$`).test(part));
    }
    expect(compileLinearRegExp(`${pattern}$`).test(text)).toBe(new RegExp(`${pattern}$`).test(text));
  });
});
