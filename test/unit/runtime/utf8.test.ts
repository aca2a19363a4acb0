/** `writeUtf8` writes what Node's own function writes, for texts of every kind and length around its bounds. */
import { expect, it } from 'vitest';
import { writeUtf8 } from '../../../src/runtime/utf8.ts';

const PIECES = [
  '',
  'a',
  'user-42',
  'é',
  '漢字',
  '👩‍👩‍👧',
  '\u0000',
  '\u007f',
  '\u0080',
  '\ud800',
  'x'.repeat(46),
  'y'.repeat(48),
];

it('gives the bytes of any text, wherever it is put', () => {
  for (const first of PIECES) {
    for (const second of PIECES) {
      const text = first + second;
      const expected = Buffer.from(text, 'utf8');
      const bytes = Buffer.alloc(text.length * 3 + 8, 0xee);
      const size = writeUtf8(text, bytes, 3);
      expect(size).toBe(expected.length);
      expect(bytes.subarray(3, 3 + size)).toEqual(expected);
      expect(bytes.subarray(0, 3)).toEqual(Buffer.alloc(3, 0xee));
    }
  }
});
