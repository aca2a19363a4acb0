/** Hostile WebSocket frames, msgpack and JSON. */
import { decode, encode } from '@msgpack/msgpack';
import { beforeAll, describe, expect, it } from 'vitest';
import { ERROR_STATUS } from '../../src/model/error.ts';
import { type Random, randomOf, testSeed } from '../process/seed.ts';
import { SteadyServer } from './steady.ts';
import { type Heard, HostileStream } from './stream-client.ts';

let server: SteadyServer;
beforeAll(async () => {
  server = await SteadyServer.start(2);
});

const item = (rest: object = {}): object => ({ type: 'track', userId: 'u', event: 'E', ...rest });
const frame = (batch: unknown, rest: object = {}): object => ({ op: 'batch', ref: 1, batch, ...rest });

/** msgpack by hand, for what an encoder would not write. */
const bytes = (...parts: readonly (number | string | Uint8Array)[]): Buffer =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === 'number' ? Buffer.from([part]) : typeof part === 'string' ? text(part) : part,
    ),
  );
const text = (value: string): Buffer =>
  Buffer.concat([Buffer.from([0xa0 + Buffer.byteLength(value)]), Buffer.from(value)]);
const FOUR_GIGABYTES = Buffer.from([0xff, 0xff, 0xff, 0xff]);
/** `{"op":"batch","batch":[…` up to the items; `count` in 32 bits. */
const batchHead = (count: number): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(count);
  return bytes(0x82, 'op', 'batch', 'batch', 0xdd, length);
};

function expectError(heard: Heard, codes?: readonly string[]): void {
  expect(heard.kind).toBe('message');
  if (heard.kind !== 'message') return;
  const code = heard.message.error?.code as keyof typeof ERROR_STATUS;
  expect(Object.keys(ERROR_STATUS)).toContain(code);
  expect(code).not.toBe('internal');
  if (codes !== undefined) expect(codes).toContain(code);
}

function expectAnswered(heard: Heard): void {
  expect(heard.kind).toBe('message');
  if (heard.kind === 'message' && heard.message.error !== undefined) expectError(heard);
}

describe('msgpack frames', () => {
  it('that claim more than they hold are refused, and the connection goes on', async () => {
    const stream = await HostileStream.open(server.kith);
    const frames: readonly (readonly [name: string, frame: Uint8Array])[] = [
      ['nothing', Buffer.alloc(0)],
      ['the tag that means nothing', bytes(0xc1)],
      ['a map of 4 G entries', bytes(0xdf, FOUR_GIGABYTES)],
      ['a map of 4 G entries, begun', bytes(0xdf, FOUR_GIGABYTES, 'op', 'batch', 'batch', 0x90)],
      ['a list of 4 G', bytes(0xdd, FOUR_GIGABYTES)],
      ['a text of 4 GB', bytes(0x81, 'op', 0xdb, FOUR_GIGABYTES, 'batch')],
      ['a name of 4 GB', bytes(0x81, 0xdb, FOUR_GIGABYTES)],
      ['binary of 4 GB', bytes(0x82, 'op', 'batch', 'batch', 0xc6, FOUR_GIGABYTES)],
      ['an extension of 4 GB', bytes(0x82, 'op', 'batch', 'batch', 0xc9, FOUR_GIGABYTES, 1)],
      ['a batch of 4 G items', batchHead(0xffffffff)],
      ['a batch of 4 G items, begun', bytes(batchHead(0xffffffff), encode(item()))],
      ['a batch of 4,000 items that are not there', bytes(batchHead(4_000), encode(item()))],
      ['an item of 4 G fields', bytes(batchHead(1), 0xdf, FOUR_GIGABYTES)],
      ['an item that breaks off', bytes(batchHead(1), encode(item()).subarray(0, -1))],
      ['a property of 4 GB', bytes(batchHead(1), 0x81, 'properties', 0x81, 'x', 0xdb, FOUR_GIGABYTES)],
      ['properties of 4 G', bytes(batchHead(1), 0x81, 'properties', 0xdf, FOUR_GIGABYTES)],
      ['a list of 4 G in a property', bytes(batchHead(1), 0x81, 'properties', 0x81, 'x', 0xdd, FOUR_GIGABYTES)],
      ['bytes behind the frame', bytes(encode(frame([item()])), 0x00)],
      ['two frames in one', bytes(encode(frame([item()])), encode(frame([item()])))],
      ['a name that is a number', bytes(0x81, 1, 2)],
      ['a name that is a map', bytes(0x81, 0x80, 2)],
      ['a number', bytes(5)],
      ['nil', bytes(0xc0)],
      ['an op that is a map', encode({ op: { batch: 1 }, batch: [] })],
      ['an op without end', encode({ op: 'x'.repeat(100_000), batch: [] })],
      ['no op', encode({ batch: [item()] })],
      ['a batch that is a text', encode({ op: 'batch', batch: 'x' })],
      ['a batch that is a map', encode({ op: 'batch', batch: {} })],
      ['no batch', encode({ op: 'track' })],
      ['an ack nobody knows', encode(frame([item()], { ack: 'maybe' }))],
      ['an ack of a list', encode(frame([item()], { ack: ['durable'] }))],
      ['an extension', bytes(0xd4, 1, 1)],
      ['a timestamp', bytes(0xd6, 0xff, 1, 2, 3, 4)],
      ['a record of another encoder', bytes(0xd4, 0x72, 0x40, 0x91, 'op', 'batch')],
      ['a buffer of another encoder', bytes(0xc9, FOUR_GIGABYTES, 0x62)],
    ];
    for (const [name, hostile] of frames) {
      const heard = await stream.ask(hostile);
      try {
        if (name === 'an ack of a list') expectAnswered(heard);
        else expectError(heard);
      } catch (error) {
        throw new Error(`${name}: ${(error as Error).message}`);
      }
    }
    const pong = await stream.ask(encode({ op: 'ping', ref: 'still here' }));
    expect(pong).toMatchObject({ message: { op: 'pong', ref: 'still here' } });
    stream.close();
    await server.expectSteady();
  });

  it('of a hundred thousand levels, a million keys or a million items leave the process alone', async () => {
    const stream = await HostileStream.open(server.kith);
    const million = Buffer.from([0x00, 0x0f, 0x42, 0x40]);
    const deepMaps = Buffer.concat([Buffer.from('81a161'.repeat(100_000), 'hex'), Buffer.from([1])]);
    const deepLists = Buffer.concat([Buffer.alloc(100_000, 0x91), Buffer.from([1])]);
    const millionEntries = Buffer.concat([
      Buffer.from([0xdf]),
      million,
      Buffer.from('a16101'.repeat(1_000_000), 'hex'),
    ]);
    const millionItems = Buffer.concat([Buffer.from([0xdd]), million, Buffer.alloc(1_000_000, 0x80)]);
    for (const value of [deepMaps, deepLists, millionEntries, millionItems]) {
      const head = bytes(batchHead(1), 0x83, 'type', 'track', 'userId', 'w', 'properties');
      for (const whole of [
        value,
        bytes(head, value),
        bytes(head, 0x81, 'x', value),
        bytes(batchHead(1), value),
        bytes(0x82, 'op', 'batch', 'batch', value),
        bytes(0x83, 'op', 'batch', 'batch', 0x90, 'context', value),
        bytes(0x83, 'op', 'batch', 'ref', value, 'batch', 0x90),
        bytes(0x82, 'op', 'get', 'ids', value),
        bytes(0x82, 'op', 'query', 'where', value),
        bytes(0x82, 'op', 'ping', 'ref', value),
      ]) {
        expectAnswered(await stream.ask(whole));
      }
      await server.expectSteady();
    }
    stream.close();
  });

  it('larger than allowed are refused, or end the connection', async () => {
    const stream = await HostileStream.open(server.kith);
    const big = encode(frame([item({ properties: { x: 'y'.repeat(5_000_000) } })]));
    expectError(await stream.ask(big), ['payload_too_large']);
    const huge = await stream.ask(encode(frame([item({ properties: { x: 'y'.repeat(20_000_000) } })])));
    expect(huge.kind).toBe('closed');
    // A frame whose header claims 4 GB, or 2^63 bytes: given up before its content comes.
    for (const length of ['00000000ffffffff', '7fffffffffffffff', 'ffffffffffffffff']) {
      const other = await HostileStream.open(server.kith);
      const heard = await other.sendRaw(Buffer.from(`82ff${length}00000000`, 'hex'));
      expect(heard.kind).toBe('closed');
    }
    await server.expectSteady();
  });

  it('with text that is not UTF-8 are refused by item', async () => {
    const stream = await HostileStream.open(server.kith);
    const broken = Buffer.from([0xa2, 0xc3, 0x28]);
    const field = (name: string, value: Uint8Array): Buffer =>
      bytes(0x84, 'type', 'track', 'userId', 'utf', 'event', 'E', name, value);
    const items = [
      field('properties', bytes(0x81, 'x', broken)),
      field('properties', bytes(0x81, broken, 1)),
      field('properties', bytes(0x81, 'x', 0x91, broken)),
      field('messageId', broken),
      field('anonymousId', broken),
      bytes(0x83, 'type', 'track', 'userId', broken, 'event', 'E'),
      bytes(0x83, 'type', 'track', 'userId', 'utf', 'event', broken),
      bytes(0x83, 'type', broken, 'userId', 'utf', 'event', 'E'),
      bytes(0x84, 'type', 'track', 'userId', 'utf', 'event', 'E', broken, 1),
    ];
    const heard = await stream.ask(bytes(batchHead(items.length + 1), ...items, encode(item({ userId: 'utf' }))));
    expect(heard).toMatchObject({ message: { accepted: 1 } });
    if (heard.kind === 'message') expect(heard.message.rejected).toHaveLength(items.length);
    stream.close();
    await server.expectSteady();
  });

  it('changed at random are answered every time', async () => {
    const random = randomOf(testSeed('random frames'));
    let stream = await HostileStream.open(server.kith);
    for (let round = 0; round < 1_500; round += 1) {
      const heard = await stream.ask(mutant(random));
      if (heard.kind === 'closed') stream = await HostileStream.open(server.kith);
      else expectAnswered(heard);
    }
    stream.close();
    await server.expectSteady();
  });
});

const SEEDLINGS: readonly object[] = [
  frame([
    item({ properties: { a: 1, b: [1, 'x', null], c: { d: 'ü' } } }),
    { type: 'identify', userId: 'r', traits: { email: 'a@b.c', n: 1.5 } },
  ]),
  {
    op: 'identify',
    ref: 'r',
    ack: 'applied',
    sentAt: '2026-01-01T00:00:00Z',
    batch: [{ userId: 'r2', anonymousId: 'a2', traits: { x: { y: [{}] } } }],
  },
  { op: 'get', ids: ['witness', { type: 'email', value: 'a@b.c' }], events: 3, fields: ['city'], ref: 2 },
  { op: 'query', where: 'city = "Łódź" and did "E"', as: 'ids', ref: 3 },
  { op: 'ping', ref: 4 },
];

function mutant(random: Random): Buffer {
  const body = Buffer.from(encode(random.pick(SEEDLINGS)));
  for (let change = random.below(4); change >= 0; change -= 1) {
    body[random.below(body.length)] = random.chance(50)
      ? random.below(256)
      : random.pick([0xdf, 0xdd, 0xdb, 0xc6, 0xc9, 0xc1, 0x80, 0xff]);
  }
  const cut = random.chance(20) ? body.subarray(0, random.below(body.length)) : body;
  return random.chance(10) ? Buffer.concat([cut, random.bytes(random.below(40))]) : cut;
}

describe('JSON frames', () => {
  it('that are not what they should be are refused, and the connection goes on', async () => {
    const stream = await HostileStream.open(server.kith);
    const frames = [
      '',
      'hello',
      '1',
      'null',
      '[]',
      '{',
      '{"op":',
      '{"op":"batch"}',
      '{"op":"batch","batch":{}}',
      '{"op":"nobody"}',
      '{"op":{}}',
      '{"op":null}',
      '{"op":"__proto__"}',
      '{"op":"constructor","batch":[]}',
      '{"op":"get"}',
      '{"op":"get","ids":"x"}',
      '{"op":"get","ids":[{}]}',
      '{"op":"get","ids":["a"],"events":-1}',
      '{"op":"query"',
      '{"op":"query","where":"("}',
      '{"op":"subscribe"}',
      '['.repeat(200_000),
      '{"a":'.repeat(200_000),
      '{"op":"batch","batch":[],"ack":"never"}',
      `{"op":"batch","batch":[${'0,'.repeat(100_000)}0]}`,
      JSON.stringify(frame([item({ properties: { x: 'y'.repeat(5_000_000) } })])),
    ];
    for (const hostile of frames) {
      const heard = await stream.ask(hostile);
      try {
        expectError(heard);
      } catch (error) {
        throw new Error(`${hostile.slice(0, 80)}: ${(error as Error).message}`);
      }
    }
    expect(await stream.ask('{"op":"ping","ref":1}')).toMatchObject({ message: { op: 'pong', ref: 1 } });
    stream.close();
    await server.expectSteady();
  });

  it('with an integer that would become another refuse the item, whatever the ref is', async () => {
    const stream = await HostileStream.open(server.kith);
    const batch = '[{"userId":"long","event":"E","properties":{"n":9007199254740993}},{"userId":"long","event":"E"}]';
    for (const ref of ['9007199254740993', '[{"a":9007199254740993}]', '"9007199254740993"']) {
      expect(await stream.ask(`{"op":"track","ref":${ref},"batch":${batch}}`)).toMatchObject({
        message: { ack: JSON.parse(ref), accepted: 1, rejected: [{ index: 0, code: 'invalid_number' }] },
      });
    }
    stream.close();
    await server.expectSteady();
  });

  it('changed at random are answered every time', async () => {
    const random = randomOf(testSeed('random text frames'));
    let stream = await HostileStream.open(server.kith);
    for (let round = 0; round < 700; round += 1) {
      const letters = [...JSON.stringify(random.pick(SEEDLINGS))];
      for (let change = random.below(4); change >= 0; change -= 1) {
        letters[random.below(letters.length)] = random.pick([
          '{',
          '}',
          '[',
          ']',
          '"',
          ',',
          ':',
          '\\',
          '\u0000',
          '9',
          'e',
          '-',
          '👩',
          '',
        ]);
      }
      const heard = await stream.ask(letters.join(''));
      if (heard.kind === 'closed') stream = await HostileStream.open(server.kith);
      else expectAnswered(heard);
    }
    stream.close();
    await server.expectSteady();
  });
});

describe('strangers', () => {
  it('are told and closed, whatever they send first', async () => {
    const frames: (string | Buffer)[] = [
      'hello',
      '{"op":"auth"}',
      '{"op":"auth","key":"wrong"}',
      '{"op":"auth","key":{"length":1e9}}',
      '{"op":"ping"}',
      'x'.repeat(1_000_000),
      Buffer.from(encode(frame([item()]))),
      Buffer.from(encode({ op: 'auth', key: 'k'.repeat(10_000) })),
      Buffer.alloc(100_000, 0x91),
    ];
    for (const hostile of frames) {
      const stream = await HostileStream.open(server.kith, '');
      let heard = await stream.ask(hostile);
      while (heard.kind === 'message') {
        expect(['unauthorized', 'malformed_json', 'malformed_msgpack']).toContain(heard.message.error?.code);
        heard = await stream.next();
      }
      expect(heard.code).toBe(4401);
    }
    await server.expectSteady();
  });

  it('who send frames without waiting for acks are held back, and others are served', async () => {
    const stream = await HostileStream.open(server.kith);
    const count = 20_000;
    const payload = encode(frame([item({ userId: 'flood' })]));
    for (let n = 0; n < count; n += 1) stream.send(payload);
    await server.expectSteady();
    const codes = new Set<unknown>();
    let answered = 0;
    for (let heard = await stream.next(); answered < count; heard = await stream.next()) {
      answered += 1;
      if (heard.kind === 'closed') {
        codes.add(heard.code);
        break;
      }
      codes.add(heard.message.error?.code ?? 'accepted');
      if (answered === count) break;
    }
    for (const code of codes) expect(['accepted', 'too_many_requests', 4429]).toContain(code);
    await server.expectSteady();
    expect(decode(payload)).toBeDefined();
  });
});
