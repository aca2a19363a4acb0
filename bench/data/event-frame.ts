/**
 * Batches of track events, encoded once and changed in place before each sending: every event gets a message id of its
 * own, another user and a later time, which costs a client two microseconds a hundred events instead of an encoder. The
 * same items as a WebSocket frame for us and as XADD commands for Redis Streams.
 *
 * The frame's mask is zero, which the protocol allows and which makes masking the identity; the server still unmasks.
 */
import { Packr } from 'msgpackr';
import { DEFAULT_END_MS, DEFAULT_SEED, SIZES } from '../../src/generator/population.ts';
import { mix } from '../../src/generator/random.ts';
import { generateEventStream } from '../../src/generator/stream.ts';
import type { TrackItem } from '../../src/generator/timeline.ts';
import { clientFrame } from './client-frame.ts';

const USER_DIGITS = 7;
const USER_PREFIX = 'user-';
const TIME_LENGTH = '2026-01-01T00:00:00.000Z'.length;

export interface EventBatch {
  readonly bytes: Buffer;
  readonly count: number;
  /** Where the texts begin, event by event. */
  readonly messageIdAt: readonly number[];
  readonly userAt: readonly number[];
  readonly timestampAt: readonly number[];
  /** Users of the items as they were generated. */
  readonly users: readonly number[];
}

/** `batchCount` × `size` consecutive events of a generated stream: visits stay together. */
export function generateBatches(batchCount: number, size: number): readonly (readonly TrackItem[])[] {
  const stream = generateEventStream({ seed: DEFAULT_SEED, ...SIZES.XS });
  const batches: TrackItem[][] = [];
  for (let index = 0; index < batchCount; index++) {
    const items: TrackItem[] = [];
    while (items.length < size) {
      const { value, done } = stream.next();
      if (done) return batches;
      items.push(value);
    }
    batches.push(items);
  }
  return batches;
}

/** `ref` comes back in the ack. */
export function encodeFrame(items: readonly TrackItem[], ref: number, ack: string): EventBatch {
  const batch = items.map(({ type: _, ...item }) => item);
  const payload = new Packr({ useRecords: false, variableMapSize: true }).pack({ op: 'track', ref, ack, batch });
  return located(clientFrame(payload, true), items, {
    messageId: marker('messageId', [0xd9, 36]),
    userId: marker('userId', [0xa0 | (USER_PREFIX.length + USER_DIGITS)]),
    timestamp: marker('timestamp', [0xa0 | TIME_LENGTH]),
  });
}

/** One XADD per event, with the fields of the item one by one. */
export function encodeXadd(items: readonly TrackItem[], stream: string): EventBatch {
  const commands = items.map((item) => {
    const { type: _, properties, ...fields } = item;
    const words = ['XADD', stream, '*', ...Object.entries({ ...fields, ...properties }).flat()].map(String);
    return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
  });
  return located(Buffer.from(commands.join('')), items, {
    messageId: Buffer.from('\r\nmessageId\r\n$36\r\n'),
    userId: Buffer.from(`\r\nuserId\r\n$${USER_PREFIX.length + USER_DIGITS}\r\n`),
    timestamp: Buffer.from(`\r\ntimestamp\r\n$${TIME_LENGTH}\r\n`),
  });
}

/** msgpack: a short text as key, then the head of the text that is its value. */
function marker(key: string, head: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from([0xa0 | key.length]), Buffer.from(key), Buffer.from(head)]);
}

function located(
  bytes: Buffer,
  items: readonly TrackItem[],
  markers: { readonly messageId: Buffer; readonly userId: Buffer; readonly timestamp: Buffer },
): EventBatch {
  return {
    bytes,
    count: items.length,
    messageIdAt: findAll(bytes, markers.messageId),
    userAt: findAll(bytes, markers.userId).map((at) => at + USER_PREFIX.length),
    timestampAt: findAll(bytes, markers.timestamp),
    users: items.map(({ userId }) => Number(userId.slice(USER_PREFIX.length))),
  };
}

/** Where the bytes behind each occurrence begin. */
function findAll(bytes: Buffer, pattern: Buffer): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(pattern); at >= 0; at = bytes.indexOf(pattern, at + 1)) found.push(at + pattern.length);
  return found;
}

const HEX = Buffer.from('0123456789abcdef');
const SECOND_MS = 1_000;

/** Makes each sending of a batch new. `lane` (16 bits) tells clients and runs apart, so that no message id comes twice. */
export class EventStamp {
  readonly #lane: number;
  readonly #profiles: number;
  #count = 0;
  #batchCount = 0;

  constructor(lane: number, profiles: number) {
    this.#lane = lane;
    this.#profiles = profiles;
  }

  stamp(batch: EventBatch): void {
    const { bytes } = batch;
    const shift = mix(this.#batchCount ^ (this.#lane << 16)) % this.#profiles;
    const second = new Date(DEFAULT_END_MS + this.#batchCount * SECOND_MS).toISOString();
    const msStep = Math.floor(SECOND_MS / batch.count);
    this.#batchCount += 1;
    for (let index = 0; index < batch.count; index++) {
      const count = this.#count++;
      writeHex(bytes, batch.messageIdAt[index], 8, mix(count ^ this.#lane));
      writeHex(bytes, batch.messageIdAt[index] + 24, 4, this.#lane);
      writeHex(bytes, batch.messageIdAt[index] + 28, 8, count);
      writeDigits(bytes, batch.userAt[index], USER_DIGITS, (batch.users[index] * 7_919 + shift) % this.#profiles);
      bytes.write(second, batch.timestampAt[index], 'latin1');
      writeDigits(bytes, batch.timestampAt[index] + TIME_LENGTH - 4, 3, index * msStep);
    }
  }
}

function writeHex(bytes: Buffer, at: number, length: number, value: number): void {
  for (let place = at + length - 1; place >= at; place--) {
    bytes[place] = HEX[value & 15];
    value >>>= 4;
  }
}

export function writeDigits(bytes: Buffer, at: number, length: number, value: number): void {
  for (let place = at + length - 1; place >= at; place--) {
    const tenth = Math.floor(value / 10);
    bytes[place] = 0x30 + value - tenth * 10;
    value = tenth;
  }
}
