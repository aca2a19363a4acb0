/**
 * Reads `op` and `ref` from a msgpack frame without making objects of the rest, so that a frame can be refused (no
 * right, no credit, overloaded) at the price of a glance. `op` as the first key, as clients send it, costs a few bytes.
 * Keeps: never reads outside the frame, no recursion, linear in the frame's size whatever it claims to hold.
 */
import { Unpackr } from 'msgpackr';

export interface FrameHead {
  readonly op: string | undefined;
  readonly ref: unknown;
}

const BROKEN = -1;
/** The one tag that msgpack gives no meaning. */
const NEVER_USED = 0xc1;
const OP = Buffer.from('op');
const REF = Buffer.from('ref');
/** A ref is a number or a short text; what is longer is not echoed. */
const MAX_REF_BYTES = 512;
const MAX_OP_BYTES = 32;
const unpackr = new Unpackr({ useRecords: false });

/** The frame's op, or undefined when it is not a map with a short text under `op`. */
export function frameOp(frame: Buffer): string | undefined {
  const value = fieldOf(frame, OP, MAX_OP_BYTES);
  return typeof value === 'string' ? value : undefined;
}

/** Exactly one value, all of it there: what a decoder may be given, as decoders trust lengths. */
export function isWhole(frame: Buffer): boolean {
  return skipValue(frame, 0) === frame.length;
}

/** As far as they can be read: a broken frame has neither. */
export function frameHead(frame: Buffer): FrameHead {
  return { op: frameOp(frame), ref: fieldOf(frame, REF, MAX_REF_BYTES) };
}

function fieldOf(frame: Buffer, name: Buffer, maxBytes: number): unknown {
  const first = frame[0];
  let position = 1;
  let count = 0;
  if (first >= 0x80 && first <= 0x8f) count = first & 0x0f;
  else if (first === 0xde && frame.length >= 3) [count, position] = [frame.readUInt16BE(1), 3];
  else if (first === 0xdf && frame.length >= 5) [count, position] = [frame.readUInt32BE(1), 5];
  for (let i = 0; i < count; i += 1) {
    const valueAt = skipValue(frame, position);
    if (valueAt === BROKEN) return undefined;
    const next = skipValue(frame, valueAt);
    if (next === BROKEN) return undefined;
    if (isText(frame, position, name))
      return next - valueAt > maxBytes ? undefined : decode(frame.subarray(valueAt, next));
    position = next;
  }
  return undefined;
}

/** Names of up to 31 bytes are fixstr, in every encoder; some write str 8 nevertheless. */
function isText(frame: Buffer, at: number, name: Buffer): boolean {
  const start = frame[at] === 0xd9 ? at + 2 : at + 1;
  const length = frame[at] === 0xd9 ? frame[at + 1] : frame[at] - 0xa0;
  if (length !== name.length || start + length > frame.length) return false;
  for (let i = 0; i < length; i++) if (frame[start + i] !== name[i]) return false;
  return true;
}

function decode(bytes: Buffer): unknown {
  // A short text, as nearly every op is.
  if (bytes[0] >= 0xa0 && bytes[0] <= 0xbf) return bytes.toString('utf8', 1);
  try {
    return unpackr.unpack(bytes) as unknown;
  } catch {
    return undefined;
  }
}

/** Position after the value at `from`, or BROKEN. Nesting is a count of values still to pass, not a stack. */
function skipValue(frame: Buffer, from: number): number {
  let position = from;
  let pending = 1;
  while (pending > 0) {
    if (position >= frame.length) return BROKEN;
    const tag = frame[position];
    pending -= 1;
    position += 1;
    if (tag <= 0x7f || tag >= 0xe0) continue;
    if (tag === NEVER_USED) return BROKEN;
    if (tag <= 0x8f) pending += (tag & 0x0f) * 2;
    else if (tag <= 0x9f) pending += tag & 0x0f;
    else if (tag <= 0xbf) position += tag & 0x1f;
    else {
      const lengthBytes = LENGTH_BYTES[tag - 0xc0];
      if (position + lengthBytes > frame.length) return BROKEN;
      const length = lengthBytes === 0 ? 0 : frame.readUIntBE(position, lengthBytes);
      position += lengthBytes + FIXED_BYTES[tag - 0xc0];
      if (tag >= 0xde) pending += length * 2;
      else if (tag >= 0xdc) pending += length;
      else position += length;
    }
  }
  return position > frame.length ? BROKEN : position;
}

// For the tags 0xc0 … 0xdf in order: bytes of a length field, and bytes of a fixed payload (ext: its type byte counts).
const LENGTH_BYTES = [0, 0, 0, 0, 1, 2, 4, 1, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4];
const FIXED_BYTES = [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17, 0, 0, 0, 0, 0, 0, 0];
