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
    const startedMs = performance.now();
    expect(compileLinearRegExp('^(a+)+$').test(`${'a'.repeat(20_000)}b`)).toBe(false);
    expect(compileLinearRegExp('(a|a)*(a|a)*(a|a)*x').test('a'.repeat(5_000))).toBe(false);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});
