import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findJsonFault } from '../../../src/server/http/json-fault.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('findJsonFault', () => {
  test('finds nothing in JSON', () => {
    fc.assert(fc.property(fc.json(), (text) => findJsonFault(text) === undefined));
    expect(findJsonFault(' {"a" : [ 1.5e-3 , true,null , "\\u00e9\\"" ] }\n')).toBeUndefined();
  });

  test('agrees with JSON.parse on texts that are nearly JSON', () => {
    const nearly = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', ',', '}', ']', '{', ':', '0', '\\', '\n', 'e'))
      .map(([json, at, text]) => {
        const position = at % (json.length + 1);
        return json.slice(0, position) + text + json.slice(position + 1);
      });
    fc.assert(
      fc.property(nearly, (text) => (findJsonFault(text) === undefined) === isJson(text)),
      { numRuns: 2_000 },
    );
  });

  test('what comes before the fault could still become JSON', () => {
    const cut = fc.tuple(fc.json(), fc.nat()).map(([json, at]) => json.slice(0, at % (json.length + 1)));
    fc.assert(
      fc.property(cut, (text) => {
        const fault = findJsonFault(text);
        return (
          fault === undefined ||
          fault.position === text.length ||
          /^-?$|^[a-z0-9.eE+-]+$/.test(text.slice(fault.position)) ||
          text[fault.position] === '\\'
        );
      }),
    );
  });

  test.each([
    ['', 0, 'a value'],
    ['[1 2]', 3, 'a comma or the closing bracket'],
    ['{"a" 1}', 5, 'a colon'],
    ['{1:2}', 1, 'a name in double quotes or }'],
    ['{"a":1,}', 7, 'a name in double quotes'],
    ['[1,]', 3, 'a value'],
    ['[}', 1, 'a value or ]'],
    ['1 1', 2, 'the end'],
    ['"a\\x"', 2, 'a valid character or the closing quote of a string'],
    ['["abc', 5, 'a valid character or the closing quote of a string'],
    ['{"abc', 5, 'a valid character or the closing quote of a string'],
    ['01', 1, 'the end'],
  ])('%j: position %i, expected %s', (text, position, expected) => {
    expect(findJsonFault(text)).toEqual({ position, expected });
  });

  test('depth and length are no danger', () => {
    expect(findJsonFault('[{"a":'.repeat(200_000))?.position).toBe(1_200_000);
    expect(findJsonFault(`"${'x'.repeat(2_000_000)}`)?.position).toBe(2_000_001);
    expect(findJsonFault(`"${'\\n'.repeat(1_000_000)}`)?.position).toBe(2_000_001);
  });
});
