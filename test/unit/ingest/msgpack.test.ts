import { expect, test } from 'vitest';
import {
  MsgpackCursor,
  skipValue,
  TYPE_ARRAY,
  TYPE_DATE,
  TYPE_FALSE,
  TYPE_MAP,
  TYPE_NIL,
  TYPE_NUMBER,
  TYPE_OTHER,
  TYPE_STRING,
  TYPE_TRUE,
  TYPE_WIDE_INTEGER,
} from '../../../src/ingest/msgpack.ts';

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function cursorOn(bytes: Uint8Array): MsgpackCursor {
  const cursor = new MsgpackCursor();
  cursor.reset(bytes, viewOf(bytes), 0, bytes.length);
  return cursor;
}

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

test('a header that claims 2^32 − 1 elements or bytes is refused at once', () => {
  for (const type of ['dd', 'df', 'db', 'c6', 'c9', 'dc', 'de']) {
    const bytes = hex(`${type} ffffffff 00 00`);
    expect(() => skipValue(bytes, viewOf(bytes), 0, bytes.length)).toThrow(
      expect.objectContaining({ code: 'malformed_msgpack' }),
    );
    expect(() => cursorOn(bytes).read()).toThrow(expect.objectContaining({ code: 'malformed_msgpack' }));
  }
});

test('a million nested arrays are skipped without recursion', () => {
  const bytes = new Uint8Array(1_000_001).fill(0x91);
  bytes[1_000_000] = 0xc0;
  expect(skipValue(bytes, viewOf(bytes), 0, bytes.length)).toBe(bytes.length);
});

test('every scalar form reads as its value', () => {
  const cases: [bytes: string, type: number, number?: number][] = [
    ['00', TYPE_NUMBER, 0],
    ['7f', TYPE_NUMBER, 127],
    ['e0', TYPE_NUMBER, -32],
    ['ff', TYPE_NUMBER, -1],
    ['cc ff', TYPE_NUMBER, 255],
    ['cd ffff', TYPE_NUMBER, 65_535],
    ['ce ffffffff', TYPE_NUMBER, 4_294_967_295],
    ['cf 001fffffffffffff', TYPE_NUMBER, Number.MAX_SAFE_INTEGER],
    ['cf 0020000000000000', TYPE_WIDE_INTEGER],
    ['cf ffffffffffffffff', TYPE_WIDE_INTEGER],
    ['d0 80', TYPE_NUMBER, -128],
    ['d1 8000', TYPE_NUMBER, -32_768],
    ['d2 80000000', TYPE_NUMBER, -2_147_483_648],
    ['d3 ffffffffffffffff', TYPE_NUMBER, -1],
    ['d3 ffe0000000000001', TYPE_NUMBER, Number.MIN_SAFE_INTEGER],
    ['d3 ffe0000000000000', TYPE_WIDE_INTEGER],
    ['d3 8000000000000000', TYPE_WIDE_INTEGER],
    ['ca 3fc00000', TYPE_NUMBER, 1.5],
    ['cb 3fb999999999999a', TYPE_NUMBER, 0.1],
    ['cb 7ff8000000000000', TYPE_NUMBER, Number.NaN],
    ['cb fff0000000000000', TYPE_NUMBER, Number.NEGATIVE_INFINITY],
    ['c0', TYPE_NIL],
    ['c2', TYPE_FALSE],
    ['c3', TYPE_TRUE],
    ['d4 00 00', TYPE_NIL],
    ['d4 05 00', TYPE_OTHER],
    ['c4 02 0102', TYPE_OTHER],
    ['c7 03 05 010203', TYPE_OTHER],
    ['c8 0003 05 010203', TYPE_OTHER],
  ];
  for (const [text, type, number] of cases) {
    const cursor = cursorOn(hex(text));
    expect([text, cursor.read()]).toEqual([text, type]);
    if (number !== undefined) expect([text, cursor.number]).toEqual([text, number]);
    expect([text, cursor.at]).toEqual([text, hex(text).length]);
  }
});

test('timestamps of 32, 64 and 96 bits read as milliseconds, before 1970 and with fractions too', () => {
  const cases: [bytes: string, ms: number][] = [
    ['d6 ff 00000001', 1_000],
    ['d6 ff ffffffff', 4_294_967_295_000],
    // 999,999,999 ns and 2^33 seconds.
    ['d7 ff ee6b27fe 00000000', 2 * 4_294_967_296_000 + 999],
    ['c7 0c ff 3b9ac9ff ffffffffffffffff', -1],
    ['c7 0c ff 00000000 ffffffffffffffff', -1_000],
    ['c7 0c ff 000f4240 0000000000000001', 1_001],
  ];
  for (const [text, ms] of cases) {
    const cursor = cursorOn(hex(text));
    expect([text, cursor.read(), cursor.number]).toEqual([text, TYPE_DATE, ms]);
    expect(cursor.at).toBe(hex(text).length);
  }
  expect(cursorOn(hex('d5 ff 0000')).read()).toBe(TYPE_OTHER);
});

test('a header at the very end of the bytes, or past it, is refused', () => {
  for (const text of [
    '',
    'a1',
    '91',
    '81 a0',
    'd9',
    'd9 01',
    'cb 0000000000',
    'd6 ff 000000',
    'c7 0c ff 00',
    'c1',
    'dc 00',
    'df 000000',
  ]) {
    const bytes = hex(text);
    expect(() => skipValue(bytes, viewOf(bytes), 0, bytes.length)).toThrow(
      expect.objectContaining({ code: 'malformed_msgpack' }),
    );
    expect(() => {
      const cursor = cursorOn(bytes);
      for (let i = 0; i < 4; i++) if (cursor.read() === TYPE_STRING) cursor.at += cursor.count;
    }).toThrow(expect.objectContaining({ code: 'malformed_msgpack' }));
  }
});

test('containers give their count and stay at their first element', () => {
  for (const [text, type, count, at] of [
    ['92 01 02', TYPE_ARRAY, 2, 1],
    ['dc 0001 01', TYPE_ARRAY, 1, 3],
    ['dd 00000001 01', TYPE_ARRAY, 1, 5],
    ['81 a1 61 01', TYPE_MAP, 1, 1],
    ['de 0001 a1 61 01', TYPE_MAP, 1, 3],
    ['df 00000000', TYPE_MAP, 0, 5],
    ['a2 6162', TYPE_STRING, 2, 1],
    ['d9 02 6162', TYPE_STRING, 2, 2],
    ['da 0002 6162', TYPE_STRING, 2, 3],
    ['db 00000002 6162', TYPE_STRING, 2, 5],
  ] as const) {
    const cursor = cursorOn(hex(text));
    expect([text, cursor.read(), cursor.count, cursor.at]).toEqual([text, type, count, at]);
  }
});
