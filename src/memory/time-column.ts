/**
 * Event times, append-only: whole milliseconds since the epoch. A chunk of live traffic spans days, so it is stored as
 * u32 offsets from a base 24.8 days before its first event; a chunk with a time outside that range of 49.7 days is rewritten with offsets of five
 * bytes from a base 17 years before, and one with a time beyond those 34 years as f64. Keeps min and max per chunk: a window
 * query passes over whole chunks.
 */
import { CHUNK_MASK, CHUNK_ROWS, CHUNK_SHIFT } from './chunk-size.ts';
import type { LoadContext, SaveContext, SavedState } from './persist.ts';
import { type Page, type SlabMemory, wideView } from './slab-memory.ts';

/** Rungs of a chunk, with the bytes of an element and how far offsets go. */
export const TIME_RUNG_U32 = 0;
export const TIME_RUNG_U40 = 1;
export const TIME_RUNG_F64 = 2;
const SIZE_BYTES: readonly number[] = [4, 5, 8];
const U32_RANGE = 2 ** 32;
const RANGE: readonly number[] = [U32_RANGE, 2 ** 40, Number.POSITIVE_INFINITY];
const FIRST_CAPACITY = 16;

type TimeView = Uint32Array | Float64Array;
const NO_VIEW = new Uint32Array(0);

export class TimeColumn {
  readonly memory: SlabMemory;
  readonly pages: Page[] = [];
  readonly rungs: number[] = [];
  /** Added to every element; 0 for f64 chunks. */
  readonly bases: number[] = [];
  readonly mins: number[] = [];
  readonly maxs: number[] = [];
  length = 0;
  /** Of a chunk of five bytes the other one is empty. */
  readonly #views: TimeView[] = [];
  readonly #packed: (DataView | undefined)[] = [];
  readonly #stamps: number[] = [];
  /** Of the first chunk; the others are whole. */
  #firstCapacity = 0;

  constructor(memory: SlabMemory) {
    this.memory = memory;
  }

  get chunkCount(): number {
    return this.pages.length;
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const page of this.pages) bytes += page.sizeBytes;
    return bytes;
  }

  get(index: number): number {
    const c = index >>> CHUNK_SHIFT;
    const local = index & CHUNK_MASK;
    const packed = this.#packed[c];
    return this.bases[c] + (packed === undefined ? this.#views[c][local] : readOffset(packed, local));
  }

  push(timeMs: number): void {
    const index = this.length;
    const c = index >>> CHUNK_SHIFT;
    const local = index & CHUNK_MASK;
    if (c >= this.pages.length) this.#open(c, timeMs);
    else if (c === 0 && local >= this.#firstCapacity) {
      this.#reshape(0, local, 2 * local, this.rungs[0]);
    } else if (this.#stamps[c] !== this.memory.epoch) {
      this.pages[c].stamp = this.memory.epoch;
      this.#stamps[c] = this.memory.epoch;
    }
    let offset = timeMs - this.bases[c];
    if (!(offset >= 0 && offset < U32_RANGE) && !(offset >= 0 && offset < RANGE[this.rungs[c]])) {
      offset = this.#widen(c, local, timeMs);
    }
    const packed = this.#packed[c];
    if (packed === undefined) this.#views[c][local] = offset;
    else writeOffset(packed, local, offset);
    if (timeMs < this.mins[c]) this.mins[c] = timeMs;
    if (timeMs > this.maxs[c]) this.maxs[c] = timeMs;
    this.length = index + 1;
  }

  #open(c: number, timeMs: number): void {
    const page = this.memory.allocate((c === 0 ? FIRST_CAPACITY : CHUNK_ROWS) * SIZE_BYTES[TIME_RUNG_U32]);
    this.bases.push(timeMs - U32_RANGE / 2);
    this.mins.push(Number.POSITIVE_INFINITY);
    this.maxs.push(Number.NEGATIVE_INFINITY);
    this.#set(c, page, TIME_RUNG_U32);
  }

  /** Makes the chunk hold the time too. Gives its offset. */
  #widen(c: number, count: number, timeMs: number): number {
    if (this.rungs[c] === TIME_RUNG_F64) return timeMs;
    const capacity = capacityOf(this.pages[c], this.rungs[c]);
    const base = this.bases[c] + RANGE[this.rungs[c]] / 2 - RANGE[TIME_RUNG_U40] / 2;
    const offset = timeMs - base;
    const isNear = this.rungs[c] === TIME_RUNG_U32 && offset >= 0 && offset < RANGE[TIME_RUNG_U40];
    if (isNear) this.#reshape(c, count, capacity, TIME_RUNG_U40, base);
    else this.#reshape(c, count, capacity, TIME_RUNG_F64, 0);
    return isNear ? offset : timeMs;
  }

  /** Moves the chunk's first `count` times into a new page. */
  #reshape(c: number, count: number, capacity: number, rung: number, base = this.bases[c]): void {
    const oldView = this.#views[c];
    const oldPacked = this.#packed[c];
    const oldPage = this.pages[c];
    const shift = this.bases[c] - base;
    this.#set(c, this.memory.allocate(capacity * SIZE_BYTES[rung]), rung);
    this.bases[c] = base;
    const view = this.#views[c];
    const packed = this.#packed[c];
    for (let i = 0; i < count; i++) {
      const offset = (oldPacked === undefined ? oldView[i] : readOffset(oldPacked, i)) + shift;
      if (packed === undefined) view[i] = offset;
      else writeOffset(packed, i, offset);
    }
    this.memory.free(oldPage);
  }

  #set(c: number, page: Page, rung: number): void {
    const slab = this.memory.slabs[page.slabIndex];
    this.pages[c] = page;
    this.rungs[c] = rung;
    this.#stamps[c] = page.stamp;
    if (c === 0) this.#firstCapacity = capacityOf(page, rung);
    this.#packed[c] = rung === TIME_RUNG_U40 ? wideView(this.memory.slabs, page) : undefined;
    if (rung === TIME_RUNG_U32) this.#views[c] = new Uint32Array(slab, page.offset, page.sizeBytes >>> 2);
    else if (rung === TIME_RUNG_F64) this.#views[c] = new Float64Array(slab, page.offset, page.sizeBytes >>> 3);
    else this.#views[c] = NO_VIEW;
  }

  save(context: SaveContext): SavedState {
    return {
      length: this.length,
      pages: context.list(this.pages),
      bases: [...this.bases],
      mins: [...this.mins],
      maxs: [...this.maxs],
      rungs: [...this.rungs],
    };
  }

  /** Of older checkpoints: chunks of u32 or f64. */
  load(context: LoadContext, state: SavedState): void {
    const once = state['wide'] as boolean[] | undefined;
    const rungs = once?.map((isWide) => (isWide ? TIME_RUNG_F64 : TIME_RUNG_U32)) ?? (state['rungs'] as number[]);
    this.length = state['length'] as number;
    this.bases.push(...(state['bases'] as number[]));
    this.mins.push(...(state['mins'] as number[]));
    this.maxs.push(...(state['maxs'] as number[]));
    context.list(state['pages'] as number[]).forEach((page, c) => {
      this.#set(c, page!, rungs[c]);
    });
  }
}

function readOffset(view: DataView, local: number): number {
  return view.getUint32(5 * local, true) + U32_RANGE * view.getUint8(5 * local + 4);
}

function writeOffset(view: DataView, local: number, offset: number): void {
  view.setUint32(5 * local, offset, true);
  view.setUint8(5 * local + 4, Math.floor(offset / U32_RANGE));
}

/** A power of two; a small page may be larger than what its elements need. */
function capacityOf({ sizeBytes }: Page, rung: number): number {
  return 1 << (31 - Math.clz32(sizeBytes / SIZE_BYTES[rung]));
}
