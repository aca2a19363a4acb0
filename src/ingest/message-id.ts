/**
 * The messageId of an item that was refused, for the answer: read from its bytes without the scanner, which stopped at the mistake. Never throws;
 * undefined when the item names none that can be told.
 */
import { MsgpackCursor, skipValue, TYPE_MAP, TYPE_STRING } from './msgpack.ts';

/** A longer one is no id: it is not sent back. */
const SIZE_MAX_BYTES = 512;
const NAME = 'messageId';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Of the item of well-formed msgpack from `start` to `end`. */
export function messageIdOf(bytes: Uint8Array, start: number, end: number): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cursor = new MsgpackCursor();
  cursor.reset(bytes, view, start, end);
  let found: string | undefined;
  if (cursor.read() !== TYPE_MAP) return undefined;
  // As the scanner does it: the last of several counts.
  for (let left = cursor.count; left > 0; left--) {
    const nameStart = cursor.at;
    const isName = cursor.read() === TYPE_STRING && cursor.count === NAME.length && isNameAt(bytes, cursor.at);
    const valueStart = skipValue(bytes, view, nameStart, end);
    if (isName) {
      cursor.at = valueStart;
      found = cursor.read() === TYPE_STRING ? textAt(bytes, cursor.at, cursor.count) : undefined;
    }
    cursor.at = skipValue(bytes, view, valueStart, end);
  }
  return found;
}

/** Of an item as an object, that could not be packed. */
export function messageIdOfObject(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const messageId: unknown = Reflect.get(item, NAME);
  const isId = typeof messageId === 'string' && messageId.length > 0 && messageId.length <= SIZE_MAX_BYTES;
  return isId ? messageId : undefined;
}

/** To be spread into the refusal. */
export function messageIdPart(messageId: string | undefined): { readonly messageId?: string } {
  return messageId === undefined ? {} : { messageId };
}

function isNameAt(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < NAME.length; i++) if (bytes[at + i] !== NAME.charCodeAt(i)) return false;
  return true;
}

function textAt(bytes: Uint8Array, at: number, sizeBytes: number): string | undefined {
  if (sizeBytes === 0 || sizeBytes > SIZE_MAX_BYTES) return undefined;
  try {
    // The bytes may be shared, which a decoder does not take.
    return utf8.decode(bytes.slice(at, at + sizeBytes));
  } catch {
    return undefined;
  }
}
