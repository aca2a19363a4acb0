/** What is written is read back exactly; msgpackr reads the same; whatever else comes is refused and nothing worse. */
import fc from 'fast-check';
import { Unpackr } from 'msgpackr';
import { expect, test } from 'vitest';
import { MalformedMessage, ValueReader } from '../../../src/link/value-reader.ts';
import { DEPTH_MAX, ValueWriter } from '../../../src/link/value-writer.ts';

const SEED = 20_261_122;
const writer = new ValueWriter(1 << 24);
const reader = new ValueReader();

function written(value: unknown): Uint8Array {
  writer.begin();
  writer.value(value);
  return writer.end();
}

function read(bytes: Uint8Array): unknown {
  reader.open(bytes);
  const value = reader.value();
  reader.close();
  return value;
}

const KINDS = [Int8Array, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array];
const typedArray = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.int8Array({ maxLength: 300 }),
  fc.int16Array({ maxLength: 300 }),
  fc.uint16Array({ maxLength: 300 }),
  fc.int32Array({ maxLength: 300 }),
  fc.uint32Array({ maxLength: 300 }),
  fc.float32Array({ maxLength: 300 }),
  fc.float64Array({ maxLength: 300 }),
);
const text = fc.oneof(
  fc.string({ maxLength: 80 }),
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.nat(70_000).map((length) => 'ä'.repeat(length)),
);
const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, Number.NaN, 1 / 0, -1 / 0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, -32, -33),
);
const key = fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'toString', '', 'a', 'length', '0'));
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, undefined, true, false),
    number,
    text,
    typedArray,
    fc.array(tie('value'), { maxLength: 20 }),
    fc
      .array(fc.tuple(key, tie('value')), { maxLength: 20 })
      // fromEntries defines, it does not assign.
      .map((entries) => Object.fromEntries(entries)),
  ),
}));

/** Stricter than toStrictEqual: own `__proto__`, sign of zero, order of keys, kind of array. */
function difference(a: unknown, b: unknown, path = ''): string | undefined {
  if (Object.is(a, b)) return undefined;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return path;
  if (ArrayBuffer.isView(a) || ArrayBuffer.isView(b)) {
    if (!(ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) || a.constructor !== b.constructor) return path;
    return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength))
      ? undefined
      : path;
  }
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return path;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  if (left.length !== right.length) return path;
  for (const [index, [name, part]] of left.entries()) {
    if (right[index][0] !== name) return `${path}/${name}`;
    const found = difference(part, right[index][1], `${path}/${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

test('every value comes back as it was', () => {
  fc.assert(
    fc.property(value, (given) => {
      expect(difference(read(written(given)), given)).toBe(undefined);
    }),
    { numRuns: 1_000, seed: SEED },
  );
});

test('the comparison itself sees what it is for', () => {
  const own = Object.fromEntries([['__proto__', 1]]);
  expect([
    difference(-0, 0),
    difference({ a: undefined }, {}),
    difference(own, {}),
    difference([new Int8Array(1)], [new Uint8Array(1)]),
    difference([1, [2]], [1, [3]]),
  ]).toEqual(['', '', '', '/0', '/1/0']);
});

test('msgpackr reads the same, but for what it cannot hold', () => {
  const unpackr = new Unpackr({ useRecords: false, moreTypes: true, mapsAsObjects: true });
  const known = fc.oneof(
    number,
    fc.string(),
    typedArray,
    fc.array(fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), number, { noNullPrototype: true })),
  );
  fc.assert(
    fc.property(known, (given) => {
      const got: unknown = unpackr.unpack(written(given));
      const isBytes = given instanceof Uint8Array && got instanceof Uint8Array;
      expect(difference(isBytes ? Uint8Array.from(got) : got, isBytes ? Uint8Array.from(given) : given)).toBe(
        undefined,
      );
    }),
    { numRuns: 300, seed: SEED },
  );
});

test('an own __proto__ is data and nobody inherits from it', () => {
  const back = read(written(JSON.parse('{"__proto__":{"isAdmin":true},"a":1}'))) as Record<string, unknown>;
  expect(Object.keys(back)).toEqual(['__proto__', 'a']);
  expect(back.isAdmin).toBe(undefined);
  expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
});

test('arrays come out aligned and own their memory, whatever stands before them', () => {
  for (const kind of KINDS) {
    for (let shift = 0; shift < 9; shift++) {
      const message = Uint8Array.from(written(['x'.repeat(shift), kind.from([1, 2, 3]), new Uint8Array([7, 8])]));
      const [, array, bytes] = read(message) as [string, Float64Array, Uint8Array];
      message.fill(0);
      expect(array).toEqual(kind.from([1, 2, 3]));
      expect([array.byteOffset, array.buffer.byteLength]).toEqual([0, 3 * kind.BYTES_PER_ELEMENT]);
      expect([[...bytes], bytes.byteOffset, bytes.buffer.byteLength]).toEqual([[7, 8], 0, 2]);
    }
  }
});

test('parts of larger buffers and shared memory cross as what they show', () => {
  const shared = new Uint32Array(new SharedArrayBuffer(16), 4, 2);
  shared.set([5, 6]);
  expect(read(written(shared))).toEqual(Uint32Array.from([5, 6]));
  expect(read(written(Buffer.from('abc').subarray(1)))).toEqual(Uint8Array.from([98, 99]));
});

test('objects of classes cross by their fields; what would lose its content is refused', () => {
  class Point {
    readonly x = 1;
    get y(): number {
      return 2;
    }
  }
  expect(read(written(new Point()))).toEqual({ x: 1 });
  const refused = [new Map(), new Set(), new Date(0), /x/, new Error('x'), new ArrayBuffer(1), Promise.resolve()];
  for (const one of [...refused, () => 1, Symbol('x'), 1n, new BigInt64Array(1), new DataView(new ArrayBuffer(1))]) {
    expect(() => written({ one })).toThrow('has no form on a link');
  }
});

test('rings and deep nesting are refused on both sides', () => {
  const ring: Record<string, unknown> = {};
  ring.self = ring;
  expect(() => written(ring)).toThrow('nested deeper');
  let deep: unknown = 1;
  for (let depth = 0; depth < DEPTH_MAX; depth++) deep = [deep];
  expect(difference(read(written(deep)), deep)).toBe(undefined);
  expect(() => written([deep])).toThrow('nested deeper');
  expect(() => read(new Uint8Array(1_000_000).fill(0x91))).toThrow(MalformedMessage);
});

test('a message that failed leaves nothing behind, and messages given out are never written again', () => {
  const kept = Array.from({ length: 2_000 }, (_, index) => {
    expect(() => written([index, 'x'.repeat(index), () => 1])).toThrow('no form');
    const given = { index, text: 'y'.repeat(index % 90), bytes: new Uint8Array(index % 300).fill(index) };
    return { given, bytes: written(given) };
  });
  for (const { given, bytes } of kept) expect(read(bytes)).toEqual(given);
});

test('the limit holds to the byte', () => {
  const small = new ValueWriter(100);
  const sized = (size: number): Uint8Array => {
    small.begin();
    small.value(new Uint8Array(size - 2));
    return small.end();
  };
  expect(sized(100)).toHaveLength(100);
  for (const size of [101, 200, 70_000, 1_000_000]) expect(() => sized(size)).toThrow('the limit is 100');
  expect(sized(99)).toHaveLength(99);
});

test('every cut of a message, and every byte too many, is malformed', () => {
  fc.assert(
    fc.property(value, fc.nat(), (given, cut) => {
      const bytes = written(given);
      expect(() => read(bytes.subarray(0, cut % bytes.length))).toThrow(MalformedMessage);
      expect(() => read(Uint8Array.from([...bytes, 0xc0]))).toThrow(MalformedMessage);
    }),
    { numRuns: 200, seed: SEED },
  );
});

test('bytes that somebody made up are read or malformed, and nothing else', () => {
  const malformedOrRead = (bytes: Uint8Array): void => {
    try {
      read(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(MalformedMessage);
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), malformedOrRead), { numRuns: 3_000, seed: SEED });
  fc.assert(
    fc.property(value, fc.nat(), fc.nat(255), (given, at, byte) => {
      const bytes = Uint8Array.from(written(given));
      bytes[at % bytes.length] = byte;
      malformedOrRead(bytes);
    }),
    { numRuns: 1_000, seed: SEED },
  );
  // Claims of four billion parts cost nothing.
  for (const token of [0xdb, 0xdd, 0xdf, 0xc6, 0xc9]) malformedOrRead(Uint8Array.from([token, 255, 255, 255, 255, 1]));
});
