/**
 * Serial numbers, append-only: u32 counters that never go back (they may wrap) and mostly grow by little. A base per 64 numbers
 * and a u16 offset from it: 2.06 bytes a number. A chunk in which 64 numbers span more than a u16 is rewritten as plain u32.
 */
import { CHUNK_MASK, CHUNK_ROWS, CHUNK_SHIFT } from './chunk-size.ts';
import { U32Column } from './fixed-column.ts';
import type { LoadContext, SaveContext, SavedState } from './persist.ts';
import type { Page, SlabMemory } from './slab-memory.ts';

export const BLOCK_SHIFT = 6;
const BLOCK_MASK = (1 << BLOCK_SHIFT) - 1;
const OFFSET_MAX = 0xffff;
const FIRST_CAPACITY = 16;

export class SerialColumn {
  readonly memory: SlabMemory;
  length = 0;
  /** First number of each block of 64, also of those in wide chunks. */
  readonly bases: U32Column;
  readonly pages: Page[] = [];
  /** Offsets, or the numbers themselves where the chunk is wide. */
  readonly #views: (Uint16Array | Uint32Array)[] = [];
  readonly #stamps: number[] = [];
  /** Of the newest block. */
  #base = 0;

  constructor(memory: SlabMemory) {
    this.memory = memory;
    this.bases = new U32Column(memory);
  }

  get usedBytes(): number {
    let bytes = this.bases.usedBytes;
    for (const page of this.pages) bytes += page.sizeBytes;
    return bytes;
  }

  isWide(chunk: number): boolean {
    return this.#views[chunk] instanceof Uint32Array;
  }

  get(index: number): number {
    const view = this.#views[index >>> CHUNK_SHIFT];
    const local = view[index & CHUNK_MASK];
    return view instanceof Uint32Array ? local : (this.bases.get(index >>> BLOCK_SHIFT) + local) >>> 0;
  }

  push(serial: number): void {
    const index = this.length;
    const c = index >>> CHUNK_SHIFT;
    const local = index & CHUNK_MASK;
    if ((index & BLOCK_MASK) === 0) {
      this.bases.push(serial);
      this.#base = serial;
    }
    if (c >= this.#views.length) this.#set(c, this.#allocate(c === 0 ? FIRST_CAPACITY : CHUNK_ROWS, false), false);
    else if (local >= this.#views[c].length) this.#reshape(c, local, this.#views[c].length * 2, this.isWide(c));
    else if (this.#stamps[c] !== this.memory.epoch) {
      this.pages[c].stamp = this.memory.epoch;
      this.#stamps[c] = this.memory.epoch;
    }
    let element = serial;
    if (!(this.#views[c] instanceof Uint32Array)) {
      const offset = (serial - this.#base) >>> 0;
      if (offset > OFFSET_MAX) this.#reshape(c, local, this.#views[c].length, true);
      else element = offset;
    }
    this.#views[c][local] = element;
    this.length = index + 1;
  }

  /** Moves the chunk's first `count` numbers into a new page. */
  #reshape(c: number, count: number, capacity: number, isWide: boolean): void {
    const old = this.#views[c];
    const oldPage = this.pages[c];
    const page = this.#allocate(capacity, isWide);
    const view = this.#viewOf(page, isWide);
    if (isWide === old instanceof Uint32Array) view.set(old.subarray(0, count));
    else for (let i = 0; i < count; i++) view[i] = this.get((c << CHUNK_SHIFT) + i);
    this.#set(c, page, isWide);
    this.memory.free(oldPage);
  }

  #allocate(capacity: number, isWide: boolean): Page {
    return this.memory.allocate(capacity * (isWide ? 4 : 2));
  }

  #set(c: number, page: Page, isWide: boolean): void {
    this.pages[c] = page;
    this.#views[c] = this.#viewOf(page, isWide);
    this.#stamps[c] = page.stamp;
  }

  #viewOf(page: Page, isWide: boolean): Uint16Array | Uint32Array {
    const slab = this.memory.slabs[page.slabIndex];
    return isWide
      ? new Uint32Array(slab, page.offset, page.sizeBytes >>> 2)
      : new Uint16Array(slab, page.offset, page.sizeBytes >>> 1);
  }

  save(context: SaveContext): SavedState {
    return {
      length: this.length,
      bases: this.bases.save(context),
      pages: context.list(this.pages),
      wide: this.#views.map((_, c) => this.isWide(c)),
    };
  }

  load(context: LoadContext, state: SavedState): void {
    const wide = state['wide'] as boolean[];
    this.length = state['length'] as number;
    this.bases.load(context, state['bases'] as SavedState);
    context.list(state['pages'] as number[]).forEach((page, c) => {
      this.#set(c, page!, wide[c]);
    });
    if (this.length > 0) this.#base = this.bases.get((this.length - 1) >>> BLOCK_SHIFT);
  }
}
