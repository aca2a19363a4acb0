/**
 * Event times, append-only: milliseconds since the epoch. A chunk of live traffic spans days, so it is stored as
 * u32 offsets from a base 24.8 days before its first event; a chunk with a time outside the 49.7-day range is rewritten as
 * f64. Keeps min and max per chunk: a window query passes over whole chunks.
 */
import { CHUNK_MASK, CHUNK_ROWS, CHUNK_SHIFT } from './chunk-size.ts';
import type { LoadContext, SaveContext, SavedState } from './persist.ts';
import type { Page, SlabMemory } from './slab-memory.ts';

const HALF_RANGE = 2 ** 31;
const FULL_RANGE = 2 ** 32;
const FIRST_CAPACITY = 16;

export type TimeView = Uint32Array | Float64Array;

export class TimeColumn {
  readonly memory: SlabMemory;
  readonly pages: Page[] = [];
  /** Added to every element; 0 for f64 chunks. */
  readonly bases: number[] = [];
  readonly mins: number[] = [];
  readonly maxs: number[] = [];
  length = 0;
  readonly #views: TimeView[] = [];
  readonly #stamps: number[] = [];

  constructor(memory: SlabMemory) {
    this.memory = memory;
  }

  chunk(index: number): TimeView | undefined {
    return this.#views[index];
  }

  get chunkCount(): number {
    return this.#views.length;
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const page of this.pages) bytes += page.sizeBytes;
    return bytes;
  }

  isWide(chunk: number): boolean {
    return this.#views[chunk] instanceof Float64Array;
  }

  get(index: number): number {
    const c = index >>> CHUNK_SHIFT;
    return this.bases[c] + this.#views[c][index & CHUNK_MASK];
  }

  push(timeMs: number): void {
    const index = this.length;
    const c = index >>> CHUNK_SHIFT;
    const local = index & CHUNK_MASK;
    if (c >= this.#views.length) this.#open(c, timeMs);
    else if (local >= this.#views[c].length) this.#reshape(c, this.#views[c].length * 2, this.isWide(c));
    else if (this.#stamps[c] !== this.memory.epoch) {
      this.pages[c].stamp = this.memory.epoch;
      this.#stamps[c] = this.memory.epoch;
    }
    let offset = timeMs - this.bases[c];
    if (!(offset >= 0 && offset < FULL_RANGE) && !this.isWide(c)) {
      this.#reshape(c, this.#views[c].length, true);
      offset = timeMs;
    }
    this.#views[c][local] = offset;
    if (timeMs < this.mins[c]) this.mins[c] = timeMs;
    if (timeMs > this.maxs[c]) this.maxs[c] = timeMs;
    this.length = index + 1;
  }

  #open(c: number, timeMs: number): void {
    const page = this.memory.allocate((c === 0 ? FIRST_CAPACITY : CHUNK_ROWS) * 4);
    this.pages.push(page);
    this.#stamps.push(page.stamp);
    this.bases.push(timeMs - HALF_RANGE);
    this.mins.push(Number.POSITIVE_INFINITY);
    this.maxs.push(Number.NEGATIVE_INFINITY);
    this.#views.push(this.#viewOf(page, false));
  }

  #reshape(c: number, capacity: number, isWide: boolean): void {
    const old = this.#views[c];
    const base = this.bases[c];
    const page = this.memory.allocate(capacity * (isWide ? 8 : 4));
    const view = this.#viewOf(page, isWide);
    if (isWide && !(old instanceof Float64Array)) {
      for (let i = 0; i < old.length; i++) view[i] = base + old[i];
      this.bases[c] = 0;
    } else {
      view.set(old);
    }
    this.memory.free(this.pages[c]);
    this.pages[c] = page;
    this.#stamps[c] = page.stamp;
    this.#views[c] = view;
  }

  #viewOf(page: Page, isWide: boolean): TimeView {
    const slab = this.memory.slabs[page.slabIndex];
    return isWide
      ? new Float64Array(slab, page.offset, page.sizeBytes >>> 3)
      : new Uint32Array(slab, page.offset, page.sizeBytes >>> 2);
  }

  save(context: SaveContext): SavedState {
    return {
      length: this.length,
      pages: context.list(this.pages),
      bases: [...this.bases],
      mins: [...this.mins],
      maxs: [...this.maxs],
      wide: this.#views.map((_, c) => this.isWide(c)),
    };
  }

  load(context: LoadContext, state: SavedState): void {
    const wide = state['wide'] as boolean[];
    this.length = state['length'] as number;
    this.bases.push(...(state['bases'] as number[]));
    this.mins.push(...(state['mins'] as number[]));
    this.maxs.push(...(state['maxs'] as number[]));
    context.list(state['pages'] as number[]).forEach((page, c) => {
      this.pages.push(page!);
      this.#stamps.push(page!.stamp);
      this.#views.push(this.#viewOf(page!, wide[c]));
    });
  }
}
