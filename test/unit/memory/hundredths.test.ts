import { expect, test } from 'vitest';
import { greatestHundredths, hundredthsOf, leastHundredths } from '../../../src/memory/hundredths.ts';

test('every count of hundredths up to five digits comes back from the number that its text says', () => {
  for (let count = -99_999; count <= 99_999; count++) {
    const sign = count < 0 ? '-' : '';
    const text = String(Math.abs(count)).padStart(3, '0');
    const value = Number(`${sign}${text.slice(0, -2)}.${text.slice(-2)}`);
    if (hundredthsOf(value) !== count) expect([value, hundredthsOf(value)]).toEqual([value, count]);
  }
  expect(hundredthsOf(21_474_836.47)).toBe(2_147_483_647);
});

test('what is no whole count of hundredths is none', () => {
  const near = 0.1 + 0.2;
  for (const value of [near, 1.005, 0.001, 1 / 3, 1e-300, -0, Number.NaN, 5e-324]) expect(hundredthsOf(value)).toBeNaN();
});

test('bounds are the counts at the edge of the range, also for bounds between two numbers', () => {
  for (const step of [0.001, 0.0099, 0.01, 0.1, 0.29, 0.57, 1.1, 1.15, 1.005, 12.34, 19.989999999999995, 1e9 + 0.01]) {
    for (const bound of [step, -step, 0, step * 7, -step * 7]) {
      const least = leastHundredths(bound);
      expect(least / 100 >= bound && (least - 1) / 100 < bound).toBe(true);
      const greatest = greatestHundredths(bound);
      expect(greatest / 100 <= bound && (greatest + 1) / 100 > bound).toBe(true);
    }
  }
  expect(leastHundredths(Number.NEGATIVE_INFINITY)).toBe(Number.NEGATIVE_INFINITY);
  expect(greatestHundredths(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
});
