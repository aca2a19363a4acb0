import { expect, test } from 'vitest';
import { nearestWord } from '../../../src/base/nearest-word.ts';

test.each<[string, readonly string[], string | undefined]>([
  ['contry', ['city', 'country'], 'country'],
  ['COUNTRY', ['country'], 'country'],
  ['palns', ['plans'], 'plans'],
  ['tpye', ['type', 'when'], 'type'],
  ['cit', ['city'], 'city'],
  ['cit', ['country'], undefined],
  ['or', ['and'], undefined],
  // A swap and another slip are three edits, of which seven characters allow two.
  ['cuontri', ['country'], undefined],
  ['survivroshp', ['survivorship'], 'survivorship'],
  ['same', ['sane', 'sale'], 'sane'],
  ['x', [], undefined],
  ['a'.repeat(41), ['a'.repeat(41)], undefined],
])('%s among %j: %s', (word, candidates, expected) => {
  expect(nearestWord(word, candidates)).toBe(expected);
});
