/** Jaro–Winkler against published values, and its two ways of counting against a plain one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jaroWinkler } from '../../../src/linkage/jaro-winkler.ts';

function similarity(a: string, b: string): number {
  const units = Uint16Array.from(a + b, (unit) => unit.charCodeAt(0));
  return jaroWinkler(units, 0, a.length, a.length, a.length + b.length);
}

/** As the definition reads, with arrays. */
function plain(a: string, b: string): number {
  if (a === '' || b === '') return a === b ? 1 : 0;
  const reach = Math.max(0, Math.floor(Math.max(a.length, b.length) / 2) - 1);
  const taken = new Set<number>();
  const fromB: string[] = [];
  [...b].forEach((unit, j) => {
    const i = [...a].findIndex((other, index) => other === unit && !taken.has(index) && Math.abs(index - j) <= reach);
    if (i < 0) return;
    taken.add(i);
    fromB.push(unit);
  });
  const fromA = [...a].filter((_, index) => taken.has(index));
  const matches = fromA.length;
  if (matches === 0) return 0;
  const transposed = Math.floor(fromA.filter((unit, index) => unit !== fromB[index]).length / 2);
  const jaro = (matches / a.length + matches / b.length + (matches - transposed) / matches) / 3;
  let prefix = 0;
  while (prefix < Math.min(4, a.length, b.length) && a[prefix] === b[prefix]) prefix++;
  return jaro > 0.7 ? jaro + prefix * 0.1 * (1 - jaro) : jaro;
}

describe('jaroWinkler', () => {
  // Winkler 1994, table of string comparators, and its usual examples.
  test.each([
    ['shackleford', 'shackelford', 0.982],
    ['dunningham', 'cunnigham', 0.896],
    ['nichleson', 'nichulson', 0.956],
    ['jones', 'johnson', 0.832],
    ['massey', 'massie', 0.933],
    ['abroms', 'abrams', 0.922],
    ['jeraldine', 'geraldine', 0.926],
    ['marhta', 'martha', 0.961],
    ['michelle', 'michael', 0.921],
    ['julies', 'julius', 0.933],
    ['tanya', 'tonya', 0.88],
    ['dwayne', 'duane', 0.84],
    ['sean', 'susan', 0.805],
    ['jon', 'john', 0.933],
    ['jon', 'jan', 0.8],
    ['dixon', 'dicksonx', 0.813],
    ['hardin', 'martinez', 0.722],
    ['itman', 'smith', 0.467],
  ])('of %s and %s is %f', (one, other, expected) => {
    expect(similarity(one, other)).toBeCloseTo(expected, 3);
  });

  test('of empty texts is 1, of an empty and another 0', () => {
    expect([similarity('', ''), similarity('a', ''), similarity('', 'a')]).toEqual([1, 0, 0]);
  });

  test('for any two texts, short or long, equals the plain count', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd', 'é', 'ß'), maxLength: 45 });
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(similarity(one, other)).toBeCloseTo(plain(one, other), 12);
      }),
      { seed: 7, numRuns: 3_000 },
    );
  });
});
