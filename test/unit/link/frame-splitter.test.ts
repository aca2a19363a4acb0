/** However a stream is cut into chunks, the same messages come out. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameSplitter } from '../../../src/link/frame-splitter.ts';
import { MalformedMessage } from '../../../src/link/value-reader.ts';

const SEED = 20_261_122;

function framed(messages: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    messages.flatMap((message) => {
      const header = Buffer.alloc(4);
      header.writeUInt32LE(message.length);
      return [header, message];
    }),
  );
}

test('messages survive any cutting', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 10 }),
      (messages, sizes) => {
        const splitter = new FrameSplitter(40);
        const stream = framed(messages);
        const got: Uint8Array[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const end = at + sizes[turn % sizes.length];
          // They are good until the turn is over, also those that came before others of the same chunk.
          const ofTurn: Uint8Array[] = [];
          splitter.push(stream.subarray(at, end), (message) => ofTurn.push(message) > 0);
          got.push(...ofTurn.map((message) => Uint8Array.from(message)));
          at = end;
        }
        expect(got.map((one) => [...one])).toEqual(messages.map((one) => [...one]));
        expect(splitter.isAtBoundary).toBe(true);
      },
    ),
    { numRuns: 500, seed: SEED },
  );
});

test('a length of nothing, or above the limit, is malformed; so it is when it comes byte by byte', () => {
  for (const length of [0, 41, 2 ** 32 - 1]) {
    const header = Buffer.alloc(8);
    header.writeUInt32LE(length);
    expect(() => new FrameSplitter(40).push(header, () => true)).toThrow(MalformedMessage);
    const slow = new FrameSplitter(40);
    for (let at = 0; at < 3; at++) slow.push(header.subarray(at, at + 1), () => true);
    expect(slow.isAtBoundary).toBe(false);
    expect(() => slow.push(header.subarray(3, 4), () => true)).toThrow(MalformedMessage);
  }
});

test('whoever has enough is given no more', () => {
  let count = 0;
  new FrameSplitter(40).push(framed([Uint8Array.of(1), Uint8Array.of(2)]), () => {
    count++;
    return false;
  });
  expect(count).toBe(1);
});
