/** Counts Redis replies that are one line (`+OK`, `:1`) or one short text (`$15`, then the text), without keeping them. */

const NEWLINE = 0x0a;
const ERROR = 0x2d;
const TEXT = 0x24;

export class ReplyCounter {
  readonly #onError: (text: string) => void;
  #isAtLineStart = true;
  /** This line announces a text, and the next is it. */
  #isAnnouncing = false;
  #isText = false;
  #error: number[] | undefined;

  constructor(onError: (text: string) => void) {
    this.#onError = onError;
  }

  /** How many replies came to their end in these bytes. Texts must not hold line breaks. */
  push(buffer: Buffer, size: number): number {
    let count = 0;
    for (let at = 0; at < size; at++) {
      const byte = buffer[at];
      if (this.#isAtLineStart && !this.#isText) {
        this.#isAnnouncing = byte === TEXT;
        if (byte === ERROR) this.#error = [];
      }
      this.#isAtLineStart = byte === NEWLINE;
      this.#error?.push(byte);
      if (byte !== NEWLINE) continue;
      this.#isText = this.#isAnnouncing;
      this.#isAnnouncing = false;
      if (!this.#isText) count += 1;
      if (this.#error !== undefined) this.#fail(this.#error);
    }
    return count;
  }

  #fail(error: readonly number[]): void {
    this.#error = undefined;
    this.#onError(Buffer.from(error).toString('latin1').trim());
  }
}
