/**
 * A stream of bytes → messages: each is `[u32 length, little-endian][bytes]`. They are good until the turn ends in which they were given: those that come
 * whole lie in the chunk, those that come in pieces in memory that is used again.
 */
import { MalformedMessage } from './value-reader.ts';

export const FRAME_HEADER_BYTES = 4;
/** Larger messages that come in pieces get memory of their own. */
const KEPT_BYTES = 65_536;

export class FrameSplitter {
  readonly #messageBytesMax: number;
  /** The message that is not whole yet. */
  #partial: Buffer | undefined;
  #partialBytes = 0;
  /** One chunk completes one message and begins one at most, so two in turn are enough. */
  #kept: Buffer | undefined;
  #spare: Buffer | undefined;
  /** A header that came in pieces. */
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES);
  #headerBytes = 0;

  constructor(messageBytesMax: number) {
    this.#messageBytesMax = messageBytesMax;
  }

  /** True when the stream may end here. */
  get isAtBoundary(): boolean {
    return this.#partial === undefined && this.#headerBytes === 0;
  }

  /** Stops when `take` gives false. Errors: MalformedMessage for a length above the limit; nothing may be pushed after it. */
  push(chunk: Buffer, take: (message: Uint8Array) => boolean): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#partial === undefined) {
        if (this.#headerBytes === 0 && chunk.length - at >= FRAME_HEADER_BYTES) {
          const length = this.#checked(chunk.readUInt32LE(at));
          at += FRAME_HEADER_BYTES;
          if (chunk.length - at >= length) {
            if (!take(chunk.subarray(at, at + length))) return;
            at += length;
            continue;
          }
          this.#begin(length);
        } else {
          while (this.#headerBytes < FRAME_HEADER_BYTES && at < chunk.length) {
            this.#header[this.#headerBytes++] = chunk[at++];
          }
          if (this.#headerBytes < FRAME_HEADER_BYTES) return;
          this.#headerBytes = 0;
          this.#begin(this.#checked(this.#header.readUInt32LE(0)));
        }
      }
      const partial = this.#partial;
      if (partial === undefined) continue;
      const taken = Math.min(partial.length - this.#partialBytes, chunk.length - at);
      partial.set(chunk.subarray(at, at + taken), this.#partialBytes);
      this.#partialBytes += taken;
      at += taken;
      if (this.#partialBytes === partial.length) {
        this.#partial = undefined;
        if (!take(partial)) return;
      }
    }
  }

  #begin(length: number): void {
    this.#partialBytes = 0;
    if (length > KEPT_BYTES) {
      // Not touched until it is filled, so a length that is only claimed costs address space, not memory.
      this.#partial = Buffer.allocUnsafeSlow(length);
      return;
    }
    const kept = this.#spare ?? Buffer.allocUnsafeSlow(KEPT_BYTES);
    this.#spare = this.#kept;
    this.#kept = kept;
    this.#partial = kept.subarray(0, length);
  }

  /** A message is not empty, so that every header brings something. */
  #checked(length: number): number {
    if (length === 0 || length > this.#messageBytesMax) {
      throw new MalformedMessage(`a message of ${length} bytes; the limit is ${this.#messageBytesMax}`);
    }
    return length;
  }
}
