import { describe, expect, test } from 'vitest';
import { formatIsoDate } from '../../../../src/base/iso-date.ts';
import type { Window } from '../../../../src/model/expression.ts';
import { resolveWindow } from '../../../../src/query/binder/window.ts';

const NOW = Date.parse('2024-05-15T10:20:30.400Z');
const DAY = 86_400_000;

function bound(ms: number): string {
  return Number.isFinite(ms) ? formatIsoDate(ms).replace(':00.000Z', 'Z') : String(ms);
}

function resolved(window: Window | undefined, now: string, at?: string): string {
  const range = resolveWindow(window, Date.parse(now), at === undefined ? undefined : Date.parse(at));
  return `${bound(range.fromMs)} .. ${bound(range.untilMs)}`;
}

describe('resolveWindow without a calendar', () => {
  test.each<[string, Window | undefined, number, number]>([
    ['absent is ever', undefined, -Infinity, Infinity],
    ['last includes now', { last: '7d' }, NOW - 7 * DAY, NOW + 1],
    ['between leaves out its near end', { between: ['90d', '30d'] }, NOW - 90 * DAY, NOW - 30 * DAY],
    ['from and to', { from: '2024-01-01', to: '2024-02-01' }, Date.UTC(2024, 0, 1), Date.UTC(2024, 1, 1)],
    ['from alone', { from: '2024-01-01T00:00+01:00' }, Date.UTC(2023, 11, 31, 23), Infinity],
    ['to alone', { to: '2024-01-01' }, -Infinity, Date.UTC(2024, 0, 1)],
  ])('%s', (_, window, fromMs, untilMs) => expect(resolveWindow(window, NOW)).toEqual({ fromMs, untilMs }));

  const at = NOW - 10 * DAY;
  test.each<[string, Window | undefined, number, number]>([
    ['ever ends at that moment', undefined, -Infinity, at + 1],
    ['last counts from it', { last: '7d' }, at - 7 * DAY, at + 1],
    ['between counts from it', { between: ['20d', '1d'] }, at - 20 * DAY, at - DAY],
    ['later ends are cut', { from: '2024-01-01', to: '2024-12-01' }, Date.UTC(2024, 0, 1), at + 1],
    ['earlier ends stay', { to: '2024-01-01' }, -Infinity, Date.UTC(2024, 0, 1)],
    ['the current month is cut', { calendar: 'month' }, Date.UTC(2024, 4, 1), at + 1],
  ])('as of a moment, %s', (_, window, fromMs, untilMs) =>
    expect(resolveWindow(window, NOW, at)).toEqual({ fromMs, untilMs }),
  );

  test('refuses dates and durations that are none', () => {
    const invalid = expect.objectContaining({ code: 'query_invalid' });
    expect(() => resolveWindow({ last: 'soon' }, NOW)).toThrow(invalid);
    expect(() => resolveWindow({ from: 'yesterday' }, NOW)).toThrow(invalid);
  });
});

describe('resolveWindow with a calendar', () => {
  // 2024-05-15 is a Wednesday.
  test.each<[Window, string]>([
    [{ calendar: 'day' }, '2024-05-15T00:00Z .. 2024-05-16T00:00Z'],
    [{ calendar: 'day', offset: -1 }, '2024-05-14T00:00Z .. 2024-05-15T00:00Z'],
    [{ calendar: 'week' }, '2024-05-13T00:00Z .. 2024-05-20T00:00Z'],
    [{ calendar: 'week', offset: 1 }, '2024-05-20T00:00Z .. 2024-05-27T00:00Z'],
    [{ calendar: 'month', offset: -1 }, '2024-04-01T00:00Z .. 2024-05-01T00:00Z'],
    [{ calendar: 'month', offset: -5 }, '2023-12-01T00:00Z .. 2024-01-01T00:00Z'],
    [{ calendar: 'month', offset: -17 }, '2022-12-01T00:00Z .. 2023-01-01T00:00Z'],
    [{ calendar: 'quarter' }, '2024-04-01T00:00Z .. 2024-07-01T00:00Z'],
    [{ calendar: 'quarter', offset: -2 }, '2023-10-01T00:00Z .. 2024-01-01T00:00Z'],
    [{ calendar: 'year', offset: -1 }, '2023-01-01T00:00Z .. 2024-01-01T00:00Z'],
  ])('%j is %s in UTC', (window, expected) => expect(resolved(window, '2024-05-15T10:20:30.400Z')).toBe(expected));

  test.each<[string, Window, string, string]>([
    [
      'a zone ahead is already in the next month',
      { calendar: 'month', timeZone: 'Europe/Berlin' },
      '2024-04-30T22:30:00Z',
      '2024-04-30T22:00Z .. 2024-05-31T22:00Z',
    ],
    [
      'a zone behind is still in the month before',
      { calendar: 'month', timeZone: 'America/Los_Angeles' },
      '2024-05-01T06:59:59Z',
      '2024-04-01T07:00Z .. 2024-05-01T07:00Z',
    ],
    [
      'the day that loses an hour has 23',
      { calendar: 'day', timeZone: 'Europe/Berlin' },
      '2024-03-31T12:00:00Z',
      '2024-03-30T23:00Z .. 2024-03-31T22:00Z',
    ],
    [
      'the day that gains an hour has 25',
      { calendar: 'day', timeZone: 'Europe/Berlin' },
      '2024-10-27T12:00:00Z',
      '2024-10-26T22:00Z .. 2024-10-27T23:00Z',
    ],
    [
      'a day without midnight begins at one',
      { calendar: 'day', timeZone: 'America/Sao_Paulo' },
      '2018-11-04T12:00:00Z',
      '2018-11-04T03:00Z .. 2018-11-05T02:00Z',
    ],
    [
      'the day before it ends there',
      { calendar: 'day', offset: -1, timeZone: 'America/Sao_Paulo' },
      '2018-11-04T12:00:00Z',
      '2018-11-03T03:00Z .. 2018-11-04T03:00Z',
    ],
    [
      'clocks back at midnight make a day of 25 hours',
      { calendar: 'day', timeZone: 'America/Sao_Paulo' },
      '2019-02-16T12:00:00Z',
      '2019-02-16T02:00Z .. 2019-02-17T03:00Z',
    ],
    [
      'of two midnights the first counts',
      { calendar: 'day', timeZone: 'America/Havana' },
      '2023-11-05T12:00:00Z',
      '2023-11-05T04:00Z .. 2023-11-06T05:00Z',
    ],
    [
      'a date that a zone left out is empty',
      { calendar: 'day', offset: 1, timeZone: 'Pacific/Apia' },
      '2011-12-30T08:00:00Z',
      '2011-12-30T10:00Z .. 2011-12-30T10:00Z',
    ],
    [
      'half-hour zones',
      { calendar: 'week', timeZone: 'Asia/Kolkata' },
      '2024-05-15T10:20:30Z',
      '2024-05-12T18:30Z .. 2024-05-19T18:30Z',
    ],
    [
      'a quarter over the change',
      { calendar: 'quarter', offset: -1, timeZone: 'Europe/Berlin' },
      '2024-05-15T10:20:30Z',
      '2023-12-31T23:00Z .. 2024-03-31T22:00Z',
    ],
  ])('%s', (_, window, now, expected) => expect(resolved(window, now)).toBe(expected));

  test('days of every zone join without gap or overlap, each holding its local noon', () => {
    for (const timeZone of [
      'Europe/Berlin',
      'America/Sao_Paulo',
      'America/Havana',
      'Asia/Tehran',
      'Africa/Cairo',
      'Asia/Beirut',
    ]) {
      const noon = Date.parse('2018-06-01T12:00:00Z');
      let last = resolveWindow({ calendar: 'day', offset: -1, timeZone }, noon).untilMs;
      for (let offset = 0; offset < 500; offset++) {
        const range = resolveWindow({ calendar: 'day', offset, timeZone }, noon);
        expect(range.fromMs).toBe(last);
        expect([23, 24, 25]).toContain((range.untilMs - range.fromMs) / 3_600_000);
        last = range.untilMs;
      }
    }
  });
});
