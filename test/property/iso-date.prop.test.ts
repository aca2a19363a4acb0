import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  daysSince1970,
  formatIsoDate,
  ISO_DATE_MAX_MS,
  ISO_DATE_MIN_MS,
  parseIsoDateBytesMs,
  parseIsoDateMs,
} from '../../src/base/iso-date.ts';

const encoder = new TextEncoder();

function bytesMs(text: string): number {
  const bytes = encoder.encode(`ab${text}yz`);
  return parseIsoDateBytesMs(bytes, 2, bytes.length - 4);
}

const instants = fc.integer({ min: ISO_DATE_MIN_MS, max: ISO_DATE_MAX_MS });
const pad = (value: number, size: number): string => String(value).padStart(size, '0');

test('for any instant of the years 0 to 9999, parsing what was formatted gives the instant', () => {
  fc.assert(
    fc.property(instants, (ms) => {
      const text = formatIsoDate(ms);
      expect(text).toBe(new Date(ms).toISOString());
      expect(parseIsoDateMs(text)).toBe(ms);
      expect(bytesMs(text)).toBe(ms);
      expect(parseIsoDateMs(text.slice(0, 10))).toBe(Math.floor(ms / 86_400_000) * 86_400_000);
    }),
    { numRuns: 2_000 },
  );
});

test('for any fields, in range or not, the strict parser agrees with Date on real ones and refuses the others', () => {
  const fields = fc.record({
    year: fc.integer({ min: 0, max: 9999 }),
    month: fc.integer({ min: 0, max: 14 }),
    day: fc.integer({ min: 0, max: 33 }),
    hour: fc.integer({ min: 0, max: 25 }),
    minute: fc.integer({ min: 0, max: 61 }),
    second: fc.integer({ min: 0, max: 61 }),
    fraction: fc.option(fc.stringMatching(/^\d{1,9}$/), { nil: undefined }),
    hasSeconds: fc.boolean(),
    zone: fc.constantFrom('Z', '+00:00', '-00:00', '+05:45', '-11:30', '+23:59', '-23:59'),
  });
  fc.assert(
    fc.property(fields, ({ year, month, day, hour, minute, second, fraction, hasSeconds, zone }) => {
      const seconds = hasSeconds ? `:${pad(second, 2)}${fraction === undefined ? '' : `.${fraction}`}` : '';
      const text = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${pad(hour, 2)}:${pad(minute, 2)}${seconds}${zone}`;
      const isTime = hour < 24 && minute < 60 && (!hasSeconds || second < 60);
      const midnight = new Date(0);
      midnight.setUTCFullYear(year, month - 1, day);
      const isDay = midnight.getUTCMonth() === month - 1 && midnight.getUTCDate() === day;
      const expected = isTime && isDay ? Date.parse(text) : Number.NaN;
      expect(parseIsoDateMs(text)).toBe(expected);
      expect(bytesMs(text)).toBe(expected);
      if (isDay) expect(daysSince1970(year, month, day)).toBe(midnight.getTime() / 86_400_000);
    }),
    { numRuns: 3_000 },
  );
});

test('for any text one edit away from a date, the text form and the byte form agree and never throw', () => {
  const edits = fc.tuple(
    instants,
    fc.nat(24),
    fc.nat(2),
    fc.constantFrom('', '0', '9', ':', '-', 'Z', 'z', ' ', 'é', '\0'),
  );
  fc.assert(
    fc.property(edits, ([ms, at, removed, inserted]) => {
      const text = formatIsoDate(ms);
      const edited = text.slice(0, at) + inserted + text.slice(at + removed);
      expect(bytesMs(edited)).toBe(parseIsoDateMs(edited));
    }),
    { numRuns: 3_000 },
  );
});

test('for any text at all, parsing gives a whole number or NaN', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const ms = parseIsoDateMs(text);
      expect(Number.isNaN(ms) || Number.isInteger(ms)).toBe(true);
    }),
  );
});
