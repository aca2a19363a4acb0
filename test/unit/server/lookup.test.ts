import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAddress, typedIdentifier } from '../../../src/server/lookup/address.ts';
import { BytePage, MAX_ANSWER_BYTES } from '../../../src/server/lookup/byte-page.ts';
import { parseLookupQuery } from '../../../src/server/lookup/lookup-request.ts';

describe('addresses', () => {
  test('agree with the rule that is written down', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'z', 'A', '0', '_', '.', ':', '-', 'é') }), (text) => {
        const match = /^([a-z][a-z0-9_.]*):(.*)$/s.exec(text);
        expect(typedIdentifier(text)).toEqual(match === null ? undefined : { type: match[1], value: match[2] });
      }),
    );
  });

  test('are texts or pairs', () => {
    expect(parseAddress('x', 0)).toBe('x');
    expect(parseAddress({ type: 'email', value: 'a:b', more: 1 }, 0)).toEqual({ type: 'email', value: 'a:b' });
    for (const bad of [1, null, [], {}, { type: 'a' }, { type: 1, value: 'x' }])
      expect(() => parseAddress(bad, 7)).toThrow(/ids\[7\]/);
  });
});

test('a query string becomes options only when it asks for something', () => {
  expect(parseLookupQuery('x=1')).toBeUndefined();
  expect(parseLookupQuery('fields=a,b.c&events=3')).toEqual({ fields: ['a', 'b.c'], events: 3 });
  expect(parseLookupQuery('fields=')).toEqual({ fields: [], events: undefined });
  expect(() => parseLookupQuery('events=10001')).toThrow(/10000/);
});

describe('BytePage', () => {
  test('holds what was written, in order, across growth', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.uint8Array({ maxLength: 9_000 })), { maxLength: 40 }), (pieces) => {
        const page = new BytePage();
        for (const piece of pieces) {
          if (typeof piece === 'string') page.text(piece);
          else page.bytes(piece);
        }
        expect(Buffer.compare(page.view(), Buffer.concat(pieces.map((piece) => Buffer.from(piece as string))))).toBe(0);
      }),
    );
  });

  test('numbers, reset and the bound', () => {
    const page = new BytePage();
    page.byte(7);
    page.uint32(0x01020304);
    expect([...page.view()]).toEqual([7, 1, 2, 3, 4]);
    page.reset();
    expect(page.view()).toHaveLength(0);
    const half = new Uint8Array(MAX_ANSWER_BYTES / 2);
    page.bytes(half);
    page.bytes(half);
    expect(() => page.byte(1)).toThrow(expect.objectContaining({ code: 'payload_too_large' }));
    page.reset();
    page.text('after');
    expect(Buffer.from(page.view()).toString()).toBe('after');
  });
});
