import { encode } from '@msgpack/msgpack';
import { expect, test } from 'vitest';
import { ITEM_STRIDE, ITEM_USER, KIND_TRACK } from '../../../src/ingest/event-tape.ts';
import { eventTimeMs } from '../../../src/ingest/item-envelope.ts';
import { ScanBench, type Scanned } from '../../helpers/scan.ts';

const track = (more: Record<string, unknown>): Record<string, unknown> => ({
  type: 'track',
  userId: 'u',
  event: 'E',
  ...more,
});
const scanned = (item: unknown, bench = new ScanBench()): Scanned => {
  const result = bench.scan(item);
  if (typeof result === 'string') throw new Error(`refused: ${result}`);
  return result;
};

const text = (value: string | number[]): Buffer => {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([Buffer.from([0xd9, bytes.length]), bytes]);
};
/** A map out of keys and values that are already encoded: may repeat keys and hold bytes that no encoder makes. */
const map = (...parts: (string | number[] | Uint8Array)[]): Buffer =>
  Buffer.concat([
    Buffer.from([0xde, 0, parts.length / 2]),
    ...parts.map((part) => (part instanceof Uint8Array ? part : text(part))),
  ]);

test('an item is refused with the code of its mistake', () => {
  const cases: [item: unknown, code: string][] = [
    ['text', 'invalid_item'],
    [[1], 'invalid_item'],
    [null, 'invalid_item'],
    [{}, 'missing_user'],
    [{ userId: 'u' }, 'unknown_type'],
    [{ type: 'bogus', userId: 'u' }, 'unknown_type'],
    [{ type: 'Track', userId: 'u' }, 'unknown_type'],
    [{ type: 5, userId: 'u' }, 'unknown_type'],
    [{ type: 'track', userId: 'u' }, 'missing_event'],
    [track({ event: 5 }), 'missing_event'],
    [{ type: 'track', event: 'E', userId: '' }, 'missing_user'],
    [track({ userId: 1.5 }), 'invalid_id'],
    [track({ userId: { id: 1 } }), 'invalid_id'],
    [track({ userId: true }), 'invalid_id'],
    [track({ messageId: [] }), 'invalid_message_id'],
    [track({ properties: [] }), 'invalid_value'],
    [track({ properties: 'x' }), 'invalid_value'],
    [track({ context: 1 }), 'invalid_value'],
    [track({ timestamp: '2026-02-30' }), 'invalid_timestamp'],
    [track({ timestamp: 'yesterday' }), 'invalid_timestamp'],
    [track({ timestamp: {} }), 'invalid_timestamp'],
    [track({ timestamp: 1e300 }), 'invalid_timestamp'],
    [track({ sentAt: 'x' }), 'invalid_timestamp'],
    [track({ properties: { n: Number.NaN } }), 'invalid_number'],
    [track({ properties: { n: [Number.POSITIVE_INFINITY] } }), 'invalid_number'],
    [track({ properties: { n: Buffer.from([1]) } }), 'invalid_value'],
    [track({ properties: { n: [Buffer.from([1])] } }), 'invalid_value'],
    [{ type: 'group', userId: 'u' }, 'missing_group_id'],
    [{ type: 'alias', userId: 'u' }, 'missing_previous_id'],
    [{ type: 'alias', anonymousId: 'a', previousId: 'p' }, 'missing_user'],
    [{ type: 'page', userId: 'u', name: 5 }, 'invalid_value'],
  ];
  const bench = new ScanBench();
  for (const [item, code] of cases) expect([item, bench.scan(item)]).toEqual([item, code]);
  expect(bench.scan({ userId: 'u', event: 'E' }, KIND_TRACK)).toMatchObject({ kind: KIND_TRACK });
});

test('each limit lets its own number pass and refuses one more', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });
  const arrays = (depth: number): unknown => (depth === 0 ? 1 : [arrays(depth - 1)]);
  const wide = (count: number): Record<string, number> =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, i]));
  const cases: [limits: object, passes: unknown, refused: unknown, code: string][] = [
    [{ depth: 4 }, { properties: nested(3) }, { properties: nested(4) }, 'too_deep'],
    [{ depth: 4 }, { properties: { a: arrays(2) } }, { properties: { a: arrays(3) } }, 'too_deep'],
    [{ depth: 4 }, { properties: { a: [{ b: 1 }] } }, { properties: { a: [{ b: [1] }] } }, 'too_deep'],
    [{ propertyCount: 5 }, { properties: wide(5) }, { properties: wide(6) }, 'too_many_properties'],
    [
      { propertyCount: 5 },
      { properties: wide(3), context: { x: 1, y: 2 } },
      { properties: wide(3), context: wide(3) },
      'too_many_properties',
    ],
    [
      { nameSizeBytes: 12 },
      { properties: { [`${'ü'.repeat(6)}`]: 1 } },
      { properties: { [`${'ü'.repeat(6)}x`]: 1 } },
      'name_too_long',
    ],
    [{ nameSizeBytes: 12 }, { event: 'ü'.repeat(6) }, { event: `${'ü'.repeat(6)}x` }, 'name_too_long'],
    [{ idSizeBytes: 6 }, { userId: 'üüü' }, { userId: 'üüüx' }, 'id_too_long'],
    [{ idSizeBytes: 6 }, { messageId: '123456' }, { messageId: '1234567' }, 'id_too_long'],
    [{ idSizeBytes: 6 }, { userId: 123_456 }, { userId: 1_234_567 }, 'id_too_long'],
    [{ distinctNameCount: 2 }, { properties: { a: 1, b: 2 } }, { properties: { a: 1, b: 2, c: 3 } }, 'schema_limit'],
  ];
  for (const [limits, passes, refused, code] of cases) {
    expect(new ScanBench(limits).scan(track(passes as object as Record<string, unknown>))).toMatchObject({
      kind: KIND_TRACK,
    });
    expect([refused, new ScanBench(limits).scan(track(refused as Record<string, unknown>))]).toEqual([refused, code]);
  }
  const bytes = encode(track({ properties: { a: 'x'.repeat(200) } }));
  expect(new ScanBench({ eventSizeBytes: bytes.length }).scanBytes(bytes)).toMatchObject({ kind: KIND_TRACK });
  expect(new ScanBench({ eventSizeBytes: bytes.length - 1 }).scanBytes(bytes)).toBe('event_too_large');
});

test('a timestamp is taken from every form that is a time', () => {
  const ms = Date.UTC(2026, 4, 5, 6, 7, 8, 9);
  const ext = (...bytes: number[]): Buffer => Buffer.from(bytes);
  const seconds = Math.floor(ms / 1_000);
  const wide = Buffer.alloc(15);
  wide.set([0xc7, 12, 0xff]);
  wide.writeUInt32BE(9_000_000, 3);
  wide.writeBigInt64BE(BigInt(seconds), 7);
  const narrow = Buffer.alloc(6);
  narrow.set([0xd6, 0xff]);
  narrow.writeUInt32BE(seconds, 2);
  const cases: [timestamp: Uint8Array, ms: number][] = [
    [encode('2026-05-05T06:07:08.009Z'), ms],
    [encode('2026-05-05T08:07:08.009+02:00'), ms],
    [encode('2026-05-05'), Date.UTC(2026, 4, 5)],
    [encode(ms), ms],
    [encode(ms + 0.7), ms],
    [encode(new Date(ms)), ms],
    [wide, ms],
    [narrow, seconds * 1_000],
    [ext(0xd4, 0, 0), Number.NaN],
    [encode(null), Number.NaN],
  ];
  const bench = new ScanBench();
  for (const [timestamp, expected] of cases) {
    const result = bench.scanBytes(
      map('type', text('track'), 'userId', text('u'), 'event', text('E'), 'timestamp', timestamp),
    );
    expect([timestamp, result]).toMatchObject([timestamp, { timeMs: expected }]);
  }
});

test("timestamp and originalTimestamp are both kept: the batch decides which one is the sender's own", () => {
  const both = { timeMs: 5, originalTimeMs: 7 };
  expect(scanned(track({ timestamp: 5, originalTimestamp: 7 }))).toMatchObject(both);
  expect(scanned(track({ originalTimestamp: 7, timestamp: 5 }))).toMatchObject(both);
  expect(eventTimeMs(5, 7, 100, 20, false)).toBe(87);
  expect(eventTimeMs(5, 7, 100, Number.NaN, false)).toBe(5);
  expect(eventTimeMs(5, 7, 100, 20, true)).toBe(5);
  expect(eventTimeMs(Number.NaN, 7, 100, Number.NaN, false)).toBe(7);
  expect(eventTimeMs(5, Number.NaN, 100, 20, false)).toBe(85);
  expect(eventTimeMs(Number.NaN, Number.NaN, 100, 20, false)).toBe(100);
});

test('of a key that comes twice the later value counts', () => {
  const bench = new ScanBench();
  const bytes = map(
    'type',
    text('identify'),
    'type',
    text('track'),
    'userId',
    text('a'),
    'userId',
    text('b'),
    'event',
    text('E'),
    'properties',
    map('x', encode(1), 'x', text('two')),
    'properties',
    map('y', encode(3)),
  );
  expect(bench.scanBytes(bytes)).toMatchObject({
    kind: KIND_TRACK,
    user: 'b',
    leaves: [
      ['properties/x', 'two'],
      ['properties/y', 3],
    ],
  });
});

test('names that mean something to JavaScript are names like any other', () => {
  const properties = JSON.parse(
    '{"__proto__":{"x":1},"constructor":2,"toString":3,"hasOwnProperty":{"__proto__":4}}',
  ) as object;
  const bench = new ScanBench();
  const result = bench.scanBytes(
    map(
      'type',
      text('track'),
      'userId',
      text('u'),
      'event',
      text('E'),
      '__proto__',
      encode(5),
      'properties',
      map('__proto__', map('x', encode(1)), 'constructor', encode(2), 'toString', encode(3)),
    ),
  );
  expect(result).toMatchObject({
    leaves: [
      ['context/extra/__proto__', 5],
      ['properties/__proto__/x', 1],
      ['properties/constructor', 2],
      ['properties/toString', 3],
    ],
  });
  expect(typeof properties).toBe('object');
});

test('text that is not UTF-8 is refused wherever it stands', () => {
  const broken: number[][] = [
    [0xff],
    [0xc0, 0x80],
    [0xe0, 0x80, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xed, 0xbf, 0xbf],
    [0xe2, 0x82],
    [0xf0, 0x9f, 0x98],
    [0xf5, 0x80, 0x80, 0x80],
    [0x61, 0x80, 0x61],
  ];
  const base = ['type', text('track'), 'event', text('E')] as const;
  for (const bytes of broken) {
    const bench = new ScanBench();
    const bad = text(bytes);
    const cases: [Buffer, string][] = [
      [map(...base, 'userId', bad), 'invalid_id'],
      [map(...base, 'userId', text('u'), 'messageId', bad), 'invalid_id'],
      [map('type', text('track'), 'userId', text('u'), 'event', bad), 'invalid_value'],
      [map(...base, 'userId', text('u'), 'properties', map('a', bad)), 'invalid_value'],
      [map(...base, 'userId', text('u'), 'properties', map(bytes, text('a'))), 'invalid_value'],
      [
        map(...base, 'userId', text('u'), 'properties', map('a', Buffer.concat([Buffer.from([0x91]), bad]))),
        'invalid_value',
      ],
      [
        map(
          ...base,
          'userId',
          text('u'),
          'properties',
          map('a', Buffer.concat([Buffer.from([0x91]), map(bytes, text('x'))])),
        ),
        'invalid_value',
      ],
      [map(...base, 'userId', text('u'), bytes, text('x')), 'invalid_value'],
      [map('type', text('page'), 'userId', text('u'), 'name', bad), 'invalid_value'],
    ];
    for (const [item, code] of cases) expect([bytes, bench.scanBytes(item)]).toEqual([bytes, code]);
  }
});

test('a date out of the years 0 to 9999 is refused as a value, inside arrays too', () => {
  const far = Buffer.from('c70cff000000007fffffffffffffff', 'hex');
  const list = Buffer.concat([Buffer.from([0x91]), far]);
  const bench = new ScanBench();
  for (const value of [far, list, Buffer.concat([Buffer.from([0x91]), map('d', far)])]) {
    expect(
      bench.scanBytes(
        map('type', text('track'), 'userId', text('u'), 'event', text('E'), 'properties', map('d', value)),
      ),
    ).toBe('invalid_value');
  }
});

test('an integer beyond 2^53 is refused, so that nothing is rounded in silence', () => {
  const bench = new ScanBench();
  const wide = Buffer.from('cf0020000000000000', 'hex');
  expect(
    bench.scanBytes(map('type', text('track'), 'userId', text('u'), 'event', text('E'), 'properties', map('n', wide))),
  ).toBe('invalid_number');
  expect(bench.scanBytes(map('type', text('track'), 'userId', wide, 'event', text('E')))).toBe('invalid_id');
});

test('a refused item leaves no trace for the next one', () => {
  const bench = new ScanBench();
  expect(
    bench.scan({ type: 'page', userId: 'u', name: 'Home', originalTimestamp: 7, properties: { a: Number.NaN } }),
  ).toBe('invalid_number');
  expect(bench.scan({ type: 'page', userId: 'u' })).toMatchObject({
    timeMs: Number.NaN,
    originalTimeMs: Number.NaN,
    leaves: [],
    event: 'Page Viewed',
  });
});

test('a batch that outgrows the tape keeps the texts made for earlier items', () => {
  const bench = new ScanBench();
  const item = encode({ type: 'group', userId: 123_456, groupId: 'g', traits: { when: new Date(0) } });
  bench.tape.reset();
  for (let i = 0; i < 2_000; i++) bench.tape.append(item);
  const end = bench.tape.length;
  let at = 0;
  for (let i = 0; i < 2_000; i++) at = bench.scanner.scan(at, end, i, 0);
  expect([at, bench.tape.itemCount, bench.tape.leafCount]).toEqual([end, 2_000, 4_000]);
  const { items, bytes } = bench.tape;
  for (const i of [0, 1, 999, 1_999]) {
    const at = i * ITEM_STRIDE + ITEM_USER;
    const [offset, length] = [items[at], items[at + 1]];
    expect(Buffer.from(bytes.buffer, offset, length).toString()).toBe('123456');
  }
});
