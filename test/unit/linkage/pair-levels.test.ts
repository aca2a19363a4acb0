/** Levels of agreement, kind by kind, and values that stand in each other's field. */
import { describe, expect, test } from 'vitest';
import { comparisonDataOf } from '../../../src/linkage/comparison-data.ts';
import { type FieldKind, LEVELS } from '../../../src/linkage/field-kind.ts';
import { fieldLevel } from '../../../src/linkage/pair-levels.ts';
import { RecordTableBuilder } from '../../../src/linkage/record-table.ts';

function levelNames(
  kinds: readonly FieldKind[],
  one: readonly (string | null)[],
  other: readonly (string | null)[],
): readonly string[] {
  const builder = new RecordTableBuilder(kinds.map((kind, index) => ({ name: `${kind}${index}`, kind })));
  builder.add(one);
  builder.add(other);
  const data = comparisonDataOf(builder.finish());
  return kinds.map((kind, index) => LEVELS[kind][fieldLevel(data, index, 0, kinds.length)].name);
}

describe('the level of', () => {
  test.each<[FieldKind, string | null, string | null, string]>([
    ['name', 'martha', 'marhta', 'Jaro-Winkler ≥ 0.92'],
    ['name', 'tanya', 'tonya', 'Jaro-Winkler ≥ 0.88'],
    ['name', 'jon', 'jan', 'Jaro-Winkler ≥ 0.70'],
    ['name', 'itman', 'smith', 'different'],
    ['name', 'ann', null, 'missing'],
    ['name', null, null, 'missing'],
    ['date', '1971-06-24', '1971-06-25', 'one digit off, or day and month swapped'],
    ['date', '1971-06-04', '1971-04-06', 'one digit off, or day and month swapped'],
    ['date', '1971-06-29', '1971-07-05', 'two digits off, or within 31 days'],
    ['date', '1971-06-24', '1972-03-11', 'within a year'],
    ['date', '1971-06-24', '1979-03-11', 'within ten years'],
    ['date', '1971-06-24', '1999-03-11', 'different'],
    ['phone', '+44 20 7946 0958', '020 7946 0985', 'one digit off, or the same last seven'],
    ['phone', '1 207 946 0958', '9460958', 'one digit off, or the same last seven'],
    ['phone', '2079460958', '5551234567', 'different'],
    ['email', 'ann@a.com', 'ann@b.org', 'same before the @'],
    ['email', 'ann@a.com', 'anm@a.con', 'two letters off'],
    ['email', 'ann@a.com', 'zoe@elsewhere.org', 'different'],
    ['code', '2148', '1248', 'one character off'],
    ['code', '6988048', '6898048', 'one character off'],
    ['code', '6988048', '6988123', 'different'],
    ['code', '6988048', '6988021', 'two characters off'],
    ['code', '12', '34', 'different'],
    ['category', 'nsw', 'nws', 'one character off'],
  ])('%s %j and %j is %j', (kind, one, other, expected) => {
    expect(levelNames([kind], [one], [other])).toEqual([expected]);
  });

  test('names in each other’s field is told of both fields, also with a gap or a mistake', () => {
    const names: readonly FieldKind[] = ['name', 'name'];
    expect(levelNames(names, ['isla', 'hall'], ['hall', 'isla'])).toEqual(['swapped', 'swapped']);
    expect(levelNames(names, ['isla', 'hall'], ['hall', 'islla'])).toEqual(['swapped', 'swapped']);
    expect(levelNames(names, ['isla', 'hall'], ['hall', null])).toEqual(['missing', 'swapped']);
    expect(levelNames(names, ['isla', 'hall'], ['isla', 'hall'])).toEqual(['same', 'same']);
    expect(levelNames(names, ['isla', 'hall'], ['hall', 'hall'])).toEqual(['different', 'same']);
  });
});
