import { describe, expect, it } from 'vitest';
import { compileArithmetic } from '../../../src/cli/import/arithmetic.ts';

const COLUMNS: Readonly<Record<string, number>> = { a: 6, b: 2.55, 'Unit Price': 4, größe: 3 };

function evaluate(text: string): number {
  const compiled = compileArithmetic<null>(text, (name) => {
    if (!Object.hasOwn(COLUMNS, name)) throw new Error(`no ${name}`);
    return () => COLUMNS[name];
  });
  return compiled(null);
}

describe('arithmetic over columns', () => {
  it.each([
    ['a*b', 15.3],
    ['a - b - 1', 2.45],
    ['a / 4 / 3', 0.5],
    ['2 + 3 * a', 20],
    ['(2 + 3) * a', 30],
    ['-a * -1', 6],
    ['[Unit Price] * größe', 12],
    ['1.5', 1.5],
  ])('%s is %d', (text, value) => {
    expect(evaluate(text)).toBe(value);
  });

  it.each(['', 'a*', '*a', 'a b', '(a', 'a)', 'a ** b', 'a; b', 'a["x"]', '`a`', 'process.exit(1)'])(
    'refuses %j',
    (text) => {
      expect(() => evaluate(text)).toThrow();
    },
  );

  it('refuses what is nested without end', () => {
    expect(() => evaluate(`${'('.repeat(10_000)}a`)).toThrow('nested too deep');
    expect(() => evaluate(`${'-'.repeat(10_000)}a`)).toThrow();
  });
});
