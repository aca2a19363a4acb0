/**
 * The values that one side of a comparison holds at one element, in a list that is used again and again: no object is made per
 * element. Texts of plain columns stay where they lie; texts out of arrays are copied, because an array's bytes are put together
 * where the next array's will be.
 */
import type { ArrayVisitor } from '../binder/array-walk.ts';

export const TAG_NUMBER = 1;
export const TAG_BOOLEAN = 2;
export const TAG_TEXT = 3;

export class ScalarList implements ArrayVisitor {
  count = 0;
  /** Stop after the first. */
  readonly isFirstOnly: boolean;
  readonly tags: number[] = [];
  /** A number, or 0 and 1 for false and true. */
  readonly numbers: number[] = [];
  readonly blocks: Uint8Array[] = [];
  readonly starts: number[] = [];
  readonly sizes: number[] = [];
  #copies: Uint8Array = new Uint8Array(64);
  #copiedSize = 0;

  constructor(isFirstOnly = false) {
    this.isFirstOnly = isFirstOnly;
  }

  clear(): void {
    this.count = 0;
    this.#copiedSize = 0;
  }

  addNumber(value: number): void {
    this.tags[this.count] = TAG_NUMBER;
    this.numbers[this.count] = value;
    this.count += 1;
  }

  addBoolean(value: boolean): void {
    this.tags[this.count] = TAG_BOOLEAN;
    this.numbers[this.count] = value ? 1 : 0;
    this.count += 1;
  }

  addText(block: Uint8Array, start: number, size: number): void {
    this.tags[this.count] = TAG_TEXT;
    this.blocks[this.count] = block;
    this.starts[this.count] = start;
    this.sizes[this.count] = size;
    this.count += 1;
  }

  present(): boolean {
    return false;
  }

  number(value: number): boolean {
    this.addNumber(value);
    return this.isFirstOnly;
  }

  boolean(value: boolean): boolean {
    this.addBoolean(value);
    return this.isFirstOnly;
  }

  text(bytes: Uint8Array, start: number, size: number): boolean {
    const at = this.#copiedSize;
    // Texts already listed keep the buffer they were copied to.
    if (at + size > this.#copies.length) {
      this.#copies = new Uint8Array(Math.max(2 * this.#copies.length, size));
      this.#copiedSize = 0;
      return this.text(bytes, start, size);
    }
    for (let i = 0; i < size; i++) this.#copies[at + i] = bytes[start + i];
    this.#copiedSize = at + size;
    this.addText(this.#copies, at, size);
    return this.isFirstOnly;
  }
}
