/**
 * Lookups between processes as packed bytes: what is asked most often costs no objects on either side.
 *
 * Question: u8 1: options follow, 2: what led to the shard follows; [text: options as JSON], [text, text: type and value], u32 count, then each identifier:
 * u8 0 = user_id | 1, text: type; text: value.
 * Answer, in the order asked: 0xdb u32 size, the profile's JSON | 0xc0 nobody has it | 0x01 u32 shard to ask instead | 0x02 text, text: to be asked for
 * under this type and value | 0x03 u32, text, text: shard to ask instead, and what leads there. A text is u32 size, UTF-8. Numbers are big-endian.
 */
import { EngineError } from '../model/error.ts';
import type { Identifier, LookupOptions } from '../model/profile.ts';
import { writeUtf8 } from '../runtime/utf8.ts';

/** A shard to ask instead, and with which identifier's profile it is; or what the identifier is called in normal form, to be asked for that. */
export type Elsewhere =
  | number
  | readonly [shard: number, type: string, value: string]
  | readonly [type: string, value: string];

/** What led to a shard, when it is not asked as the owner of the identifier's slot. */
export type LedBy = readonly [type: string, value: string];

const START_BYTES = 64 * 1_024;
/** A larger buffer is given back after use. */
const KEPT_BYTES_MAX = 1_048_576;
const USER_ID = 'user_id';
const IS_USER = 0;
const IS_TYPED = 1;
const HAS_OPTIONS = 1;
const IS_LED = 2;
const FOUND = 0xdb;
const NOBODY = 0xc0;
const AT_SHARD = 0x01;
const UNDER_NAME = 0x02;
const LED_TO_SHARD = 0x03;

class PackedWriter {
  bytes: Buffer = Buffer.allocUnsafeSlow(START_BYTES);
  at = 0;

  begin(): void {
    this.at = 0;
    if (this.bytes.length > KEPT_BYTES_MAX) this.bytes = Buffer.allocUnsafeSlow(START_BYTES);
  }

  /** Good until the next `begin`. */
  end(): Uint8Array {
    return new Uint8Array(this.bytes.buffer, 0, this.at);
  }

  byte(value: number): void {
    this.room(1);
    this.bytes[this.at++] = value;
  }

  uint32(value: number): void {
    this.room(4);
    this.put32(value);
  }

  text(text: string): void {
    this.room(text.length * 3 + 4);
    const start = this.at + 4;
    const size = writeUtf8(text, this.bytes, start);
    this.put32(size);
    this.at = start + size;
  }

  /** Room was made. */
  put32(value: number): void {
    const { bytes } = this;
    bytes[this.at++] = value >>> 24;
    bytes[this.at++] = value >>> 16;
    bytes[this.at++] = value >>> 8;
    bytes[this.at++] = value;
  }

  room(sizeBytes: number): void {
    if (this.bytes.length - this.at >= sizeBytes) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.at + sizeBytes, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.at));
    this.bytes = larger;
  }
}

const questionWriter = new PackedWriter();

/** `by`: of all of them. Good until the next question is made. */
export function packQuestion(
  identifiers: readonly Identifier[],
  options: LookupOptions | undefined,
  by: LedBy | undefined,
): Uint8Array {
  const writer = questionWriter;
  writer.begin();
  writer.byte((options === undefined ? 0 : HAS_OPTIONS) | (by === undefined ? 0 : IS_LED));
  if (options !== undefined) writer.text(JSON.stringify(options));
  if (by !== undefined) {
    writer.text(by[0]);
    writer.text(by[1]);
  }
  writer.uint32(identifiers.length);
  for (let index = 0; index < identifiers.length; index++) {
    const { type, value } = identifiers[index];
    if (type === USER_ID) writer.byte(IS_USER);
    else {
      writer.byte(IS_TYPED);
      writer.text(type);
    }
    writer.text(value);
  }
  return writer.end();
}

/** Errors of all: internal for bytes that end too early. */
class PackedReader {
  bytes: Uint8Array = NO_BYTES;
  at = 0;

  open(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.at = 0;
  }

  byte(): number {
    return this.bytes[this.take(1)];
  }

  uint32(): number {
    const at = this.take(4);
    const { bytes } = this;
    return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
  }

  text(): string {
    const size = this.uint32();
    const at = this.take(size);
    return textAt(this.bytes, at, size);
  }

  /** Where the bytes lie that are read next. */
  take(sizeBytes: number): number {
    const { at } = this;
    if (sizeBytes > this.bytes.length - at) throw malformed();
    this.at = at + sizeBytes;
    return at;
  }
}

/** Reads a question: `open`, then `next` for each of `count`. */
export class QuestionReader extends PackedReader {
  count = 0;
  options: LookupOptions | undefined;
  by: LedBy | undefined;
  /** Of the identifier at hand; absent: user_id. */
  type: string | undefined;
  /** Where its value lies. */
  valueAt = 0;
  valueSize = 0;

  override open(bytes: Uint8Array): void {
    super.open(bytes);
    const flags = this.byte();
    this.options = (flags & HAS_OPTIONS) === 0 ? undefined : (JSON.parse(this.text()) as LookupOptions);
    this.by = (flags & IS_LED) === 0 ? undefined : [this.text(), this.text()];
    this.count = this.uint32();
    // Each has five bytes at least: a small question cannot ask for very many.
    if (this.count * 5 > bytes.length) throw malformed();
  }

  next(): void {
    this.type = this.byte() === IS_USER ? undefined : this.text();
    this.valueSize = this.uint32();
    this.valueAt = this.take(this.valueSize);
  }

  identifier(): Identifier {
    return { type: this.type ?? USER_ID, value: textAt(this.bytes, this.valueAt, this.valueSize) };
  }
}

/** Makes an answer: `begin`, then one call for each identifier asked for. */
export class AnswerWriter extends PackedWriter {
  profile(from: Uint8Array, start: number, end: number): void {
    const size = end - start;
    this.room(size + 5);
    this.bytes[this.at++] = FOUND;
    this.put32(size);
    this.bytes.set(start === 0 && end === from.length ? from : from.subarray(start, end), this.at);
    this.at += size;
  }

  nobody(): void {
    this.byte(NOBODY);
  }

  elsewhere(where: Elsewhere): void {
    if (typeof where === 'number') {
      this.byte(AT_SHARD);
      this.uint32(where);
      return;
    }
    if (where.length === 3) {
      this.byte(LED_TO_SHARD);
      this.uint32(where[0]);
      this.text(where[1]);
      this.text(where[2]);
      return;
    }
    this.byte(UNDER_NAME);
    this.text(where[0]);
    this.text(where[1]);
  }
}

/** Reads an answer: `open`, then `next` for each identifier asked for, then `close`. */
export class AnswerReader extends PackedReader {
  /** Where to ask instead, when `next` has given undefined; null: nobody has it. */
  further: Elsewhere | null = null;

  /** The profile's bytes where they lie; undefined: look at `further`. */
  next(): Uint8Array | undefined {
    const token = this.byte();
    if (token === FOUND) {
      const size = this.uint32();
      const at = this.take(size);
      return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + at, size);
    }
    if (token === NOBODY) this.further = null;
    else if (token === AT_SHARD) this.further = this.uint32();
    else if (token === UNDER_NAME) this.further = [this.text(), this.text()];
    else if (token === LED_TO_SHARD) this.further = [this.uint32(), this.text(), this.text()];
    else throw malformed();
    return undefined;
  }

  /** Nothing may be left. */
  close(): void {
    if (this.at !== this.bytes.length) throw malformed();
    this.bytes = NO_BYTES;
  }
}

const NO_BYTES = new Uint8Array(0);

function textAt(bytes: Uint8Array, at: number, size: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, size).toString('utf8');
}

function malformed(): EngineError {
  return new EngineError('internal', 'another process sent what is no lookup');
}
