/**
 * Columns of one element width, in chunks of 65,536. The first chunk grows by doubling so that a small column stays small;
 * the others come whole.
 *
 * `push` appends (snapshots never look past the length they took, so no copy); `set` changes in place behind the
 * copy-on-write barrier. Each class has its own accessors so that every call site sees one typed-array kind.
 */
import { CHUNK_MASK, CHUNK_ROWS, CHUNK_SHIFT } from './chunk-size.ts';
import type { LoadContext, SaveContext, SavedState } from './persist.ts';
import type { Page, SlabMemory } from './slab-memory.ts';

const FIRST_CAPACITY = 16;

type View = Uint8Array | Uint16Array | Uint32Array | Float64Array;

abstract class FixedColumn<V extends View> {
  readonly memory: SlabMemory;
  readonly elementSizeBytes: number;
  readonly pages: Page[] = [];
  length = 0;
  protected readonly views: V[] = [];
  protected readonly stamps: number[] = [];

  constructor(memory: SlabMemory, elementSizeBytes: number) {
    this.memory = memory;
    this.elementSizeBytes = elementSizeBytes;
  }

  protected abstract viewOf(page: Page): V;

  /** The chunk's elements, for scans; `undefined` past the end. */
  chunk(index: number): V | undefined {
    return this.views[index];
  }

  get chunkCount(): number {
    return this.views.length;
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const page of this.pages) bytes += page.sizeBytes;
    return bytes;
  }

  protected own(chunk: number): void {
    const page = this.memory.own(this.pages[chunk]);
    if (page !== this.pages[chunk]) {
      this.pages[chunk] = page;
      this.views[chunk] = this.viewOf(page);
    }
    this.stamps[chunk] = page.stamp;
  }

  /** Marks an append: no copy, only the stamp. `set` may skip its barrier afterwards only when no snapshot sees the page. */
  protected touch(chunk: number): void {
    if (this.memory.touch(this.pages[chunk])) this.stamps[chunk] = this.memory.epoch;
  }

  protected grow(chunk: number, local: number): void {
    const old = this.pages[chunk];
    let capacity = chunk === 0 ? FIRST_CAPACITY : CHUNK_ROWS;
    while (capacity <= local) capacity *= 2;
    const page = this.memory.allocate(capacity * this.elementSizeBytes);
    if (old !== undefined) {
      this.memory.bytes(page).set(this.memory.bytes(old));
      this.memory.free(old);
    }
    this.pages[chunk] = page;
    this.views[chunk] = this.viewOf(page);
    this.stamps[chunk] = page.stamp;
  }

  free(): void {
    for (const page of this.pages) this.memory.free(page);
    this.pages.length = 0;
    this.views.length = 0;
    this.stamps.length = 0;
    this.length = 0;
  }

  save(context: SaveContext): SavedState {
    return { length: this.length, pages: context.list(this.pages) };
  }

  load(context: LoadContext, state: SavedState): void {
    this.length = state['length'] as number;
    for (const page of context.list(state['pages'] as number[])) {
      this.pages.push(page!);
      this.views.push(this.viewOf(page!));
      this.stamps.push(page!.stamp);
    }
  }
}

export class U8Column extends FixedColumn<Uint8Array> {
  constructor(memory: SlabMemory) {
    super(memory, 1);
  }
  protected viewOf(page: Page): Uint8Array {
    return new Uint8Array(this.memory.slabs[page.slabIndex], page.offset, page.sizeBytes);
  }
  get(index: number): number {
    return this.views[index >>> CHUNK_SHIFT][index & CHUNK_MASK];
  }
  set(index: number, value: number): void {
    const c = index >>> CHUNK_SHIFT;
    if (this.stamps[c] !== this.memory.epoch) this.own(c);
    this.views[c][index & CHUNK_MASK] = value;
  }
  push(value: number): void {
    const index = this.length;
    const c = index >>> CHUNK_SHIFT;
    const local = index & CHUNK_MASK;
    if (c >= this.views.length || local >= this.views[c].length) this.grow(c, local);
    else if (this.stamps[c] !== this.memory.epoch) this.touch(c);
    this.views[c][local] = value;
    this.length = index + 1;
  }
}

export class U16Column extends FixedColumn<Uint16Array> {
  constructor(memory: SlabMemory) {
    super(memory, 2);
  }
  protected viewOf(page: Page): Uint16Array {
    return new Uint16Array(this.memory.slabs[page.slabIndex], page.offset, page.sizeBytes >>> 1);
  }
  get(index: number): number {
    return this.views[index >>> CHUNK_SHIFT][index & CHUNK_MASK];
  }
  set(index: number, value: number): void {
    const c = index >>> CHUNK_SHIFT;
    if (this.stamps[c] !== this.memory.epoch) this.own(c);
    this.views[c][index & CHUNK_MASK] = value;
  }
  push(value: number): void {
    const index = this.length;
    const c = index >>> CHUNK_SHIFT;
    const local = index & CHUNK_MASK;
    if (c >= this.views.length || local >= this.views[c].length) this.grow(c, local);
    else if (this.stamps[c] !== this.memory.epoch) this.touch(c);
    this.views[c][local] = value;
    this.length = index + 1;
  }
}

export class U32Column extends FixedColumn<Uint32Array> {
  constructor(memory: SlabMemory) {
    super(memory, 4);
  }
  protected viewOf(page: Page): Uint32Array {
    return new Uint32Array(this.memory.slabs[page.slabIndex], page.offset, page.sizeBytes >>> 2);
  }
  get(index: number): number {
    return this.views[index >>> CHUNK_SHIFT][index & CHUNK_MASK];
  }
  set(index: number, value: number): void {
    const c = index >>> CHUNK_SHIFT;
    if (this.stamps[c] !== this.memory.epoch) this.own(c);
    this.views[c][index & CHUNK_MASK] = value;
  }
  push(value: number): void {
    const index = this.length;
    const c = index >>> CHUNK_SHIFT;
    const local = index & CHUNK_MASK;
    if (c >= this.views.length || local >= this.views[c].length) this.grow(c, local);
    else if (this.stamps[c] !== this.memory.epoch) this.touch(c);
    this.views[c][local] = value;
    this.length = index + 1;
  }
}

export class F64Column extends FixedColumn<Float64Array> {
  constructor(memory: SlabMemory) {
    super(memory, 8);
  }
  protected viewOf(page: Page): Float64Array {
    return new Float64Array(this.memory.slabs[page.slabIndex], page.offset, page.sizeBytes >>> 3);
  }
  get(index: number): number {
    return this.views[index >>> CHUNK_SHIFT][index & CHUNK_MASK];
  }
  set(index: number, value: number): void {
    const c = index >>> CHUNK_SHIFT;
    if (this.stamps[c] !== this.memory.epoch) this.own(c);
    this.views[c][index & CHUNK_MASK] = value;
  }
  push(value: number): void {
    const index = this.length;
    const c = index >>> CHUNK_SHIFT;
    const local = index & CHUNK_MASK;
    if (c >= this.views.length || local >= this.views[c].length) this.grow(c, local);
    else if (this.stamps[c] !== this.memory.epoch) this.touch(c);
    this.views[c][local] = value;
    this.length = index + 1;
  }
}
