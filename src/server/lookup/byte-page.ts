/**
 * Bytes of an answer that is put together from pieces, in one buffer that is used again and again: the engine's profile
 * bytes are copied in (they are valid only until its next call) and the whole goes to the socket, with no strings
 * between.
 */
import { EngineError } from '../../model/error.ts';

const START_BYTES = 64 * 1024;
/** A larger buffer is given back after use, so that one huge answer does not stay in memory. */
const KEEP_BYTES = 1024 * 1024;
/** An answer to one request may not be larger. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export class BytePage {
  #buffer = Buffer.allocUnsafeSlow(START_BYTES);
  #length = 0;

  /** Forgets what it holds; views taken before are no longer valid. */
  reset(): void {
    this.#length = 0;
    if (this.#buffer.length > KEEP_BYTES) this.#buffer = Buffer.allocUnsafeSlow(START_BYTES);
  }

  /** Valid until the next change of the page. */
  view(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  bytes(bytes: Uint8Array): void {
    this.#need(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  byte(value: number): void {
    this.#need(1);
    this.#buffer[this.#length] = value;
    this.#length += 1;
  }

  text(text: string): void {
    this.#need(text.length * 3);
    this.#length += this.#buffer.write(text, this.#length, 'utf8');
  }

  uint32(value: number): void {
    this.#need(4);
    this.#length = this.#buffer.writeUInt32BE(value, this.#length);
  }

  #need(sizeBytes: number): void {
    const neededBytes = this.#length + sizeBytes;
    if (neededBytes <= this.#buffer.length) return;
    if (neededBytes > MAX_ANSWER_BYTES) throw answerTooLarge();
    const larger = Buffer.allocUnsafeSlow(Math.max(neededBytes, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}

export function answerTooLarge(): EngineError {
  return new EngineError(
    'payload_too_large',
    `the answer is larger than ${MAX_ANSWER_BYTES} bytes; ask for fewer profiles, fields or events`,
  );
}
