/** Raw records become the very table that their values make when they are added one by one. */
import { describe, expect, test } from 'vitest';
import { FEBRL_FIELDS, FEBRL_SHAPE, people } from '../../../bench/linkage/people.ts';
import { linkRecords } from '../../../src/linkage/link-records.ts';
import { RawRecordsBuilder, tableOfRaw } from '../../../src/linkage/raw-records.ts';
import { RecordTableBuilder } from '../../../src/linkage/record-table.ts';

const SEED = 9;

function rawOf(names: readonly string[], rows: readonly (readonly string[])[]): RawRecordsBuilder {
  const builder = new RawRecordsBuilder(names);
  for (const row of rows) {
    builder.addRecord(
      row.map((value, field) => {
        const bytes = Buffer.from(`..${value}`, 'utf8');
        return value === '' ? 0 : builder.addText(field, bytes, 2, bytes.length - 2);
      }),
    );
  }
  return builder;
}

test(`the same table as from values, seed ${SEED}`, () => {
  const rows = [...people({ ...FEBRL_SHAPE, seed: SEED, recordCount: 40_000 })].map(({ values }, i) =>
    FEBRL_FIELDS.map((field) => (field === 'suburb' && i % 7 === 0 ? `Größe ${values[field]}` : values[field])),
  );
  const builder = new RecordTableBuilder(FEBRL_FIELDS.map((name) => ({ name })));
  for (const row of rows) builder.add(row.map((value) => (value === '' ? undefined : value)));
  const expected = builder.finish();
  const table = tableOfRaw(rawOf(FEBRL_FIELDS, rows).finish());
  expect(table.recordCount).toBe(40_000);
  expect(table.fields.map(({ name, kind }) => [name, kind])).toEqual(
    expected.fields.map(({ name, kind }) => [name, kind]),
  );
  for (const [i, { codes, values }] of table.fields.entries()) {
    expect(values).toEqual(expected.fields[i].values);
    expect(Buffer.from(codes.buffer).equals(Buffer.from(expected.fields[i].codes.buffer))).toBe(true);
  }
});

describe('odd texts', () => {
  test('are cut where they are too long, and fill blocks to the last byte', () => {
    const names = ['name'];
    const rows = Array.from({ length: 5_000 }, (_, i) => [`${'x'.repeat(i % 400)} ${i % 50}`]);
    const raw = rawOf(names, rows).finish();
    expect(raw.rawFields[0].blocks.length).toBeGreaterThan(2);
    const [field] = tableOfRaw(raw).fields;
    const longest = Math.max(...field.values.map(({ length }) => length));
    expect(longest).toBe(255);
    expect(field.values[field.codes[0]]).toBe('0');
    expect(field.values[field.codes[4_001]]).toBe('x 1');
  });

  test('nothing to compare is refused by its code, whoever makes the table', async () => {
    for (const rows of [[], [['']], [['same'], ['same']]]) {
      await expect(linkRecords(rawOf(['plan'], rows).finish())).rejects.toMatchObject({ code: 'invalid_request' });
    }
  });
});
