/** The walkers against two public encoders, and against bytes that are broken on purpose. */
import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { expect, test } from 'vitest';
import { JsonWriter } from '../../src/base/json-writer.ts';
import { MsgpackCursor, skipValue, TYPE_ARRAY, TYPE_MAP, TYPE_STRING } from '../../src/ingest/msgpack.ts';
import { EngineError } from '../../src/model/error.ts';
import { writeMsgpackAsJson } from '../../src/profile/msgpack-json.ts';

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const packr = new Packr({ useRecords: false, variableMapSize: true });
const fixedPackr = new Packr({ useRecords: false });
const ENCODERS: Readonly<Record<string, (value: unknown) => Uint8Array>> = {
  msgpackr: (value) => Uint8Array.from(packr.pack(value)),
  'msgpackr with maps of fixed size': (value) => Uint8Array.from(fixedPackr.pack(value)),
  '@msgpack/msgpack': (value) => Uint8Array.from(encode(value)),
  '@msgpack/msgpack with floats of 32 bits': (value) =>
    Uint8Array.from(encode(value, { forceFloat32: true, ignoreUndefined: true })),
};

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ minLength: 30, maxLength: 300 }),
  fc.constantFrom('__proto__', 'constructor', ''),
);
const leaf = fc.oneof(
  text,
  fc.integer(),
  fc.constantFrom(
    0,
    -1,
    127,
    128,
    255,
    256,
    65_535,
    65_536,
    2 ** 31,
    2 ** 32,
    -32,
    -33,
    -128,
    -129,
    -(2 ** 31),
    2 ** 53 - 1,
    -(2 ** 53 - 1),
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    leaf,
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(text, tie('value'), { maxKeys: 20 }),
  ),
}));

for (const [name, encoder] of Object.entries(ENCODERS)) {
  test(`for any value by ${name}, skipValue ends exactly behind it and every shorter end is refused`, () => {
    fc.assert(
      fc.property(anything, fc.nat(), (value, cut) => {
        const bytes = encoder(value);
        const padded = Buffer.concat([Buffer.from([0xc1, 0xc1]), bytes, Buffer.from([0xc1])]);
        expect(skipValue(padded, viewOf(padded), 2, padded.length)).toBe(2 + bytes.length);
        const end = cut % bytes.length;
        expect(codeOf(() => skipValue(bytes, viewOf(bytes), 0, end))).toBe('malformed_msgpack');
      }),
      { numRuns: 300 },
    );
  });
}

test('for any value, the cursor walks to where skipValue does, and the JSON of it is the value', () => {
  fc.assert(
    fc.property(anything, (value) => {
      const bytes = ENCODERS['msgpackr'](value);
      expect(walk(bytes)).toBe(bytes.length);
      const writer = new JsonWriter();
      writeMsgpackAsJson(writer, bytes, 0, bytes.length);
      expect(JSON.parse(Buffer.from(writer.view).toString('utf8'))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 500 },
  );
});

test('for any bytes at all, the walkers end in time, inside the bytes, or refuse with malformed_msgpack', () => {
  // Mostly container and length bytes, which are what can go wrong.
  const byte = fc.oneof(
    fc.nat(255),
    fc.integer({ min: 0x80, max: 0xa5 }),
    fc.integer({ min: 0xc0, max: 0xdf }),
    fc.constantFrom(0xff, 0x7f, 0),
  );
  fc.assert(
    fc.property(fc.array(byte, { minLength: 1, maxLength: 60 }), (list) => {
      const bytes = Uint8Array.from(list);
      const ends = [() => skipValue(bytes, viewOf(bytes), 0, bytes.length), () => walk(bytes)].map((run) => {
        try {
          const end = run();
          expect(end).toBeLessThanOrEqual(bytes.length);
          return end;
        } catch (error) {
          expect(error).toBeInstanceOf(EngineError);
          return (error as EngineError).code;
        }
      });
      expect(ends[1]).toBe(ends[0]);
    }),
    { numRuns: 20_000 },
  );
});

test('for any value with one byte changed, the walkers end inside the bytes or refuse with malformed_msgpack', () => {
  fc.assert(
    fc.property(anything, fc.nat(), fc.nat(255), (value, at, byte) => {
      const bytes = ENCODERS['@msgpack/msgpack'](value);
      bytes[at % bytes.length] = byte;
      for (const run of [() => skipValue(bytes, viewOf(bytes), 0, bytes.length), () => walk(bytes)]) {
        try {
          expect(run()).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toMatchObject({ name: 'EngineError', code: 'malformed_msgpack' });
        }
      }
    }),
    { numRuns: 3_000 },
  );
});

function codeOf(run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof EngineError ? error.code : String(error);
  }
}

/** Reads header by header, as the scanner does; gives where the first value ends. */
function walk(bytes: Uint8Array): number {
  const cursor = new MsgpackCursor();
  cursor.reset(bytes, viewOf(bytes), 0, bytes.length);
  for (let remaining = 1; remaining > 0; remaining--) {
    const type = cursor.read();
    if (type === TYPE_STRING) cursor.at += cursor.count;
    else if (type === TYPE_ARRAY) remaining += cursor.count;
    else if (type === TYPE_MAP) remaining += 2 * cursor.count;
  }
  return cursor.at;
}
