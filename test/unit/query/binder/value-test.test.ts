/** Operators as questions about one value: bounds, instants, and what text tests do with bytes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileTextTest } from '../../../../src/query/binder/text-matcher.ts';
import { bindOperator, fitsNumber, nextUp, type TextTest } from '../../../../src/query/binder/value-test.ts';

const NOW_MS = Date.UTC(2024, 0, 1);
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

function matches(test: TextTest, text: string): boolean {
  const bytes = Buffer.from(`<${text}>`);
  return compileTextTest(test)(bytes, 1, bytes.length - 2);
}

describe('bounds', () => {
  it('next to each other have no number between them, for any number', () => {
    fc.assert(
      fc.property(finite, (value) => {
        const above = nextUp(value);
        expect(above).toBeGreaterThan(value);
        const middle = value / 2 + above / 2;
        expect(middle <= value || middle >= above).toBe(true);
      }),
    );
  });

  it('compare as the operators do, for any two numbers', () => {
    fc.assert(
      fc.property(finite, finite, (value, literal) => {
        const fits = (op: 'lt' | 'lte' | 'gt' | 'gte' | 'eq'): boolean => {
          const { numbers } = bindOperator(op, literal, NOW_MS).plain;
          return numbers !== undefined && fitsNumber(numbers, value);
        };
        expect([fits('lt'), fits('lte'), fits('gt'), fits('gte'), fits('eq')]).toEqual([
          value < literal,
          value <= literal,
          value > literal,
          value >= literal,
          value === literal,
        ]);
      }),
    );
  });
});

describe('text tests', () => {
  const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', 'a', 'ab', 'é', '😀', '2024-01-01'));
  it('order as UTF-8 bytes do, for any texts', () => {
    fc.assert(
      fc.property(anyText, anyText, (text, literal) => {
        const order = Buffer.compare(Buffer.from(text), Buffer.from(literal));
        const bound = (isIncluded: boolean) => ({ text: literal, isIncluded });
        expect(matches({ kind: 'order', min: bound(true), max: undefined }, text)).toBe(order >= 0);
        expect(matches({ kind: 'order', min: bound(false), max: undefined }, text)).toBe(order > 0);
        expect(matches({ kind: 'order', min: undefined, max: bound(true) }, text)).toBe(order <= 0);
        expect(matches({ kind: 'order', min: undefined, max: bound(false) }, text)).toBe(order < 0);
      }),
    );
  });

  it('find parts as strings do, for any texts', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (left, part, right) => {
        const text = left + part + right;
        for (const literal of [part, left, right, `${part}x`]) {
          expect(matches({ kind: 'contains', text: literal }, text)).toBe(text.includes(literal));
          expect(matches({ kind: 'starts', text: literal }, text)).toBe(text.startsWith(literal));
          expect(matches({ kind: 'ends', text: literal }, text)).toBe(text.endsWith(literal));
        }
      }),
    );
  });

  it('look for half a surrogate pair in the decoded text', () => {
    expect(matches({ kind: 'contains', text: '\ud83d' }, 'x😀')).toBe(true);
    expect(matches({ kind: 'ends', text: '\ude00' }, 'x😀')).toBe(true);
    expect(matches({ kind: 'starts', text: '\ud83d' }, 'x😀')).toBe(false);
    expect(matches({ kind: 'equal', texts: ['\ud83d'] }, '\ufffd')).toBe(false);
  });
});

it.each([
  ['within_last', '1d', [-86_400_000, 0], [-86_400_001, 1]],
  ['within_next', '1d', [0, 86_399_999], [-1, 86_400_000]],
  ['older_than', '1d', [-86_400_001], [-86_400_000]],
] as const)('%s %s includes and leaves out the right edges', (op, value, inside, outside) => {
  const { texts } = bindOperator(op, value, NOW_MS).plain;
  for (const offset of inside) expect(matches(texts!, new Date(NOW_MS + offset).toISOString())).toBe(true);
  for (const offset of outside) expect(matches(texts!, new Date(NOW_MS + offset).toISOString())).toBe(false);
});
