/**
 * A hash table of (key, value) pairs of u32 that never pauses to grow: extendible hashing (Fagin, Nievergelt, Pippenger
 * & Strong 1979). The top bits of the key pick a segment through a directory, the low bits a slot in it (linear probing). A
 * full segment doubles until 4,096 slots, then splits in two: the longest step moves 3,072 pairs, some 30 µs, however
 * large the table. Segments are pages, so a snapshot copies only those that change.
 *
 * Layout of a segment: [key u32, value u32] × slots; value 0 = empty slot. Keys must be well mixed (`mix32`); several pairs
 * may share a key, and the caller tells them apart by the value. Pairs are never removed, only replaced.
 */
import { assert } from '../base/assert.ts';
import type { LoadContext, SaveContext, SavedState } from './persist.ts';
import type { Page, SlabMemory } from './slab-memory.ts';

const FIRST_SLOTS = 8;
const LAST_SLOTS = 4_096;

export class PairTable {
  readonly memory: SlabMemory;
  #count = 0;
  #depth = 0;
  #directory: number[] = [0];
  readonly #pages: Page[] = [];
  readonly #views: Uint32Array[] = [];
  readonly #stamps: number[] = [];
  readonly #counts: number[] = [];
  readonly #depths: number[] = [];
  // Where the last `first` or `next` stopped.
  #cursorView: Uint32Array | undefined;
  #cursorSegment = 0;
  #cursorSlot = 0;

  constructor(memory: SlabMemory, isEmpty = true) {
    this.memory = memory;
    if (isEmpty) this.#addSegment(FIRST_SLOTS, 0);
  }

  get count(): number {
    return this.#count;
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const page of this.#pages) bytes += page.sizeBytes;
    return bytes;
  }

  /** Value of the first pair with this key, 0 when there is none. */
  first(key: number): number {
    const segment = this.#depth === 0 ? 0 : this.#directory[key >>> (32 - this.#depth)];
    const view = this.#views[segment];
    this.#cursorView = view;
    this.#cursorSegment = segment;
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
    const view = this.#cursorView!;
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
    const view = this.#views[this.#depth === 0 ? 0 : this.#directory[key >>> (32 - this.#depth)]];
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
    const segment = this.#cursorSegment;
    if (this.#stamps[segment] !== this.memory.epoch) this.#own(segment);
    this.#views[segment][2 * this.#cursorSlot + 1] = value;
  }

  /** Adds a pair; does not look whether it is there. */
  insert(key: number, value: number): void {
    assert(value !== 0, 'value 0 marks an empty slot');
    let segment = this.#depth === 0 ? 0 : this.#directory[key >>> (32 - this.#depth)];
    let slots = this.#views[segment].length >>> 1;
    while (this.#counts[segment] >= slots - (slots >>> 2)) {
      if (slots < LAST_SLOTS || this.#isDeep(segment)) this.#double(segment);
      else this.#split(segment);
      segment = this.#depth === 0 ? 0 : this.#directory[key >>> (32 - this.#depth)];
      slots = this.#views[segment].length >>> 1;
    }
    if (this.#stamps[segment] !== this.memory.epoch) this.#own(segment);
    put(this.#views[segment], key, value);
    this.#counts[segment] += 1;
    this.#count += 1;
  }

  /**
   * Whether a further split would only grow the directory: thousands of pairs that share a key (or its top bits) cannot be
   * told apart by it. Keeps the directory below one entry per eight pairs; mixed keys never come near that.
   */
  #isDeep(segment: number): boolean {
    return 2 ** this.#depths[segment] >= 64 + this.#count / 16;
  }

  #own(segment: number): void {
    const page = this.memory.own(this.#pages[segment]);
    if (page !== this.#pages[segment]) {
      this.#pages[segment] = page;
      this.#views[segment] = this.#viewOf(page);
    }
    this.#stamps[segment] = page.stamp;
  }

  #viewOf(page: Page): Uint32Array {
    return new Uint32Array(this.memory.slabs[page.slabIndex], page.offset, page.sizeBytes >>> 2);
  }

  #addSegment(slots: number, depth: number): number {
    const page = this.memory.allocate(slots * 8);
    this.#pages.push(page);
    this.#views.push(this.#viewOf(page));
    this.#stamps.push(page.stamp);
    this.#counts.push(0);
    this.#depths.push(depth);
    return this.#pages.length - 1;
  }

  #double(segment: number): void {
    const old = this.#views[segment];
    const page = this.memory.allocate(old.length * 4 * 2);
    const view = this.#viewOf(page);
    for (let i = 0; i < old.length; i += 2) if (old[i + 1] !== 0) put(view, old[i], old[i + 1]);
    this.memory.free(this.#pages[segment]);
    this.#pages[segment] = page;
    this.#views[segment] = view;
    this.#stamps[segment] = page.stamp;
  }

  #split(segment: number): void {
    const depth = this.#depths[segment];
    if (depth === this.#depth) {
      const doubled: number[] = [];
      for (const entry of this.#directory) doubled.push(entry, entry);
      this.#directory = doubled;
      this.#depth += 1;
    }
    const old = this.#views[segment];
    const low = this.memory.allocate(old.length * 4);
    const lowView = this.#viewOf(low);
    const high = this.#addSegment(old.length >>> 1, depth + 1);
    const highView = this.#views[high];
    const shift = 31 - depth;
    let highCount = 0;
    for (let i = 0; i < old.length; i += 2) {
      if (old[i + 1] === 0) continue;
      if ((old[i] >>> shift) & 1) {
        put(highView, old[i], old[i + 1]);
        highCount += 1;
      } else {
        put(lowView, old[i], old[i + 1]);
      }
    }
    this.memory.free(this.#pages[segment]);
    this.#pages[segment] = low;
    this.#views[segment] = lowView;
    this.#stamps[segment] = low.stamp;
    this.#counts[high] = highCount;
    this.#counts[segment] -= highCount;
    this.#depths[segment] = depth + 1;
    const directory = this.#directory;
    const below = this.#depth - depth - 1;
    for (let i = 0; i < directory.length; i++) {
      if (directory[i] === segment && (i >>> below) & 1) directory[i] = high;
    }
  }

  /** Empties the table without giving up its first segment. */
  clear(): void {
    for (const page of this.#pages) this.memory.free(page);
    this.#pages.length = 0;
    this.#views.length = 0;
    this.#stamps.length = 0;
    this.#counts.length = 0;
    this.#depths.length = 0;
    this.#directory = [0];
    this.#depth = 0;
    this.#count = 0;
    this.#addSegment(FIRST_SLOTS, 0);
  }

  /** Visits all pairs, in no order. */
  forEach(visit: (key: number, value: number) => void): void {
    for (const view of this.#views) {
      for (let i = 0; i < view.length; i += 2) if (view[i + 1] !== 0) visit(view[i], view[i + 1]);
    }
  }

  /** Gives all pages back; the table is of no more use. */
  free(): void {
    for (const page of this.#pages) this.memory.free(page);
    this.#pages.length = 0;
    this.#views.length = 0;
  }

  save(context: SaveContext): SavedState {
    return {
      count: this.#count,
      depth: this.#depth,
      directory: [...this.#directory],
      counts: [...this.#counts],
      depths: [...this.#depths],
      pages: context.list(this.#pages),
    };
  }

  static load(context: LoadContext, state: SavedState): PairTable {
    const table = new PairTable(context.memory, false);
    table.#count = state['count'] as number;
    table.#depth = state['depth'] as number;
    table.#directory = [...(state['directory'] as number[])];
    table.#counts.push(...(state['counts'] as number[]));
    table.#depths.push(...(state['depths'] as number[]));
    for (const page of context.list(state['pages'] as number[])) {
      table.#pages.push(page!);
      table.#views.push(table.#viewOf(page!));
      table.#stamps.push(page!.stamp);
    }
    return table;
  }
}

function put(view: Uint32Array, key: number, value: number): void {
  const mask = (view.length >>> 1) - 1;
  let slot = key & mask;
  while (view[2 * slot + 1] !== 0) slot = (slot + 1) & mask;
  view[2 * slot] = key;
  view[2 * slot + 1] = value;
}
