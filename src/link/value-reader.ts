/**
 * msgpack → values, the counterpart of `value-writer.ts`. Reads what that writes and nothing else; anything else, and bytes
 * missing or left over, is a `MalformedMessage`. Typed arrays and bytes come out aligned and in memory of their own.
 */
import { DEPTH_MAX, EXT_TYPED_ARRAY, EXT_UNDEFINED, TYPED_ARRAYS } from './value-writer.ts';

/** The other end did not keep to the format. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

/** Direct-mapped. Names repeat, so most of them are found here and no text is made. */
const NAME_CACHE_SIZE = 1_024;
const NAME_BYTES_MAX = 32;
const LOOP_BYTES_MAX = 10;

interface CachedName {
  readonly bytes: Uint8Array;
  readonly text: string;
}

export class ValueReader {
  readonly #names: (CachedName | undefined)[] = new Array(NAME_CACHE_SIZE).fill(undefined);
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  #depth = 0;

  open(message: Uint8Array): void {
    this.#bytes = Buffer.isBuffer(message)
      ? message
      : Buffer.from(message.buffer, message.byteOffset, message.byteLength);
    this.#at = 0;
    this.#end = message.length;
    this.#depth = 0;
  }

  /** To be called when all is read: nothing may be left. Lets the bytes go. */
  close(): void {
    const left = this.#end - this.#at;
    this.#bytes = EMPTY;
    if (left !== 0) throw new MalformedMessage(`${left} bytes too many`);
  }

  value(): unknown {
    const token = this.#byte();
    if (token < 0x80) return token;
    if (token < 0x90) return this.#record(token & 0x0f);
    if (token < 0xa0) return this.#array(token & 0x0f);
    if (token < 0xc0) return this.#text(token & 0x1f);
    if (token >= 0xe0) return token - 0x100;
    switch (token) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#binary(this.#byte());
      case 0xc6:
        return this.#binary(this.#uint32());
      case 0xc9:
        return this.#typedArray(this.#uint32());
      case 0xcb: {
        const at = this.#skip(8);
        return this.#bytes.readDoubleBE(at);
      }
      case 0xcc:
        return this.#byte();
      case 0xcd:
        return this.#byte() * 0x100 + this.#byte();
      case 0xce:
        return this.#uint32();
      case 0xd2:
        return this.#uint32() | 0;
      case 0xd4:
        if (this.#byte() !== EXT_UNDEFINED || this.#byte() !== 0) throw new MalformedMessage('an unknown extension');
        return undefined;
      case 0xd9:
        return this.#text(this.#byte());
      case 0xdb:
        return this.#text(this.#uint32());
      case 0xdd:
        return this.#array(this.#uint32());
      case 0xdf:
        return this.#record(this.#uint32());
      default:
        throw new MalformedMessage(`an unknown token, ${token}`);
    }
  }

  /** A value as `value` gives it, but bytes stay where they are. */
  lent(): unknown {
    const token = this.#at < this.#end ? this.#bytes[this.#at] : 0;
    if (token !== 0xc4 && token !== 0xc6) return this.value();
    this.#at++;
    const length = token === 0xc4 ? this.#byte() : this.#uint32();
    const at = this.#skip(length);
    const bytes = this.#bytes;
    return new Uint8Array(bytes.buffer, bytes.byteOffset + at, length);
  }

  arrayHeader(): number {
    const token = this.#byte();
    if (token < 0x90 || token > 0x9f) throw new MalformedMessage('an array was expected');
    return token & 0x0f;
  }

  number(): number {
    const value = this.value();
    if (typeof value !== 'number') throw new MalformedMessage('a number was expected');
    return value;
  }

  /** A text that is likely to come again. */
  name(): string {
    const token = this.#byte();
    if (token < 0xa0 || token > 0xbf) {
      this.#at--;
      const value = this.value();
      if (typeof value !== 'string') throw new MalformedMessage('a name was expected');
      return value;
    }
    const length = token & 0x1f;
    const at = this.#skip(length);
    const bytes = this.#bytes;
    let hash = length;
    for (let index = 0; index < length; index++) hash = (Math.imul(hash, 31) + bytes[at + index]) | 0;
    const slot = (hash ^ (hash >>> 10)) & (NAME_CACHE_SIZE - 1);
    const cached = this.#names[slot];
    if (cached !== undefined && cached.bytes.length === length) {
      let index = 0;
      while (index < length && cached.bytes[index] === bytes[at + index]) index++;
      if (index === length) return cached.text;
    }
    const text = bytes.toString('utf8', at, at + length);
    if (length <= NAME_BYTES_MAX) this.#names[slot] = { bytes: Uint8Array.from(bytes.subarray(at, at + length)), text };
    return text;
  }

  #text(length: number): string {
    const start = this.#skip(length);
    if (length > LOOP_BYTES_MAX) return this.#bytes.toString('utf8', start, this.#at);
    let text = '';
    for (let at = start; at < this.#at; at++) {
      const byte = this.#bytes[at];
      if (byte >= 0x80) return this.#bytes.toString('utf8', start, this.#at);
      text += String.fromCharCode(byte);
    }
    return text;
  }

  #array(length: number): unknown[] {
    // An element has a byte at least, so a small message cannot claim a large array; and the array grows as elements come.
    if (length > this.#end - this.#at) throw tooShort();
    this.#enter();
    const array: unknown[] = [];
    for (let index = 0; index < length; index++) array.push(this.value());
    this.#depth--;
    return array;
  }

  #record(count: number): Record<string, unknown> {
    if (count * 2 > this.#end - this.#at) throw tooShort();
    this.#enter();
    const record: Record<string, unknown> = {};
    for (let index = 0; index < count; index++) {
      const key = this.name();
      if (key === '__proto__') defineOwn(record, key, this.value());
      else record[key] = this.value();
    }
    this.#depth--;
    return record;
  }

  #binary(length: number): Uint8Array {
    const at = this.#skip(length);
    return copyOf(this.#bytes, at, at + length);
  }

  #typedArray(length: number): ArrayBufferView {
    const at = this.#skip(length + 1);
    const type = this.#bytes[at];
    const kind = TYPED_ARRAYS[this.#bytes[at + 1]];
    const sizeBytes = length - 1;
    if (type !== EXT_TYPED_ARRAY || length === 0 || kind === undefined || sizeBytes % kind.BYTES_PER_ELEMENT !== 0) {
      throw new MalformedMessage('an unknown extension');
    }
    return new kind(copyOf(this.#bytes, at + 2, at + 2 + sizeBytes).buffer);
  }

  #enter(): void {
    if (++this.#depth > DEPTH_MAX) throw new MalformedMessage(`nested deeper than ${DEPTH_MAX}`);
  }

  #byte(): number {
    if (this.#at >= this.#end) throw tooShort();
    return this.#bytes[this.#at++];
  }

  #uint32(): number {
    const at = this.#skip(4);
    const bytes = this.#bytes;
    return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
  }

  /** Where the next `sizeBytes` begin; goes past them. */
  #skip(sizeBytes: number): number {
    const at = this.#at;
    if (sizeBytes > this.#end - at) throw tooShort();
    this.#at = at + sizeBytes;
    return at;
  }
}

const EMPTY: Buffer = Buffer.alloc(0);

function tooShort(): MalformedMessage {
  return new MalformedMessage('the message ends too early');
}

/** `slice` of Uint8Array copies, that of Buffer does not. */
function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}

/** Assignment would set the prototype. */
function defineOwn(record: object, key: string, value: unknown): void {
  Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
}
