/**
 * Serial numbers, append-only: u32 counters that never go back (they may wrap) and mostly grow by little. A base per 16 numbers
 * and an offset from it: 1.25 bytes a number where 16 numbers of each 16 span no more than a byte, 2.25 where they span no more than a u16. A
 * chunk that holds more is rewritten with wider offsets, or as plain u32.
 */
import { CHUNK_MASK, CHUNK_ROWS, CHUNK_SHIFT } from './chunk-size.ts';
import { U32Column } from './fixed-column.ts';
import type { LoadContext, SaveContext, SavedState } from './persist.ts';
import type { Page, SlabMemory } from './slab-memory.ts';

export const BLOCK_SHIFT = 4;
const BLOCK_MASK = (1 << BLOCK_SHIFT) - 1;
/** Of checkpoints that do not say it; their offsets are u16 or the numbers themselves. */
const BLOCK_SHIFT_ONCE = 6;
/** Rungs of a chunk: offsets of one or two bytes, or the numbers themselves. The greatest element of each: */
const ELEMENT_MAX: readonly number[] = [0xff, 0xffff, 0xffff_ffff];
const RUNG_U16 = 1;
const RUNG_U32 = 2;
const FIRST_CAPACITY = 16;

type SerialView = Uint8Array | Uint16Array | Uint32Array;

export class SerialColumn {
  readonly memory: SlabMemory;
  length = 0;
  /** First number of each block of 16, also of those in chunks of plain numbers. */
  readonly bases: U32Column;
  readonly pages: Page[] = [];
  readonly rungs: number[] = [];
  readonly #views: SerialView[] = [];
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

  get(index: number): number {
    const c = index >>> CHUNK_SHIFT;
    const element = this.#views[c][index & CHUNK_MASK];
    return this.rungs[c] === RUNG_U32 ? element : (this.bases.get(index >>> BLOCK_SHIFT) + element) >>> 0;
  }

  push(serial: number): void {
    const index = this.length;
    const c = index >>> CHUNK_SHIFT;
    const local = index & CHUNK_MASK;
    if ((index & BLOCK_MASK) === 0) {
      this.bases.push(serial);
      this.#base = serial;
    }
    if (c >= this.#views.length) this.#set(c, this.#allocate(c === 0 ? FIRST_CAPACITY : CHUNK_ROWS, 0), 0);
    else if (local >= this.#views[c].length) this.#reshape(c, local, this.#views[c].length * 2, this.rungs[c]);
    else if (this.#stamps[c] !== this.memory.epoch) {
      this.pages[c].stamp = this.memory.epoch;
      this.#stamps[c] = this.memory.epoch;
    }
    const offset = (serial - this.#base) >>> 0;
    if (offset > ELEMENT_MAX[this.rungs[c]]) {
      this.#reshape(c, local, this.#views[c].length, offset > ELEMENT_MAX[RUNG_U16] ? RUNG_U32 : RUNG_U16);
    }
    this.#views[c][local] = this.rungs[c] === RUNG_U32 ? serial : offset;
    this.length = index + 1;
  }

  /** Moves the chunk's first `count` numbers into a new page. */
  #reshape(c: number, count: number, capacity: number, rung: number): void {
    const old = this.#views[c];
    const oldPage = this.pages[c];
    const page = this.#allocate(capacity, rung);
    const view = this.#viewOf(page, rung);
    if (rung === RUNG_U32) for (let i = 0; i < count; i++) view[i] = this.get((c << CHUNK_SHIFT) + i);
    else view.set(old.subarray(0, count));
    this.#set(c, page, rung);
    this.memory.free(oldPage);
  }

  #allocate(capacity: number, rung: number): Page {
    return this.memory.allocate(capacity << rung);
  }

  #set(c: number, page: Page, rung: number): void {
    this.pages[c] = page;
    this.rungs[c] = rung;
    this.#views[c] = this.#viewOf(page, rung);
    this.#stamps[c] = page.stamp;
  }

  #viewOf(page: Page, rung: number): SerialView {
    const slab = this.memory.slabs[page.slabIndex];
    if (rung === RUNG_U32) return new Uint32Array(slab, page.offset, page.sizeBytes >>> 2);
    if (rung === RUNG_U16) return new Uint16Array(slab, page.offset, page.sizeBytes >>> 1);
    return new Uint8Array(slab, page.offset, page.sizeBytes);
  }

  save(context: SaveContext): SavedState {
    return {
      length: this.length,
      bases: this.bases.save(context),
      pages: context.list(this.pages),
      rungs: [...this.rungs],
    };
  }

  load(context: LoadContext, state: SavedState): void {
    const pages = context.list(state['pages'] as number[]);
    const length = state['length'] as number;
    if (state['rungs'] === undefined) return this.#loadOlder(context, state, pages, length);
    const rungs = state['rungs'] as number[];
    this.length = length;
    this.bases.load(context, state['bases'] as SavedState);
    pages.forEach((page, c) => {
      this.#set(c, page!, rungs[c]);
    });
    if (length > 0) this.#base = this.bases.get((length - 1) >>> BLOCK_SHIFT);
  }

  /** Pushes the numbers of a column that was saved with larger blocks. */
  #loadOlder(context: LoadContext, state: SavedState, pages: (Page | undefined)[], length: number): void {
    const bases = new U32Column(context.memory);
    bases.load(context, state['bases'] as SavedState);
    const wide = state['wide'] as boolean[];
    const views = pages.map((page, c) => this.#viewOf(page!, wide[c] ? RUNG_U32 : RUNG_U16));
    for (let index = 0; index < length; index++) {
      const c = index >>> CHUNK_SHIFT;
      const element = views[c][index & CHUNK_MASK];
      this.push(wide[c] ? element : (bases.get(index >>> BLOCK_SHIFT_ONCE) + element) >>> 0);
    }
    bases.free();
    for (const page of pages) this.memory.free(page!);
  }
}
