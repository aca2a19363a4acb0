import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { frameHead, frameOp, isWhole } from '../../../src/server/stream/frame-scan.ts';

const packed = (value: unknown): Buffer => Buffer.from(encode(value));
const value = fc.oneof(
  fc.jsonValue(),
  fc.uint8Array({ maxLength: 300 }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(Number),
  fc.date({ noInvalidDate: true }),
  fc.string({ maxLength: 300 }),
  fc.array(fc.nat(), { maxLength: 40 }),
);

describe('frameHead', () => {
  test('finds op and ref wherever they stand, past any value', () => {
    fc.assert(
      fc.property(value, value, fc.oneof(fc.nat(), fc.string({ maxLength: 50 })), (before, after, ref) => {
        const frame = packed({ a: before, op: 'track', b: after, ref, batch: [before, after] });
        expect(frameHead(frame)).toEqual({ op: 'track', ref });
        expect(frameOp(frame)).toBe('track');
        expect(isWhole(frame)).toBe(true);
      }),
    );
  });

  test('reads what other encoders write', () => {
    const large = Object.fromEntries(Array.from({ length: 70_000 }, (_, index) => [`k${index}`, index]));
    expect(frameHead(packed({ ...large, op: 'get', ref: 1 }))).toEqual({ op: 'get', ref: 1 });
    const packr = new Packr({ useRecords: false, variableMapSize: false });
    expect(frameHead(packr.pack({ op: 'get', ref: 'x' }))).toEqual({ op: 'get', ref: 'x' });
    // Names as str 8, which the format allows.
    expect(frameOp(Buffer.from([0x81, 0xd9, 2, 0x6f, 0x70, 0xd9, 1, 0x78]))).toBe('x');
  });

  test('is not led astray', () => {
    expect(frameHead(packed([{ op: 'track' }]))).toEqual({ op: undefined, ref: undefined });
    expect(frameHead(packed({ batch: [{ op: 'track', ref: 1 }] }))).toEqual({ op: undefined, ref: undefined });
    expect(frameOp(packed({ op: 5 }))).toBeUndefined();
    expect(frameOp(packed({ op: 'x'.repeat(100) }))).toBeUndefined();
    expect(frameHead(packed({ op: 'a', ref: 'x'.repeat(1_000) })).ref).toBeUndefined();
    expect(frameOp(Buffer.alloc(0))).toBeUndefined();
  });

  test('a frame cut off anywhere is not whole and never read past its end', () => {
    fc.assert(
      fc.property(value, fc.nat(), (any, at) => {
        const frame = packed({ a: any, op: 'track', ref: 1 });
        const cut = frame.subarray(0, at % frame.length);
        frameHead(cut);
        return !isWhole(cut);
      }),
    );
  });

  test('claims of gigabytes and of endless depth are linear in the frame', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void frameHead(Buffer.from(bytes))));
    expect(isWhole(Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff, 1, 1]))).toBe(false);
    expect(isWhole(Buffer.from([0xc6, 0xff, 0xff, 0xff, 0xff, 1, 1]))).toBe(false);
    expect(isWhole(Buffer.alloc(1_000_000, 0x91))).toBe(false);
    expect(isWhole(Buffer.concat([Buffer.alloc(1_000_000, 0x91), Buffer.from([1])]))).toBe(true);
    expect(isWhole(Buffer.from([1, 1]))).toBe(false);
  });
});
