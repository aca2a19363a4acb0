import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BoundedCache } from '../../../src/identity/bounded-cache.ts';
import { readIdentitySettings } from '../../../src/identity/settings.ts';
import { keepAsItIs, type LeafValue, Standardiser } from '../../../src/identity/standardiser.ts';
import { DATE_ORDERS, STANDARD_RULES, type StandardRule } from '../../../src/model/identity.ts';

const standardiser = (standardise: object[], defaultCountry?: string) =>
  new Standardiser(readIdentitySettings({ standardise, defaultCountry }));
const apply = (value: LeafValue, rule: StandardRule, order?: string): LeafValue =>
  standardiser([{ trait: 'x', rule, ...(order === undefined ? {} : { order }) }], 'TR').standardise('x', value);

test.each<[StandardRule, LeafValue, LeafValue]>([
  ['trim', '  a b\u00a0', 'a b'],
  ['lower', 'ÅB', 'åb'],
  ['upper', 'åb', 'ÅB'],
  ['title', 'jOHN o\u2019NEIL-smith', 'John O\u2019Neil-Smith'],
  ['title', "JOHN'S d'artagnan 2nd éLAN", "John's D'Artagnan 2nd Élan"],
  ['title', 'ßtraße', 'ßtraße'],
  ['empty_to_null', ' \t', null],
  ['empty_to_null', '', null],
  ['empty_to_null', 'a ', 'a '],
  ['phone', '0532 123 45 67', '+905321234567'],
  ['phone', 'ask me', 'ask me'],
  ['country_code', 'turkey', 'TR'],
  ['country_code', 'Türkiye', 'TR'],
  ['country_code', 'TÜRKİYE', 'TR'],
  ['country_code', 'tr', 'TR'],
  ['country_code', 'TUR', 'TR'],
  ['country_code', 'UK', 'GB'],
  ['country_code', 'U.S.A.', 'US'],
  ['country_code', 'The United States', 'US'],
  ['country_code', 'Deutschland', 'DE'],
  ['country_code', 'España', 'ES'],
  ['country_code', 'espana', 'ES'],
  ['country_code', '日本', 'JP'],
  ['country_code', 'ไทย', 'TH'],
  ['country_code', 'Россия', 'RU'],
  ['country_code', 'Holland', 'NL'],
  ['country_code', 'Republic of Ireland', 'IE'],
  ['country_code', 'Republic of China', 'TW'],
  ['country_code', "Côte d'Ivoire", 'CI'],
  ['country_code', 'Ivory Coast', 'CI'],
  ['country_code', 'St. Lucia', 'LC'],
  ['country_code', 'Trinidad & Tobago', 'TT'],
  ['country_code', 'Burma', 'MM'],
  ['country_code', 'Hong Kong SAR', 'HK'],
  ['country_code', 'Atlantis', 'Atlantis'],
  ['country_code', 'ZZ', 'ZZ'],
  ['country_code', '__proto__', '__proto__'],
  ['country_code', 5, 5],
  ['number', ' 42 ', 42],
  ['number', '-0', 0],
  ['number', '+1.5', 1.5],
  ['number', '1e3', 1000],
  ['number', '1,234.50', 1234.5],
  ['number', '1.234,50', 1234.5],
  ['number', '1,234,567', 1_234_567],
  ['number', '1.234.567', 1_234_567],
  ['number', '12,5', 12.5],
  ['number', '1 234,5', 1234.5],
  ['number', "1'234'567", 1_234_567],
  ['number', '€ 12,50', 12.5],
  ['number', '-$1,234.00', -1234],
  ['number', '12 ₺', 12],
  ['number', '1,234', '1,234'],
  ['number', '+905321234567', '+905321234567'],
  ['number', '12,34,567', '12,34,567'],
  ['number', '12 34', '12 34'],
  ['number', '0x10', '0x10'],
  ['number', 'Infinity', 'Infinity'],
  ['number', '1e999', '1e999'],
  ['number', '', ''],
  ['number', '12345678901234567890', '12345678901234567890'],
  ['number', true, true],
  ['boolean', ' Yes', true],
  ['boolean', 'FALSE', false],
  ['boolean', '1', true],
  ['boolean', 0, false],
  ['boolean', 2, 2],
  ['boolean', 'maybe', 'maybe'],
  ['boolean', null, null],
])('%s of %j is %j', (rule, value, expected) => expect(apply(value, rule)).toBe(expected));

test.each<[LeafValue, string | undefined, LeafValue]>([
  ['2024-03-07', undefined, '2024-03-07'],
  ['2024-03-07T10:00:00+03:00', undefined, '2024-03-07T10:00:00+03:00'],
  ['2024-03-07 10:00:00', undefined, '2024-03-07T10:00:00Z'],
  ['2024-03-07 10:00:00.123456+0300', undefined, '2024-03-07T10:00:00.123456+03:00'],
  ['2024/3/7', undefined, '2024-03-07'],
  ['20240307', undefined, '2024-03-07'],
  [20240307, undefined, '2024-03-07'],
  ['07.03.2024', undefined, '2024-03-07'],
  ['07.03.2024', 'mdy', '2024-07-03'],
  ['07/03/2024', 'dmy', '2024-03-07'],
  ['07/03/2024', 'mdy', '2024-07-03'],
  ['07/03/2024', undefined, '07/03/2024'],
  ['25/12/2024', 'mdy', '2024-12-25'],
  ['12-25-2024', 'dmy', '2024-12-25'],
  ['05/05/2024', undefined, '2024-05-05'],
  ['7 March 2024', undefined, '2024-03-07'],
  ['7th Sept 2024', undefined, '2024-09-07'],
  ['Mar. 7, 2024', undefined, '2024-03-07'],
  ['07-MAR-2024', undefined, '2024-03-07'],
  ['Thu, 07 Mar 2024 10:00:00 GMT', undefined, '2024-03-07T10:00:00Z'],
  ['3/14/2024 9:05 PM', undefined, '2024-03-14T21:05:00Z'],
  ['3/14/2024 12:05 am', undefined, '2024-03-14T00:05:00Z'],
  ['3/14/2024 13:05 PM', undefined, '3/14/2024 13:05 PM'],
  [1_700_000_000, undefined, '2023-11-14T22:13:20.000Z'],
  [1_700_000_000_000, undefined, '2023-11-14T22:13:20.000Z'],
  ['1700000000', undefined, '2023-11-14T22:13:20.000Z'],
  ['30/02/2024', undefined, '30/02/2024'],
  ['2024-02-30', undefined, '2024-02-30'],
  ['07/03/62', 'dmy', '07/03/62'],
  ['7 Foo 2024', undefined, '7 Foo 2024'],
  ['soon', undefined, 'soon'],
  [12, undefined, 12],
  [true, undefined, true],
])('the date %j in the order %s is %j', (value, order, expected) => expect(apply(value, 'date', order)).toBe(expected));

describe('which rules apply', () => {
  const subject = standardiser([
    { trait: '*', rule: 'trim' },
    { trait: 'address.*', rule: 'upper' },
    { trait: 'address.country', rule: 'country_code' },
    { trait: '__proto__', rule: 'lower' },
  ]);

  test('all that fit the path, in order', () => {
    expect(subject.standardise('name', ' Ann ')).toBe('Ann');
    expect(subject.standardise('address.country', ' Germany ')).toBe('DE');
    expect(subject.standardise('address.city', 'Bonn')).toBe('BONN');
    expect(subject.standardise('address', 'Bonn')).toBe('Bonn');
    expect(subject.standardise('addressed.x', 'Bonn')).toBe('Bonn');
    expect(subject.standardise('__proto__', 'A')).toBe('a');
  });

  test('without settings nothing changes', () => {
    const idle = standardiser([]);
    expect(idle.isIdle).toBe(true);
    expect(idle.standardise('a', ' A ')).toBe(' A ');
    expect(idle.forPath('a')).toBe(keepAsItIs);
  });
});

const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom(...'0123456789.,-+/: eEtTzZ$€\u00a0\u0130ıßﬁΣς\u0345'), maxLength: 16 }),
  fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  fc.constantFrom(
    'Turkey',
    ' deutschland',
    'yes',
    'N',
    '0532 123 45 67',
    '3/4/2024',
    '+12133734253 ext 5',
    '7 March 2024 10:00',
  ),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);

test.each(STANDARD_RULES.map((rule) => [rule]))('%s applied twice is applied once', (rule) => {
  const orders = rule === 'date' ? [undefined, ...DATE_ORDERS] : [undefined];
  for (const order of orders) {
    const subject = standardiser([{ trait: '*', rule, ...(order === undefined ? {} : { order }) }], 'TR');
    fc.assert(
      fc.property(value, (one) => {
        const once = subject.standardise('x', one);
        expect(subject.standardise('x', once)).toBe(once);
      }),
      { numRuns: 3_000 },
    );
  }
});

test('a cache holds no more than twice its capacity, keeps what is in use and no long texts', () => {
  const cache = new BoundedCache<string>(10);
  let made = 0;
  const make = (text: string): string => `${text}${++made}`;
  cache.get('hot', make);
  for (let i = 0; i < 1_000; i++) {
    expect(cache.get(`k${i}`, make).startsWith(`k${i}`)).toBe(true);
    expect(cache.get('hot', make)).toBe('hot1');
    expect(cache.size).toBeLessThanOrEqual(20);
  }
  const size = cache.size;
  cache.get('x'.repeat(10_000), make);
  expect(cache.size).toBe(size);
});
