import { expect, test } from 'vitest';
import { countOf, greatestCount, leastCount } from '../../../src/memory/scaled-number.ts';

test('every count up to five digits comes back from the number that its text says, and so do the largest', () => {
  for (const [scale, places] of [
    [100, 2],
    [10_000, 4],
  ]) {
    for (let count = -99_999; count <= 99_999; count++) {
      const sign = count < 0 ? '-' : '';
      const text = String(Math.abs(count)).padStart(places + 1, '0');
      const value = Number(`${sign}${text.slice(0, -places)}.${text.slice(-places)}`);
      if (countOf(value, scale) !== count) expect([value, countOf(value, scale)]).toEqual([value, count]);
    }
    expect(countOf(2_147_483_647 / scale, scale)).toBe(2_147_483_647);
  }
  expect(countOf(21_474_836.47, 100)).toBe(2_147_483_647);
  expect(countOf(214_748.3647, 10_000)).toBe(2_147_483_647);
});

test('what is no whole count is none', () => {
  const near = 0.1 + 0.2;
  for (const value of [near, 1.00005, 0.00001, 1 / 3, 1e-300, -0, Number.NaN, 5e-324]) {
    expect(countOf(value, 10_000)).toBeNaN();
    expect(countOf(value, 100)).toBeNaN();
  }
  expect(countOf(1.005, 100)).toBeNaN();
});

test('bounds are the counts at the edge of the range, also for bounds between two numbers', () => {
  for (const scale of [100, 10_000]) {
    for (const step of [
      0.001,
      0.0099,
      0.01,
      0.1,
      0.29,
      0.57,
      1.1,
      1.15,
      1.005,
      12.34,
      19.989999999999995,
      1e5 + 0.01,
    ]) {
      for (const bound of [step, -step, 0, step * 7, -step * 7]) {
        const least = leastCount(bound, scale);
        expect(least / scale >= bound && (least - 1) / scale < bound).toBe(true);
        const greatest = greatestCount(bound, scale);
        expect(greatest / scale <= bound && (greatest + 1) / scale > bound).toBe(true);
      }
    }
    expect(leastCount(Number.NEGATIVE_INFINITY, scale)).toBe(Number.NEGATIVE_INFINITY);
    expect(greatestCount(Number.POSITIVE_INFINITY, scale)).toBe(Number.POSITIVE_INFINITY);
  }
});
