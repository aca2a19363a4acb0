/** Our matcher against JavaScript's own: patterns put together from every construct of the language that it takes, on short texts of the same letters. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildAutomaton } from '../../src/base/regexp/automaton.ts';
import { RegexpMatcher } from '../../src/base/regexp/matcher.ts';
import { parseRegexp } from '../../src/base/regexp/syntax.ts';

const ATOMS = [
  ...[
    'a',
    'b',
    'A',
    '_',
    '0',
    ' ',
    '-',
    'é',
    '東',
    '}',
    ']',
    '{',
    '{a',
    'a{,2}',
    '.',
    '\\.',
    '\\/',
    '\\d',
    '\\D',
    '\\w',
    '\\W',
    '\\s',
    '\\S',
  ],
  ...[
    '^',
    '$',
    '\\b',
    '\\B',
    '\\t',
    '\\n',
    '\\x41',
    '\\x4',
    '\\u0061',
    '\\u61',
    '\\u{61}',
    '\\cA',
    '\\c1',
    '\\c',
    '\\0',
    '\\101',
    '\\400',
    '\\8',
    '\\k',
    '\\p{L}',
    '\\-',
  ],
  ...[
    '[ab]',
    '[^ab]',
    '[]',
    '[^]',
    '[a-c_]',
    '[\\w-]',
    '[\\w-a]',
    '[a-\\d]',
    '[-a]',
    '[\\]]',
    '[\\b]',
    '[\\cA\\c_\\c-]',
    '[\\D\\d]',
    '[é-ü]',
    '[^\\s.]',
    '[\\101-\\103]',
    '[[]',
  ],
  ...['\\ud83d', '(?:)', '()'],
];
const QUANTIFIERS = ['', '', '', '*', '+', '?', '*?', '+?', '??', '{2}', '{0}', '{0,2}', '{1,}', '{1,3}?'];

const quantified = (atom: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(atom, fc.constantFrom(...QUANTIFIERS)).map(([one, times]) => one + times);
const { pattern } = fc.letrec<{ pattern: string; group: string }>((tie) => ({
  pattern: fc
    .array(
      fc.oneof(
        { weight: 4, arbitrary: quantified(fc.constantFrom(...ATOMS)) },
        quantified(tie('group')),
        fc.constant('|'),
      ),
      {
        maxLength: 5,
      },
    )
    .map((parts) => parts.join('')),
  group: fc
    .tuple(
      fc.constantFrom('(', '(?:', '(?<n>'),
      fc.oneof({ depthSize: 'small' }, fc.constantFrom('a', 'a|b', '^|b', ''), tie('pattern')),
    )
    .map(([begin, inner]) => `${begin}${inner})`),
}));
const text = fc
  .array(fc.constantFrom(...'aabbA_0 -é東.\n\t\u0001}{]/', 'ab', '😀', '\ud83d', '\u2028', '\u001f', 'u'), {
    maxLength: 12,
  })
  .map((parts) => parts.join(''));

function expected(source: string): RegExp | undefined {
  try {
    return new RegExp(source);
  } catch {
    return undefined;
  }
}

describe('a text fits a pattern', () => {
  it('as JavaScript says', () => {
    let compared = 0;
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 6, maxLength: 6 }), (source, texts) => {
        const own = expected(source);
        // `\k` behind a named group and `\1` look back: refused before ours is asked.
        if (own === undefined || (source.includes('(?<') && source.includes('\\k'))) return;
        const matcher = new RegexpMatcher(buildAutomaton(parseRegexp(source)));
        for (const one of texts) {
          expect([source, one, matcher.test(one)]).toEqual([source, one, own.test(one)]);
          compared += 1;
        }
      }),
      { numRuns: 4_000 },
    );
    expect(compared).toBeGreaterThan(5_000);
  });
});
