/**
 * Splits what a WebSocket server sends into frames. Where payloads are not kept, a frame costs its header: that keeps the
 * client cheap enough to load a server from one processor.
 *
 * Server frames are not masked: `[fin and opcode:u8][size:u7][size:u16 or u64 big endian][payload]`.
 */

export type OnFrame = (opcode: number, payload: Buffer) => void;

const EMPTY = Buffer.alloc(0);

export class FrameReader {
  readonly #onFrame: OnFrame;
  readonly #keepsPayload: boolean;
  readonly #header = Buffer.alloc(10);
  #headerSize = 0;
  #left = 0;
  #opcode = 0;
  #payload = EMPTY;
  #payloadSize = 0;
  /** Of all payloads so far. */
  payloadBytes = 0;

  /** `onFrame` gets a payload of no bytes unless `keepsPayload`; the bytes are valid until it returns. */
  constructor(onFrame: OnFrame, keepsPayload: boolean) {
    this.#onFrame = onFrame;
    this.#keepsPayload = keepsPayload;
  }

  push(chunk: Buffer, size: number): void {
    let at = 0;
    while (at < size) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, size - at);
        if (this.#keepsPayload) chunk.copy(this.#payload, this.#payloadSize - this.#left, at, at + taken);
        at += taken;
        this.#left -= taken;
        if (this.#left === 0) this.#emit();
      } else {
        this.#header[this.#headerSize++] = chunk[at++];
        if (this.#headerSize >= 2) this.#begin();
      }
    }
  }

  #begin(): void {
    const short = this.#header[1] & 0x7f;
    const needed = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (this.#headerSize < needed) return;
    this.#headerSize = 0;
    this.#opcode = this.#header[0] & 0x0f;
    const size =
      needed === 2 ? short : needed === 4 ? this.#header.readUInt16BE(2) : Number(this.#header.readBigUInt64BE(2));
    this.#left = size;
    this.#payloadSize = size;
    this.payloadBytes += size;
    if (this.#keepsPayload && this.#payload.length < size) this.#payload = Buffer.alloc(Math.max(1_024, size * 2));
    if (size === 0) this.#emit();
  }

  #emit(): void {
    this.#onFrame(this.#opcode, this.#keepsPayload ? this.#payload.subarray(0, this.#payloadSize) : EMPTY);
  }
}
