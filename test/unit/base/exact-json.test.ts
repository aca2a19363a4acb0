import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hasLongDigits, parseWithWideIntegers } from '../../../src/base/exact-json.ts';

test('a run of 16 digits is found wherever it lies, and no shorter one', () => {
  for (let before = 0; before < 40; before++) {
    for (let length = 1; length < 40; length++) {
      const bytes = Buffer.from(`${'x'.repeat(before)}${'7'.repeat(length)}yy`);
      expect({ before, length, found: hasLongDigits(bytes) }).toEqual({ before, length, found: length >= 16 });
    }
  }
});

test('what JavaScript writes comes back as it was: nothing in it is rounded', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), fc.integer(), fc.double({ noNaN: true }), (value, n, x) => {
      const json = JSON.stringify([value, n * 2 ** 40, x, `${n}9007199254740993`]);
      expect(parseWithWideIntegers(json)).toBeUndefined();
    }),
  );
});

test('any integer that a double does not hold becomes a bigint, wherever it stands', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }), (value, integer) => {
      const odd = integer | 1n;
      const json = `{"a":[${JSON.stringify(value)},{"b": -${odd} }],"__proto__":${odd},"c":"${odd}"}`;
      const read = parseWithWideIntegers(json) as { a: [unknown, { b: unknown }]; c: unknown };
      expect([typeof read.a[1].b, typeof Reflect.get(read, '__proto__'), read.c]).toEqual([
        'bigint',
        'bigint',
        `${odd}`,
      ]);
      expect(read.a[0]).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('texts that look like what stands for an integer meanwhile stay texts, however many there are', () => {
  const texts = Array.from({ length: 200_000 }, (_, i) => `#${i}`);
  const read = parseWithWideIntegers(JSON.stringify({ texts }).replace('{', '{"n":9007199254740993,')) as {
    n: unknown;
    texts: unknown;
  };
  expect(typeof read.n).toBe('bigint');
  expect(read.texts).toEqual(texts);
});
