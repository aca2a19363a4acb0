/**
 * Columns of rows, slots and codes: whole numbers below 2^32, most of them small. A chunk takes three bytes an element until a number
 * comes that does not fit; then that chunk alone is rewritten with four. `NO_INDEX`, all ones, fits both.
 *
 * Read through a `DataView`, since no typed array has three bytes: the fourth byte that is loaded with an element is the next one's (behind the last
 * one of a page: somebody else's) and is cut off. A scan that counts pays 6 % for it against four bytes in a plain array.
 */
import { CHUNK_MASK, CHUNK_ROWS, CHUNK_SHIFT } from './chunk-size.ts';
import { U32Column } from './fixed-column.ts';
import type { LoadContext, SaveContext, SavedState } from './persist.ts';
import { type Page, type SlabMemory, wideView } from './slab-memory.ts';

export const NO_INDEX = 0xffff_ffff;

const FIRST_CAPACITY = 16;
/** Rungs of a chunk, and the bytes of an element on each. */
export const RUNG_U24 = 0;
export const RUNG_U32 = 1;
const SIZE_BYTES: readonly number[] = [3, 4];
/** Stands for `NO_INDEX` on the lower rung. */
const NO_U24 = 0xff_ffff;

export class IndexColumn {
  readonly memory: SlabMemory;
  readonly pages: Page[] = [];
  readonly rungs: number[] = [];
  length = 0;
  readonly #views: DataView[] = [];
  readonly #stamps: number[] = [];
  /** Of the first chunk; the others are whole. */
  #firstCapacity = 0;

  constructor(memory: SlabMemory) {
    this.memory = memory;
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const page of this.pages) bytes += page.sizeBytes;
    return bytes;
  }

  get(index: number): number {
    const c = index >>> CHUNK_SHIFT;
    const local = index & CHUNK_MASK;
    if (this.rungs[c] === RUNG_U32) return this.#views[c].getUint32(4 * local, true);
    const element = this.#views[c].getUint32(3 * local, true) & NO_U24;
    return element === NO_U24 ? NO_INDEX : element;
  }

  /** An index below `length`. */
  set(index: number, value: number): void {
    const c = index >>> CHUNK_SHIFT;
    if (this.#stamps[c] !== this.memory.epoch) this.#own(c);
    this.#put(c, index & CHUNK_MASK, value);
  }

  push(value: number): void {
    const index = this.length;
    const c = index >>> CHUNK_SHIFT;
    const local = index & CHUNK_MASK;
    if (c >= this.pages.length) this.#setPage(c, this.#allocate(c === 0 ? FIRST_CAPACITY : CHUNK_ROWS, 0), 0);
    else if (this.#stamps[c] !== this.memory.epoch) this.#touch(c);
    if (c === 0 && local >= this.#firstCapacity) this.#reshape(0, 2 * local, this.rungs[0]);
    this.length = index + 1;
    this.#put(c, local, value);
  }

  #put(c: number, local: number, value: number): void {
    const view = this.#views[c];
    if (this.rungs[c] === RUNG_U32) {
      view.setUint32(4 * local, value, true);
    } else if (value < NO_U24 || value === NO_INDEX) {
      view.setUint16(3 * local, value, true);
      view.setUint8(3 * local + 2, value >>> 16);
    } else {
      this.#reshape(c, capacityOf(this.pages[c], RUNG_U24), RUNG_U32);
      this.#views[c].setUint32(4 * local, value, true);
    }
  }

  /** Marks an append: no copy, only the stamp. `set` may skip its barrier afterwards only when no snapshot sees the page. */
  #touch(c: number): void {
    if (this.memory.touch(this.pages[c])) this.#stamps[c] = this.memory.epoch;
  }

  #own(c: number): void {
    const old = this.pages[c];
    const page = this.memory.own(old);
    if (page !== old) this.#setPage(c, page, this.rungs[c]);
    else this.#stamps[c] = page.stamp;
  }

  /** Moves the chunk's numbers into a new page. */
  #reshape(c: number, capacity: number, rung: number): void {
    const old = this.pages[c];
    const oldView = this.#views[c];
    const oldRung = this.rungs[c];
    const page = this.#allocate(capacity, rung);
    if (rung === oldRung) {
      this.memory.bytes(page).set(this.memory.bytes(old));
      this.#setPage(c, page, rung);
    } else {
      this.#setPage(c, page, rung);
      const view = this.#views[c];
      const count = Math.min(CHUNK_ROWS, this.length - c * CHUNK_ROWS);
      for (let i = 0; i < count; i++) {
        const element = oldView.getUint32(3 * i, true) & NO_U24;
        view.setUint32(4 * i, element === NO_U24 ? NO_INDEX : element, true);
      }
    }
    this.memory.free(old);
  }

  #allocate(capacity: number, rung: number): Page {
    return this.memory.allocate(capacity * SIZE_BYTES[rung]);
  }

  #setPage(c: number, page: Page, rung: number): void {
    this.pages[c] = page;
    this.rungs[c] = rung;
    this.#views[c] = wideView(this.memory.slabs, page);
    this.#stamps[c] = page.stamp;
    if (c === 0) this.#firstCapacity = capacityOf(page, rung);
  }

  free(): void {
    for (const page of this.pages) this.memory.free(page);
    for (const list of [this.pages, this.rungs, this.#views, this.#stamps]) list.length = 0;
    this.length = 0;
  }

  save(context: SaveContext): SavedState {
    return { length: this.length, pages: context.list(this.pages), rungs: [...this.rungs] };
  }

  /** Also of older checkpoints, which hold all as u32. */
  load(context: LoadContext, state: SavedState): void {
    const rungs = state['rungs'] as number[] | undefined;
    if (rungs === undefined) {
      const wide = new U32Column(context.memory);
      wide.load(context, state);
      for (let index = 0; index < wide.length; index++) this.push(wide.get(index));
      wide.free();
      return;
    }
    this.length = state['length'] as number;
    context.list(state['pages'] as number[]).forEach((page, c) => {
      this.#setPage(c, page!, rungs[c]);
    });
  }
}

/** A power of two; a small page may be larger than what its elements need. */
function capacityOf({ sizeBytes }: Page, rung: number): number {
  return 1 << (31 - Math.clz32(sizeBytes / SIZE_BYTES[rung]));
}
