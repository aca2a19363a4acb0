/**
 * A hash table of (key, value) pairs of u32 that never pauses to grow and stays well filled. The top bits of the key pick a
 * group through a directory (extendible hashing: Fagin, Nievergelt, Pippenger & Strong 1979). A group is four pages of 2,048 slots,
 * then five, six, seven (partial expansions: Larson 1980), and splits in two groups of four when seven are full. All pages of one size,
 * so nothing is left over in the slabs; 10.4 bytes a pair on the average, where halves that double would take 15.6. The longest step
 * moves some 12,000 pairs, below 150 µs, however large the table.
 *
 * A page is an open-addressing table of its own (linear probing): [key u32, value u32] × slots; value 0 = empty slot. Keys must
 * be well mixed (`mix32`); several pairs may share a key, and the caller tells them apart by the value. A table whose pairs are
 * removed keeps its pages. A small table is one page that doubles. So does a page with too many pairs of one key.
 */
import { assert } from '../base/assert.ts';
import type { LoadContext, SaveContext, SavedState } from './persist.ts';
import type { Page, SlabMemory } from './slab-memory.ts';

const FIRST_SLOTS = 8;
const PAGE_SLOTS = 2_048;
const LEAST_PAGES = 4;
const MOST_PAGES = 7;
/** Of checkpoints that do not say it. */
const MOST_PAGES_ONCE = 6;
const ANY_SIDE = -1;

/** Pairs on their way between pages, `[key, value]`; only within one call. */
let moving = new Uint32Array(2 * MOST_PAGES * PAGE_SLOTS);

export class PairTable {
  readonly memory: SlabMemory;
  #count = 0;
  #depth = 0;
  /** Top bits of the key → group. */
  #directory: number[] = [0];
  /** By group. */
  readonly #depths: number[] = [];
  readonly #sizes: number[] = [];
  /** By group × MOST_PAGES + page in the group. */
  readonly #pages: (Page | undefined)[] = [];
  readonly #views: Uint32Array[] = [];
  readonly #stamps: number[] = [];
  readonly #counts: number[] = [];
  // Where the last `first` or `next` stopped.
  #cursorView: Uint32Array = NO_PAIRS;
  #cursorPage = 0;
  #cursorSlot = 0;

  constructor(memory: SlabMemory, isEmpty = true) {
    this.memory = memory;
    if (isEmpty) this.#begin();
  }

  #begin(): void {
    this.#addGroup(0);
    this.#sizes[0] = 1;
    this.#setPage(0, FIRST_SLOTS);
  }

  get count(): number {
    return this.#count;
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const page of this.#pages) bytes += page?.sizeBytes ?? 0;
    return bytes;
  }

  #groupOf(key: number): number {
    return this.#depth === 0 ? 0 : this.#directory[key >>> (32 - this.#depth)];
  }

  #pageOf(key: number): number {
    const group = this.#depth === 0 ? 0 : this.#directory[key >>> (32 - this.#depth)];
    return group * MOST_PAGES + (((key & 0xffff) * this.#sizes[group]) >>> 16);
  }

  /** Value of the first pair with this key, 0 when there is none. */
  first(key: number): number {
    const page = this.#pageOf(key);
    const view = this.#views[page];
    this.#cursorView = view;
    this.#cursorPage = page;
    const mask = (view.length >>> 1) - 1;
    let slot = key & mask;
    for (;;) {
      const value = view[2 * slot + 1];
      if (value === 0) return 0;
      if (view[2 * slot] === key) {
        this.#cursorSlot = slot;
        return value;
      }
      slot = (slot + 1) & mask;
    }
  }

  /** The next pair with the same key after `first` or `next`, 0 when there is none. */
  next(key: number): number {
    const view = this.#cursorView;
    const mask = (view.length >>> 1) - 1;
    let slot = (this.#cursorSlot + 1) & mask;
    for (;;) {
      const value = view[2 * slot + 1];
      if (value === 0) return 0;
      if (view[2 * slot] === key) {
        this.#cursorSlot = slot;
        return value;
      }
      slot = (slot + 1) & mask;
    }
  }

  /** Whether exactly this pair is there. */
  has(key: number, value: number): boolean {
    const view = this.#views[this.#pageOf(key)];
    const mask = (view.length >>> 1) - 1;
    let slot = key & mask;
    for (;;) {
      const found = view[2 * slot + 1];
      if (found === 0) return false;
      if (found === value && view[2 * slot] === key) return true;
      slot = (slot + 1) & mask;
    }
  }

  /** Replaces the value of the pair that `first` or `next` just gave. */
  replace(value: number): void {
    const page = this.#cursorPage;
    if (this.#stamps[page] !== this.memory.epoch) this.#own(page);
    this.#views[page][2 * this.#cursorSlot + 1] = value;
  }

  /** Adds a pair; does not look whether it is there. */
  insert(key: number, value: number): void {
    assert(value !== 0, 'value 0 marks an empty slot');
    let page = this.#pageOf(key);
    while (this.#counts[page] >= roomOf(this.#views[page].length >>> 1)) {
      this.#grow(this.#groupOf(key), page);
      page = this.#pageOf(key);
    }
    if (this.#stamps[page] !== this.memory.epoch) this.#own(page);
    put(this.#views[page], key, value);
    this.#counts[page] += 1;
    this.#count += 1;
  }

  /** Takes out the first pair with this key and gives its value, 0 when there is none. */
  remove(key: number): number {
    const value = this.first(key);
    if (value === 0) return 0;
    const page = this.#cursorPage;
    if (this.#stamps[page] !== this.memory.epoch) this.#own(page);
    const view = this.#views[page];
    const mask = (view.length >>> 1) - 1;
    let hole = this.#cursorSlot;
    // Who was put behind the hole because its own slot was taken moves up, so that nobody is cut off from it.
    for (let slot = (hole + 1) & mask; view[2 * slot + 1] !== 0; slot = (slot + 1) & mask) {
      if (((slot - view[2 * slot]) & mask) < ((slot - hole) & mask)) continue;
      view[2 * hole] = view[2 * slot];
      view[2 * hole + 1] = view[2 * slot + 1];
      hole = slot;
    }
    view[2 * hole] = 0;
    view[2 * hole + 1] = 0;
    this.#counts[page] -= 1;
    this.#count -= 1;
    return value;
  }

  #grow(group: number, page: number): void {
    const slots = this.#views[page].length >>> 1;
    if (slots < PAGE_SLOTS) this.#double(page);
    else if (this.#sizes[group] < MOST_PAGES) this.#expand(group);
    else if (this.#isDeep(group)) this.#double(page);
    else this.#split(group);
  }

  /**
   * Whether a further split would only grow the directory: thousands of pairs that share a key (or its top bits) cannot be
   * told apart by it. Keeps the directory below one entry per eight pairs; mixed keys never come near that.
   */
  #isDeep(group: number): boolean {
    return 2 ** this.#depths[group] >= 64 + this.#count / 16;
  }

  #own(page: number): void {
    const old = this.#pages[page];
    if (old === undefined) {
      this.#setPage(page, PAGE_SLOTS);
      return;
    }
    const owned = this.memory.own(old);
    if (owned !== old) {
      this.#pages[page] = owned;
      this.#views[page] = this.#viewOf(owned);
    }
    this.#stamps[page] = owned.stamp;
  }

  #viewOf(page: Page): Uint32Array {
    return new Uint32Array(this.memory.slabs[page.slabIndex], page.offset, page.sizeBytes >>> 2);
  }

  #addGroup(depth: number): number {
    for (let i = 0; i < MOST_PAGES; i++) {
      this.#pages.push(undefined);
      this.#views.push(NO_PAIRS);
      this.#stamps.push(0);
      this.#counts.push(0);
    }
    this.#sizes.push(0);
    return this.#depths.push(depth) - 1;
  }

  /** Puts an empty page there. */
  #setPage(at: number, slots: number): void {
    const page = this.memory.allocate(slots * 8);
    this.#pages[at] = page;
    this.#views[at] = this.#viewOf(page);
    this.#stamps[at] = page.stamp;
    this.#counts[at] = 0;
  }

  #double(at: number): void {
    const old = this.#pages[at]!;
    const view = this.#views[at];
    const count = this.#counts[at];
    this.#setPage(at, view.length);
    for (let i = 0; i < view.length; i += 2) if (view[i + 1] !== 0) put(this.#views[at], view[i], view[i + 1]);
    this.#counts[at] = count;
    this.memory.free(old);
  }

  #expand(group: number): void {
    const words = this.#takeOut(group);
    const size = this.#sizes[group];
    this.#sizes[group] = size < LEAST_PAGES ? 2 * size : size + 1;
    this.#putIn(group, words, 0, ANY_SIDE);
  }

  #split(group: number): void {
    const depth = this.#depths[group];
    if (depth === this.#depth) {
      const doubled: number[] = [];
      for (const entry of this.#directory) doubled.push(entry, entry);
      this.#directory = doubled;
      this.#depth += 1;
    }
    const words = this.#takeOut(group);
    const high = this.#addGroup(depth + 1);
    this.#depths[group] = depth + 1;
    this.#sizes[group] = LEAST_PAGES;
    this.#sizes[high] = LEAST_PAGES;
    this.#putIn(group, words, 31 - depth, 0);
    this.#putIn(high, words, 31 - depth, 1);
    const directory = this.#directory;
    const below = this.#depth - depth - 1;
    for (let i = 0; i < directory.length; i++) {
      if (directory[i] === group && (i >>> below) & 1) directory[i] = high;
    }
  }

  /** Copies the group's pairs to `moving` and gives its pages back. How many words they are. */
  #takeOut(group: number): number {
    let words = 0;
    const from = group * MOST_PAGES;
    for (let at = from; at < from + this.#sizes[group]; at++) {
      const view = this.#views[at];
      if (words + view.length > moving.length) {
        const larger = new Uint32Array(2 * (words + view.length));
        larger.set(moving);
        moving = larger;
      }
      for (let i = 0; i < view.length; i += 2) {
        if (view[i + 1] === 0) continue;
        moving[words] = view[i];
        moving[words + 1] = view[i + 1];
        words += 2;
      }
      const page = this.#pages[at];
      if (page !== undefined) this.memory.free(page);
      this.#pages[at] = undefined;
      this.#views[at] = NO_PAIRS;
    }
    return words;
  }

  /** Puts those of the moved pairs whose bit is `side` into new pages of the group. */
  #putIn(group: number, words: number, bit: number, side: number): void {
    const from = group * MOST_PAGES;
    const size = this.#sizes[group];
    const counts = this.#counts;
    for (let at = from; at < from + size; at++) counts[at] = 0;
    for (let i = 0; i < words; i += 2) {
      const key = moving[i];
      if (side === ANY_SIDE || ((key >>> bit) & 1) === side) counts[from + (((key & 0xffff) * size) >>> 16)] += 1;
    }
    for (let at = from; at < from + size; at++) {
      const count = counts[at];
      let slots = PAGE_SLOTS;
      while (roomOf(slots) < count) slots *= 2;
      this.#setPage(at, slots);
      counts[at] = count;
    }
    for (let i = 0; i < words; i += 2) {
      const key = moving[i];
      if (side === ANY_SIDE || ((key >>> bit) & 1) === side) {
        put(this.#views[from + (((key & 0xffff) * size) >>> 16)], key, moving[i + 1]);
      }
    }
  }

  /** Empties the table without giving up its first page. */
  clear(): void {
    this.free();
    this.#directory = [0];
    this.#depth = 0;
    this.#count = 0;
    this.#begin();
  }

  /** Empties the table but remembers how large it was: pages come back as they are needed, and filling it again moves no pair. */
  clearKeepingShape(): void {
    for (let at = 0; at < this.#pages.length; at++) {
      const page = this.#pages[at];
      if (page !== undefined) this.memory.free(page);
      this.#pages[at] = undefined;
      this.#views[at] = NO_PAIRS;
      this.#stamps[at] = 0;
      this.#counts[at] = 0;
    }
    this.#count = 0;
  }

  /** Visits all pairs, in no order. */
  forEach(visit: (key: number, value: number) => void): void {
    for (const view of this.#views) {
      for (let i = 0; i < view.length; i += 2) if (view[i + 1] !== 0) visit(view[i], view[i + 1]);
    }
  }

  /** Gives all pages back; the table is of no more use. */
  free(): void {
    for (const page of this.#pages) if (page !== undefined) this.memory.free(page);
    for (const list of [this.#pages, this.#views, this.#stamps, this.#counts, this.#depths, this.#sizes]) {
      list.length = 0;
    }
  }

  save(context: SaveContext): SavedState {
    return {
      count: this.#count,
      depth: this.#depth,
      directory: [...this.#directory],
      depths: [...this.#depths],
      sizes: [...this.#sizes],
      stride: MOST_PAGES,
      counts: [...this.#counts],
      pages: context.list(this.#pages),
    };
  }

  static load(context: LoadContext, state: SavedState): PairTable {
    const table = new PairTable(context.memory, false);
    table.#count = state['count'] as number;
    table.#depth = state['depth'] as number;
    table.#directory = [...(state['directory'] as number[])];
    table.#depths.push(...(state['depths'] as number[]));
    table.#sizes.push(...(state['sizes'] as number[]));
    const stride = (state['stride'] as number | undefined) ?? MOST_PAGES_ONCE;
    const counts = state['counts'] as number[];
    const pages = context.list(state['pages'] as number[]);
    for (let group = 0; group < table.#sizes.length; group++) {
      for (let i = 0; i < MOST_PAGES; i++) {
        const page = i < stride ? pages[group * stride + i] : undefined;
        table.#pages.push(page);
        table.#views.push(page === undefined ? NO_PAIRS : table.#viewOf(page));
        table.#stamps.push(page?.stamp ?? 0);
        table.#counts.push(i < stride ? counts[group * stride + i] : 0);
      }
    }
    return table;
  }
}

/** In place of a page that was not needed yet: one empty slot, never written to. */
const NO_PAIRS = new Uint32Array(2);

/** Pairs that a page takes before it has to make room: 27 of 32 slots. */
function roomOf(slots: number): number {
  return slots - (slots >>> 3) - (slots >>> 5);
}

function put(view: Uint32Array, key: number, value: number): void {
  const mask = (view.length >>> 1) - 1;
  let slot = key & mask;
  while (view[2 * slot + 1] !== 0) slot = (slot + 1) & mask;
  view[2 * slot] = key;
  view[2 * slot + 1] = value;
}
