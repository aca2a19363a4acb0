/** Whether bytes that come in pieces are UTF-8. A character may lie across two pieces, never across more than one end. */
import { isUtf8 } from 'node:buffer';

export class Utf8Check {
  /** Begin of a character that the last piece cut off. */
  #rest: Buffer = Buffer.alloc(0);
  isBroken = false;

  /** False from the first piece on that is no UTF-8. */
  takes(piece: Buffer): boolean {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const end = bytes.length - cutOffLength(bytes);
    this.#rest = Buffer.from(bytes.subarray(end));
    if (!isUtf8(bytes.subarray(0, end))) this.isBroken = true;
    return !this.isBroken;
  }

  /** False when the last character was cut off. */
  ends(): boolean {
    return this.#rest.length === 0;
  }
}

/** Bytes at the end that begin a character of more bytes than are there. */
function cutOffLength(bytes: Buffer): number {
  for (let length = 1; length <= 3 && length <= bytes.length; length++) {
    const byte = bytes[bytes.length - length];
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return needed > length ? length : 0;
  }
  return 0;
}
