/**
 * The parts of the msgpack format that walkers share. Every function checks bounds: a reader past the end is the sender's
 * mistake (`malformed_msgpack`), never ours.
 */
import { EngineError } from '../model/error.ts';

export function truncated(position: number): EngineError {
  return new EngineError('malformed_msgpack', `the message ends in the middle of a value at byte ${position}`, {
    details: { byte: position },
  });
}

/** The ext type of timestamps. */
export const EXT_TIMESTAMP = 0xff;

/**
 * Position after the value that starts at `from`. Iterative, so that depth cannot overflow the stack; a container that claims more
 * elements than bytes are left is refused at once.
 */
export function skipValue(bytes: Uint8Array, view: DataView, from: number, end: number): number {
  let at = from;
  let remaining = 1;
  while (remaining > 0) {
    if (at >= end) throw truncated(at);
    remaining -= 1;
    const type = bytes[at++];
    if (type < 0x80 || type >= 0xe0 || type === 0xc0 || type === 0xc2 || type === 0xc3) continue;
    if (type < 0x90) remaining += (type & 0x0f) * 2;
    else if (type < 0xa0) remaining += type & 0x0f;
    else if (type < 0xc0) at += type & 0x1f;
    else if (type === 0xc1) {
      throw new EngineError('malformed_msgpack', `byte 0xc1 at ${at - 1} is not msgpack`, {
        details: { byte: at - 1 },
      });
    } else {
      const header = HEADER_SIZE[type - 0xc0];
      if (at + header > end) throw truncated(at);
      at += bodySize(type, view, at) + header;
      remaining += elementCount(type, view, at - header);
    }
    if (remaining > end - at) throw truncated(end);
  }
  return at;
}

/** Bytes between the type byte and the body, by type from 0xc0. */
const HEADER_SIZE: readonly number[] = [
  0, 0, 0, 0, 1, 2, 4, 2, 3, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 4, 2, 4, 2, 4,
];

/** Bytes of the body behind the header, for types 0xc4 and up. */
function bodySize(type: number, view: DataView, at: number): number {
  switch (type) {
    case 0xc4:
    case 0xd9:
      return view.getUint8(at);
    case 0xc5:
    case 0xda:
      return view.getUint16(at);
    case 0xc6:
    case 0xdb:
      return view.getUint32(at);
    case 0xc7:
      return view.getUint8(at);
    case 0xc8:
      return view.getUint16(at);
    case 0xc9:
      return view.getUint32(at);
    case 0xca:
    case 0xce:
    case 0xd2:
      return 4;
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return 8;
    case 0xcc:
    case 0xd0:
      return 1;
    case 0xcd:
    case 0xd1:
      return 2;
    case 0xd4:
      return 1;
    case 0xd5:
      return 2;
    case 0xd6:
      return 4;
    case 0xd7:
      return 8;
    case 0xd8:
      return 16;
    default:
      return 0;
  }
}

function elementCount(type: number, view: DataView, at: number): number {
  switch (type) {
    case 0xdc:
      return view.getUint16(at);
    case 0xdd:
      return view.getUint32(at);
    case 0xde:
      return view.getUint16(at) * 2;
    case 0xdf:
      return view.getUint32(at) * 2;
    default:
      return 0;
  }
}

/**
 * Reads one value header at a time; the fields hold what was read. For walkers that keep no objects: `type` says what it is,
 * `count` the elements of a container or the bytes of a text, `number` a numeric value, `at` the position behind the header
 * (and behind the value, for scalars other than text).
 */
export const TYPE_NIL = 0;
export const TYPE_FALSE = 1;
export const TYPE_TRUE = 2;
export const TYPE_NUMBER = 3;
export const TYPE_STRING = 4;
export const TYPE_ARRAY = 5;
export const TYPE_MAP = 6;
export const TYPE_DATE = 7;
/** Binary data, other extensions, integers that a double cannot hold. */
export const TYPE_OTHER = 8;
export const TYPE_WIDE_INTEGER = 9;

export class MsgpackCursor {
  bytes: Uint8Array = new Uint8Array(0);
  view = new DataView(this.bytes.buffer);
  at = 0;
  end = 0;
  count = 0;
  number = 0;

  reset(bytes: Uint8Array, view: DataView, at: number, end: number): void {
    this.bytes = bytes;
    this.view = view;
    this.at = at;
    this.end = end;
  }

  #need(size: number): number {
    const at = this.at;
    if (at + size > this.end) throw truncated(at);
    this.at = at + size;
    return at;
  }

  #text(size: number): number {
    if (this.at + size > this.end) throw truncated(this.at);
    this.count = size;
    return TYPE_STRING;
  }

  #container(count: number, type: number, minSize: number): number {
    if (count * minSize > this.end - this.at) throw truncated(this.at);
    this.count = count;
    return type;
  }

  #wide(high: number, low: number): number {
    const value = high * 4_294_967_296 + low;
    this.number = value;
    return Number.isSafeInteger(value) ? TYPE_NUMBER : TYPE_WIDE_INTEGER;
  }

  read(): number {
    const type = this.bytes[this.#need(1)];
    if (type < 0x80) {
      this.number = type;
      return TYPE_NUMBER;
    }
    if (type < 0x90) return this.#container(type & 0x0f, TYPE_MAP, 2);
    if (type < 0xa0) return this.#container(type & 0x0f, TYPE_ARRAY, 1);
    if (type < 0xc0) return this.#text(type & 0x1f);
    if (type >= 0xe0) {
      this.number = type - 256;
      return TYPE_NUMBER;
    }
    const view = this.view;
    switch (type) {
      case 0xc0:
        return TYPE_NIL;
      case 0xc2:
        return TYPE_FALSE;
      case 0xc3:
        return TYPE_TRUE;
      case 0xca:
        this.number = view.getFloat32(this.#need(4));
        return TYPE_NUMBER;
      case 0xcb:
        this.number = view.getFloat64(this.#need(8));
        return TYPE_NUMBER;
      case 0xcc:
        this.number = view.getUint8(this.#need(1));
        return TYPE_NUMBER;
      case 0xcd:
        this.number = view.getUint16(this.#need(2));
        return TYPE_NUMBER;
      case 0xce:
        this.number = view.getUint32(this.#need(4));
        return TYPE_NUMBER;
      case 0xcf: {
        const at = this.#need(8);
        return this.#wide(view.getUint32(at), view.getUint32(at + 4));
      }
      case 0xd0:
        this.number = view.getInt8(this.#need(1));
        return TYPE_NUMBER;
      case 0xd1:
        this.number = view.getInt16(this.#need(2));
        return TYPE_NUMBER;
      case 0xd2:
        this.number = view.getInt32(this.#need(4));
        return TYPE_NUMBER;
      case 0xd3: {
        const at = this.#need(8);
        return this.#wide(view.getInt32(at), view.getUint32(at + 4));
      }
      case 0xd9:
        return this.#text(view.getUint8(this.#need(1)));
      case 0xda:
        return this.#text(view.getUint16(this.#need(2)));
      case 0xdb:
        return this.#text(view.getUint32(this.#need(4)));
      case 0xdc:
        return this.#container(view.getUint16(this.#need(2)), TYPE_ARRAY, 1);
      case 0xdd:
        return this.#container(view.getUint32(this.#need(4)), TYPE_ARRAY, 1);
      case 0xde:
        return this.#container(view.getUint16(this.#need(2)), TYPE_MAP, 2);
      case 0xdf:
        return this.#container(view.getUint32(this.#need(4)), TYPE_MAP, 2);
      default:
        return this.#extension(type);
    }
  }

  /** Timestamps (32, 64 and 96 bit) become `number` in ms; msgpackr's `undefined` (ext 0, one byte) is nil. */
  #extension(type: number): number {
    const start = this.at - 1;
    if (type === 0xd4 || type === 0xd5 || type === 0xd6 || type === 0xd7 || type === 0xd8 || type === 0xc7) {
      const size = type === 0xc7 ? this.view.getUint8(this.#need(1)) : 1 << (type - 0xd4);
      const kind = this.view.getUint8(this.#need(1));
      const body = this.#need(size);
      if (kind === 0 && type === 0xd4) return TYPE_NIL;
      if (kind === EXT_TIMESTAMP) return this.#timestamp(size, body);
      return TYPE_OTHER;
    }
    this.at = skipValue(this.bytes, this.view, start, this.end);
    return TYPE_OTHER;
  }

  #timestamp(size: number, body: number): number {
    const view = this.view;
    if (size === 4) {
      this.number = view.getUint32(body) * 1_000;
    } else if (size === 8) {
      const high = view.getUint32(body);
      const seconds = (high & 3) * 4_294_967_296 + view.getUint32(body + 4);
      this.number = seconds * 1_000 + Math.floor((high >>> 2) / 1e6);
    } else if (size === 12) {
      const seconds = view.getInt32(body + 4) * 4_294_967_296 + view.getUint32(body + 8);
      this.number = seconds * 1_000 + Math.floor(view.getUint32(body) / 1e6);
    } else {
      return TYPE_OTHER;
    }
    return TYPE_DATE;
  }
}
