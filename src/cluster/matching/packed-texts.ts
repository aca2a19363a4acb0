/** Texts one behind the other, in one piece. */

export interface PackedTexts {
  readonly bytes: Uint8Array;
  /** By text, where it ends; it begins where the one before ends. */
  readonly ends: Uint32Array;
}

const FIRST_SIZE_BYTES = 4_096;

export class TextPacker {
  readonly #ends: number[] = [];
  #bytes = new Uint8Array(FIRST_SIZE_BYTES);
  #size = 0;

  /** Gives how many there are with it. */
  add(bytes: Uint8Array, start: number, size: number): number {
    if (this.#size + size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#size + size, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes.subarray(start, start + size), this.#size);
    this.#size += size;
    return this.#ends.push(this.#size);
  }

  finish(): PackedTexts {
    return { bytes: this.#bytes.subarray(0, this.#size), ends: Uint32Array.from(this.#ends) };
  }
}
