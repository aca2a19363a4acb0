/**
 * Which shard an item is for, told by a walk over the names of its outermost map: the slot of its userId, else of its anonymousId. Nothing else
 * of the item is looked at; it is checked where it is applied.
 */
import { MsgpackCursor, skipValue, TYPE_MAP, TYPE_STRING } from '../../ingest/msgpack.ts';
import type { SlotMap } from '../../router/slot-map.ts';

/** Longer ids are refused by the shard, whichever it is. */
const ID_SIZE_MAX = 4_096;
const USER = nameOf('userId');
const ANONYMOUS = nameOf('anonymousId');

export class ItemAddresser {
  readonly #slots: SlotMap;
  readonly #cursor = new MsgpackCursor();
  /** Where the item that was looked at ends. */
  end = 0;

  constructor(slots: SlotMap) {
    this.#slots = slots;
  }

  /** Index of the shard for the item that begins at `start`. One that says nobody goes to the first, which refuses it. Errors: malformed_msgpack. */
  shardOf(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    this.end = skipValue(bytes, view, start, end);
    const cursor = this.#cursor;
    cursor.reset(bytes, view, start, this.end);
    if (cursor.read() !== TYPE_MAP) return 0;
    let anonymousAt = -1;
    let anonymousSize = 0;
    for (let left = cursor.count; left > 0; left--) {
      const at = cursor.at;
      if (cursor.read() !== TYPE_STRING) {
        cursor.at = skipValue(bytes, view, at, this.end);
        cursor.at = skipValue(bytes, view, cursor.at, this.end);
        continue;
      }
      const nameAt = cursor.at;
      const nameSize = cursor.count;
      const valueAt = nameAt + nameSize;
      cursor.at = valueAt;
      const isUser = isName(bytes, nameAt, nameSize, USER);
      if (isUser || isName(bytes, nameAt, nameSize, ANONYMOUS)) {
        if (cursor.read() === TYPE_STRING && cursor.count > 0 && cursor.count <= ID_SIZE_MAX) {
          if (isUser) return this.#slots.shardOfUser(bytes, cursor.at, cursor.count);
          anonymousAt = cursor.at;
          anonymousSize = cursor.count;
        }
      }
      cursor.at = skipValue(bytes, view, valueAt, this.end);
    }
    if (anonymousAt < 0) return 0;
    const value = Buffer.from(bytes.buffer, bytes.byteOffset + anonymousAt, anonymousSize).toString('utf8');
    return this.#slots.shardOf({ type: 'anonymous_id', value });
  }
}

function nameOf(name: string): Uint8Array {
  return Buffer.from(name, 'latin1');
}

function isName(bytes: Uint8Array, at: number, size: number, name: Uint8Array): boolean {
  if (size !== name.length) return false;
  for (let i = 0; i < size; i++) if (bytes[at + i] !== name[i]) return false;
  return true;
}
