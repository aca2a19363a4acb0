/**
 * Values → msgpack, straight into a slab that many messages share. What crosses keeps its exact value: −0, NaN, undefined,
 * keys like `__proto__`, typed arrays (extension 0x74, as msgpackr writes them). Bytes given out are never written again, but for `reuse`.
 */
import { AssertionError, assert } from '../base/assert.ts';
import { EngineError } from '../model/error.ts';

const SLAB_BYTES = 65_536;
/** Slabs above this are not kept for the next message. */
const KEPT_SLAB_BYTES_MAX = 1_048_576;
/** Below this a new message starts in a new slab. */
const ROOM_BYTES_MIN = 512;
/** Texts up to this are written in a loop: cheaper than the call of a native function. */
const LOOP_LENGTH_MAX = 48;
export const DEPTH_MAX = 1_024;
export const EXT_UNDEFINED = 0x00;
export const EXT_TYPED_ARRAY = 0x74;
/** By their code on the wire, which is msgpackr's; holes are kinds that nobody here sends. */
export const TYPED_ARRAYS = [
  Int8Array,
  undefined,
  undefined,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
] as const;

export class ValueWriter {
  readonly #sizeBytesMax: number;
  #slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #view: DataView = viewOf(this.#slab);
  #start = 0;
  /** Where the message begins that was given out last. */
  #given = 0;
  #at = 0;
  #depth = 0;

  constructor(sizeBytesMax: number) {
    this.#sizeBytesMax = sizeBytesMax;
  }

  /** What was begun and not ended is forgotten. */
  begin(): void {
    this.#at = this.#start;
    this.#depth = 0;
    if (this.#slab.length - this.#at < ROOM_BYTES_MIN || this.#slab.length > KEPT_SLAB_BYTES_MAX) {
      this.#take(SLAB_BYTES);
      this.#start = this.#at = 0;
    }
  }

  /** The message since `begin`. Errors: payload_too_large. */
  end(): Uint8Array {
    const sizeBytes = this.#at - this.#start;
    if (sizeBytes > this.#sizeBytesMax) this.#refuse(sizeBytes);
    const message = this.#slab.subarray(this.#start, this.#at);
    this.#given = this.#start;
    this.#start = this.#at;
    return message;
  }

  /** The message that was given out last was copied: its memory is written to again. */
  reuse(): void {
    this.#start = this.#given;
  }

  /** Errors: payload_too_large; AssertionError for what has no form on the wire. */
  value(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.text(value);
        return;
      case 'number':
        this.number(value);
        return;
      case 'boolean':
        this.#byte(value ? 0xc3 : 0xc2);
        return;
      case 'undefined':
        this.#ensure(3);
        this.#slab[this.#at++] = 0xd4;
        this.#slab[this.#at++] = EXT_UNDEFINED;
        this.#slab[this.#at++] = 0;
        return;
      case 'object':
        if (value === null) this.#byte(0xc0);
        else this.#object(value);
        return;
      default:
        throw new AssertionError(`a ${typeof value} has no form on a link`);
    }
  }

  nil(): void {
    this.#byte(0xc0);
  }

  arrayHeader(length: number): void {
    this.#ensure(5);
    if (length < 16) this.#slab[this.#at++] = 0x90 | length;
    else this.#header32(0xdd, length);
  }

  number(value: number): void {
    this.#ensure(9);
    const slab = this.#slab;
    if (value >>> 0 === value && (value !== 0 || 1 / value > 0)) {
      if (value < 0x80) slab[this.#at++] = value;
      else if (value < 0x100) {
        slab[this.#at++] = 0xcc;
        slab[this.#at++] = value;
      } else if (value < 0x10000) {
        slab[this.#at++] = 0xcd;
        slab[this.#at++] = value >>> 8;
        slab[this.#at++] = value;
      } else this.#header32(0xce, value);
    } else if (value >> 0 === value && value !== 0) {
      if (value >= -32) slab[this.#at++] = value;
      else this.#header32(0xd2, value >>> 0);
    } else {
      slab[this.#at++] = 0xcb;
      this.#view.setFloat64(this.#at, value);
      this.#at += 8;
    }
  }

  text(text: string): void {
    const { length } = text;
    if (length > LOOP_LENGTH_MAX) {
      this.#longText(text);
      return;
    }
    this.#ensure(length + 2);
    const slab = this.#slab;
    const start = this.#at;
    let at = start;
    if (length < 32) slab[at++] = 0xa0 | length;
    else {
      slab[at++] = 0xd9;
      slab[at++] = length;
    }
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code >= 0x80) {
        this.#longText(text);
        return;
      }
      slab[at++] = code;
    }
    this.#at = at;
  }

  #longText(text: string): void {
    // Three bytes are the most that a UTF-16 unit takes; where that may be too much, the true size is asked for.
    const sizeBytesMax = text.length * 3;
    if (this.#slab.length - this.#at < sizeBytesMax + 5) this.#ensure(Buffer.byteLength(text) + 5);
    const sizeBytes = this.#slab.write(text, this.#at + 5);
    this.#header32(0xdb, sizeBytes);
    this.#at += sizeBytes;
  }

  #object(value: object): void {
    if (++this.#depth > DEPTH_MAX)
      throw new AssertionError(`a value nested deeper than ${DEPTH_MAX} cannot cross a link`);
    if (Array.isArray(value)) {
      this.arrayHeader(value.length);
      for (let index = 0; index < value.length; index++) this.value(value[index]);
    } else {
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype === Object.prototype || prototype === null) this.#record(value);
      else if (ArrayBuffer.isView(value)) this.#bytes(value);
      else this.#instance(value);
    }
    this.#depth--;
  }

  /** The own fields of an object of a class; not of those whose content lies elsewhere and would be lost. */
  #instance(value: object): void {
    const { toStringTag } = Symbol;
    const tag = Object.prototype.toString.call(value);
    if (tag !== '[object Object]' || toStringTag in value) {
      throw new AssertionError(`${tag} has no form on a link; send its parts`);
    }
    this.#record(value);
  }

  #record(value: object): void {
    const record = value as Readonly<Record<string, unknown>>;
    const keys = Object.keys(record);
    this.#ensure(5);
    if (keys.length < 16) this.#slab[this.#at++] = 0x80 | keys.length;
    else this.#header32(0xdf, keys.length);
    for (const key of keys) {
      this.text(key);
      this.value(record[key]);
    }
  }

  #bytes(value: ArrayBufferView): void {
    const isPlain = value instanceof Uint8Array;
    const bytes = isPlain ? value : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    const { length } = bytes;
    this.#ensure(length + 7);
    if (isPlain) {
      if (length < 0x100) {
        this.#slab[this.#at++] = 0xc4;
        this.#slab[this.#at++] = length;
      } else this.#header32(0xc6, length);
    } else {
      const code = TYPED_ARRAYS.findIndex((kind) => kind !== undefined && value instanceof kind);
      assert(code >= 0, () => `${Object.prototype.toString.call(value)} has no form on a link`);
      this.#header32(0xc9, length + 1);
      this.#slab[this.#at++] = EXT_TYPED_ARRAY;
      this.#slab[this.#at++] = code;
    }
    this.#slab.set(bytes, this.#at);
    this.#at += length;
  }

  #byte(byte: number): void {
    this.#ensure(1);
    this.#slab[this.#at++] = byte;
  }

  /** Five bytes; room was made. */
  #header32(token: number, value: number): void {
    const slab = this.#slab;
    slab[this.#at++] = token;
    slab[this.#at++] = value >>> 24;
    slab[this.#at++] = value >>> 16;
    slab[this.#at++] = value >>> 8;
    slab[this.#at++] = value;
  }

  #ensure(sizeBytes: number): void {
    if (this.#slab.length - this.#at < sizeBytes) this.#grow(sizeBytes);
  }

  #grow(sizeBytes: number): void {
    const written = this.#slab.subarray(this.#start, this.#at);
    const needed = written.length + sizeBytes;
    if (needed > this.#sizeBytesMax + ROOM_BYTES_MIN) this.#refuse(needed);
    this.#take(Math.max(SLAB_BYTES, Math.min(needed * 2, this.#sizeBytesMax + ROOM_BYTES_MIN)));
    this.#slab.set(written);
    this.#start = 0;
    this.#at = written.length;
  }

  #take(sizeBytes: number): void {
    this.#slab = Buffer.allocUnsafeSlow(sizeBytes);
    this.#view = viewOf(this.#slab);
  }

  #refuse(sizeBytes: number): never {
    throw new EngineError(
      'payload_too_large',
      `a message of at least ${sizeBytes} bytes; between processes the limit is ${this.#sizeBytesMax}`,
      { details: { limit: this.#sizeBytesMax } },
    );
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
