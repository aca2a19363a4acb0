/** Normal forms and guessed kinds. */
import { describe, expect, test } from 'vitest';
import type { FieldKind } from '../../../src/linkage/field-kind.ts';
import { guessKind } from '../../../src/linkage/kind-guess.ts';
import { dateOrderOf, normalForm } from '../../../src/linkage/normal-form.ts';
import { RecordTableBuilder, tableOfMaps } from '../../../src/linkage/record-table.ts';

describe('normalForm', () => {
  test.each<[FieldKind, string, string]>([
    ['name', '  Renée   O’Neil-Smith ', 'renee oneil smith'],
    ['name', 'Straße', 'strasse'],
    ['text', '12, High St.', '12 high st'],
    ['date', '1971-06-24', '1971-06-24'],
    ['date', '1971-06-24T10:00:00Z', '1971-06-24'],
    ['date', '19710624', '1971-06-24'],
    ['date', '24/06/1971', '1971-06-24'],
    ['date', '24.6.71', '1971-06-24'],
    ['date', '06/24/1971', '1971-06-24'],
    ['date', '24 June 1971', '1971-06-24'],
    ['date', 'Jun 24, 1971', '1971-06-24'],
    ['date', '19711324', '1971-13-24'],
    ['phone', '+44 (0)20 7946 0958', '2079460958'],
    ['phone', '020 7946 0958', '2079460958'],
    ['email', ' Ann.Lee+news@Example.COM ', 'ann.lee@example.com'],
    ['code', 'SW1A 1AA', 'sw1a1aa'],
    ['category', ' NSW ', 'nsw'],
    ['name', 'N/A', ''],
    ['date', '', ''],
  ])('of a %s %j is %j', (kind, raw, expected) => {
    expect(normalForm(kind, raw)).toBe(expected);
  });

  test('reads days and months in the order that the column uses', () => {
    const order = dateOrderOf(['03/04/2020', '12/25/2020']);
    expect(order).toBe('month-first');
    expect(normalForm('date', '03/04/2020', order)).toBe('2020-03-04');
    expect(normalForm('date', '03/04/2020', dateOrderOf(['03/04/2020', '25/12/2020']))).toBe('2020-04-03');
  });
});

describe('guessKind', () => {
  test.each<[string, readonly string[], number, FieldKind | undefined]>([
    ['contact', ['a@b.com', 'c@d.org', 'e@f.net'], 3, 'email'],
    ['phone', ['+1 555 0100', '555-0199'], 2, 'phone'],
    ['birthday', ['1970-01-01', '1980-02-02', 'unknown'], 3, 'date'],
    ['firstName', ['Ann', 'Bob', 'Cyd'], 3, 'name'],
    ['address.street', ['1 High St', '2 Low Rd'], 2, 'text'],
    ['postcode', ['2000', '3000', '3004'], 3, 'code'],
    ['gender', ['f', 'm'], 2, 'category'],
    ['segment', ['gold', 'silver'], 500, 'category'],
    ['x', ['24/06/1971', '25/12/1980', '01/02/1990'], 3, 'date'],
    ['constant', ['same'], 100, undefined],
  ])('of %s', (name, values, presentCount, expected) => {
    expect(guessKind({ name, sample: values, distinctCount: values.length, presentCount })).toBe(expected);
  });
});

describe('a record table', () => {
  test('has equal codes for values that differ in spelling habits only, and 0 for missing ones', () => {
    const builder = new RecordTableBuilder([{ name: 'city', kind: 'name' }]);
    for (const value of ['Zürich', 'zurich ', null, undefined, '', 'Bern', 5]) builder.add([value]);
    const [{ codes, values }] = builder.finish().fields;
    expect([...codes]).toEqual([1, 1, 0, 0, 0, 2, 3]);
    expect(values).toEqual(['', 'zurich', 'bern', '5']);
  });

  test('leaves out ids that no two records share', () => {
    const rows = Array.from(
      { length: 60 },
      (_, row) =>
        new Map([
          ['id', `u${row}`],
          ['name', row % 2 === 0 ? 'Ann' : 'Bob'],
        ]),
    );
    expect(tableOfMaps(rows).fields.map(({ name }) => name)).toEqual(['name']);
  });

  test('without any field that could tell records apart is refused', () => {
    const builder = new RecordTableBuilder([{ name: 'constant' }]);
    builder.add(['same']);
    expect(() => builder.finish()).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});
