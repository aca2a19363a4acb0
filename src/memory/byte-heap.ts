/**
 * Byte strings one after another, append-only: `[length varint][bytes]`, never across a block of 1 MiB. An offset is a
 * u32, so one heap holds up to 4 GiB. Offset 0 is never given out, so 0 can mean none.
 *
 * A heap may have a lender, another heap whose strings it points at in place of holding them a second time: offsets from `BORROWED_FROM` on
 * are the lender's, so it holds 3 GiB itself and sees the lender's first GiB. The lender outlives it.
 */
import { EngineError } from '../model/error.ts';
import type { LoadContext, SaveContext, SavedState } from './persist.ts';
import { MAX_PAGE_SIZE_BYTES, type Page, type SlabMemory } from './slab-memory.ts';

/** An offset is a block and a place in it. */
export const BLOCK_SHIFT = 20;
export const BLOCK_MASK = MAX_PAGE_SIZE_BYTES - 1;
const FIRST_BLOCK_SIZE_BYTES = 256;
const END = 2 ** 32;
const BORROWED_FROM = 3 * 2 ** 30;
/** Blocks below are the heap's own. */
export const BORROWED_BLOCK = BORROWED_FROM / MAX_PAGE_SIZE_BYTES;
/** No block is as far up. */
const NO_BLOCK = END / MAX_PAGE_SIZE_BYTES;
/** The longest string a block can hold beside its length. */
export const MAX_STRING_SIZE_BYTES = MAX_PAGE_SIZE_BYTES - 8;

/** Strings that lie in a heap for good. */
export interface KnownTexts {
  readonly heap: ByteHeap;
  /** Where the string lies, 0 = it is not known. `hash` is xxh32 of the bytes under the process's seed. */
  offsetOf(bytes: Uint8Array, offset: number, length: number, hash: number): number;
}

export class ByteHeap {
  readonly memory: SlabMemory;
  readonly lender: ByteHeap | undefined;
  /** Bytes given out, with the gaps at block ends. */
  length = 1;
  readonly #pages: Page[] = [];
  readonly #views: Uint8Array[] = [];
  readonly #borrowedBlock: number;
  readonly #fullAt: number;
  // Result of the last `locate`.
  block: Uint8Array = EMPTY;
  start = 0;
  size = 0;

  constructor(memory: SlabMemory, lender?: ByteHeap) {
    this.memory = memory;
    this.lender = lender;
    this.#borrowedBlock = lender === undefined ? NO_BLOCK : BORROWED_BLOCK;
    this.#fullAt = (lender === undefined ? END : BORROWED_FROM) - 2 * MAX_PAGE_SIZE_BYTES;
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const page of this.#pages) bytes += page.sizeBytes;
    return bytes;
  }

  get pages(): readonly Page[] {
    return this.#pages;
  }

  /** The offset under which this heap has the string at `offset` of its lender; 0 = it cannot point there. */
  borrow(offset: number): number {
    return this.lender !== undefined && offset < END - BORROWED_FROM ? BORROWED_FROM + offset : 0;
  }

  isBorrowed(offset: number): boolean {
    return offset >>> BLOCK_SHIFT >= this.#borrowedBlock;
  }

  /** Copies the bytes in and gives their offset. Throws memory_limit when the heap is full. */
  append(bytes: Uint8Array, offset: number, length: number): number {
    const total = length + (length < 0x80 ? 1 : length < 0x4000 ? 2 : 3);
    let at = this.length;
    if ((at & BLOCK_MASK) + total > MAX_PAGE_SIZE_BYTES) at = ((at >>> BLOCK_SHIFT) + 1) * MAX_PAGE_SIZE_BYTES;
    if (at > this.#fullAt) {
      const gib = this.lender === undefined ? 4 : 3;
      throw new EngineError('memory_limit', `a dictionary reached ${gib} GiB of text`);
    }
    const block = at >>> BLOCK_SHIFT;
    let local = at & BLOCK_MASK;
    if (block >= this.#views.length || local + total > this.#views[block].length) this.#grow(block, local + total);
    const page = this.#pages[block];
    if (page.stamp !== this.memory.epoch) page.stamp = this.memory.epoch;
    const view = this.#views[block];
    if (length < 0x80) {
      view[local++] = length;
    } else if (length < 0x4000) {
      view[local++] = (length & 0x7f) | 0x80;
      view[local++] = length >>> 7;
    } else {
      view[local++] = (length & 0x7f) | 0x80;
      view[local++] = ((length >>> 7) & 0x7f) | 0x80;
      view[local++] = length >>> 14;
    }
    if (length < 24) for (let i = 0; i < length; i++) view[local + i] = bytes[offset + i];
    else view.set(bytes.subarray(offset, offset + length), local);
    this.length = at + total;
    return at;
  }

  #grow(block: number, needed: number): void {
    const old = this.#pages[block];
    let size = block === 0 ? FIRST_BLOCK_SIZE_BYTES : MAX_PAGE_SIZE_BYTES;
    while (size < needed) size *= 2;
    const page = this.memory.allocate(size);
    const view = this.memory.bytes(page);
    if (old !== undefined) {
      view.set(this.#views[block]);
      this.memory.free(old);
    }
    this.#pages[block] = page;
    this.#views[block] = view;
  }

  /** Points `block`, `start` and `size` at the string: no object is made. */
  locate(offset: number): void {
    const block = offset >>> BLOCK_SHIFT;
    const view = block < this.#borrowedBlock ? this.#views[block] : this.lender!.#views[block - BORROWED_BLOCK];
    let at = offset & BLOCK_MASK;
    let length = view[at++];
    if (length >= 0x80) {
      const second = view[at++];
      length = (length & 0x7f) | ((second & 0x7f) << 7);
      if (second >= 0x80) length |= view[at++] << 14;
    }
    this.block = view;
    this.start = at;
    this.size = length;
  }

  equals(offset: number, bytes: Uint8Array, from: number, length: number): boolean {
    this.locate(offset);
    if (this.size !== length) return false;
    const view = this.block;
    const start = this.start;
    for (let i = 0; i < length; i++) if (view[start + i] !== bytes[from + i]) return false;
    return true;
  }

  text(offset: number): string {
    this.locate(offset);
    return decodeUtf8(this.block, this.start, this.size);
  }

  free(): void {
    for (const page of this.#pages) this.memory.free(page);
    this.#pages.length = 0;
    this.#views.length = 0;
  }

  save(context: SaveContext): SavedState {
    return { length: this.length, pages: context.list(this.#pages) };
  }

  static load(context: LoadContext, state: SavedState, lender?: ByteHeap): ByteHeap {
    const heap = new ByteHeap(context.memory, lender);
    heap.length = state['length'] as number;
    for (const page of context.list(state['pages'] as number[])) {
      heap.#pages.push(page!);
      heap.#views.push(context.memory.bytes(page!));
    }
    return heap;
  }
}

const EMPTY = new Uint8Array(0);

/** Text of a byte range. Short ASCII, the usual case, is built without crossing into native code. */
export function decodeUtf8(bytes: Uint8Array, start: number, size: number): string {
  if (size <= 16) {
    let text = '';
    for (let i = start; i < start + size; i++) {
      const byte = bytes[i];
      if (byte >= 0x80) return Buffer.from(bytes.buffer, bytes.byteOffset + start, size).toString('utf8');
      text += String.fromCharCode(byte);
    }
    return text;
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, size).toString('utf8');
}
