import { describe, expect, test } from 'vitest';
import { parseDurationMs } from '../../../../src/query/binder/duration.ts';

describe('parseDurationMs', () => {
  test.each([
    ['250ms', 250],
    ['0d', 0],
    ['15m', 900_000],
    ['1h', 3_600_000],
    ['30d', 2_592_000_000],
    ['2w', 1_209_600_000],
    ['007s', 7_000],
    ['3650000d', 315_360_000_000_000],
  ])('%s is %d ms', (text, ms) => expect(parseDurationMs(text)).toBe(ms));

  test.each([
    '',
    '30',
    'd',
    '1.5d',
    '-3d',
    '+3d',
    ' 3d',
    '3 d',
    '3D',
    '3mo',
    '1y',
    '3650001d',
    '99999999999999999ms',
    '3d\n',
  ])('%j is refused', (text) =>
    expect(() => parseDurationMs(text)).toThrow(expect.objectContaining({ code: 'query_invalid' })),
  );
});
