/**
 * Columns whose elements are as narrow as each chunk allows: a chunk starts at one byte an element and is rewritten one rung wider
 * (65,536 elements, tens of microseconds) when a value does not fit. Older chunks stay narrow. Any index may be written at
 * any time; a chunk that nobody wrote to does not exist.
 *
 * - `CodeColumn`: dictionary codes, u8 → u16 → u32; 0 = missing.
 * - `NumberColumn`: numbers, i8 → i16 → i32 → f64; between whole numbers and f64 lie counts of hundredths and of ten-thousandths, i16 → i32
 *   each. The lowest integer of a rung, or NaN, = missing. Keeps a zone map (min and max ever written) per chunk, so that a range can pass
 *   over a chunk.
 */
import { CHUNK_MASK, CHUNK_ROWS, CHUNK_SHIFT } from './chunk-size.ts';
import type { LoadContext, SaveContext, SavedState } from './persist.ts';
import { countOf } from './scaled-number.ts';
import type { Page, SlabMemory } from './slab-memory.ts';

const FIRST_CAPACITY = 16;

export type CodeView = Uint8Array | Uint16Array | Uint32Array;
export type NumberView = Int8Array | Int16Array | Int32Array | Float64Array;

/** Rungs of a number chunk; `NUMBER_MISSING[rung]` marks a missing element. From `RUNG_H16` on elements are counts of `NUMBER_SCALE[rung]`. */
export const RUNG_I8 = 0;
export const RUNG_I16 = 1;
export const RUNG_I32 = 2;
export const RUNG_F64 = 3;
export const RUNG_H16 = 4;
export const RUNG_H32 = 5;
export const RUNG_T16 = 6;
export const RUNG_T32 = 7;
const I16_MAX = 0x7fff;
const I32_MAX = 0x7fff_ffff;
export const NUMBER_MISSING: readonly number[] = [
  -128,
  -I16_MAX - 1,
  -I32_MAX - 1,
  Number.NaN,
  -I16_MAX - 1,
  -I32_MAX - 1,
  -I16_MAX - 1,
  -I32_MAX - 1,
];
const NUMBER_SIZE_BYTES: readonly number[] = [1, 2, 4, 8, 2, 4, 2, 4];
/** What an element is divided by to be its number. */
export const NUMBER_SCALE: readonly number[] = [1, 1, 1, 1, 100, 100, 10_000, 10_000];

/** The number that an element of a rung, which is not missing, stands for. */
export function numberOf(element: number, rung: number): number {
  return rung < RUNG_H16 ? element : element / NUMBER_SCALE[rung];
}

function firstCapacity(chunk: number, local: number): number {
  if (chunk > 0) return CHUNK_ROWS;
  let capacity = FIRST_CAPACITY;
  while (capacity <= local) capacity *= 2;
  return capacity;
}

abstract class LadderColumn<V extends CodeView | NumberView> {
  readonly memory: SlabMemory;
  readonly pages: (Page | undefined)[] = [];
  /** Rung of each chunk. */
  readonly rungs: number[] = [];
  protected readonly views: (V | undefined)[] = [];
  protected readonly stamps: number[] = [];

  constructor(memory: SlabMemory) {
    this.memory = memory;
  }

  protected abstract sizeOf(rung: number): number;
  protected abstract viewOf(page: Page, rung: number): V;
  protected abstract fillMissing(view: V, rung: number, from: number): void;

  chunk(index: number): V | undefined {
    return this.views[index];
  }

  get chunkCount(): number {
    return this.views.length;
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const page of this.pages) bytes += page?.sizeBytes ?? 0;
    return bytes;
  }

  protected own(chunk: number): void {
    const old = this.pages[chunk]!;
    const page = this.memory.own(old);
    if (page !== old) {
      this.pages[chunk] = page;
      this.views[chunk] = this.viewOf(page, this.rungs[chunk]);
    }
    this.stamps[chunk] = page.stamp;
  }

  /** Makes `chunk` hold `local` on `rung`, which fits all that it has, moving that. */
  protected reshape(chunk: number, local: number, rung: number): void {
    while (this.views.length <= chunk) {
      this.views.push(undefined);
      this.pages.push(undefined);
      this.stamps.push(0);
      this.rungs.push(0);
    }
    const oldView = this.views[chunk];
    const oldRung = this.rungs[chunk];
    const capacity = Math.max(oldView?.length ?? 0, firstCapacity(chunk, local));
    const page = this.memory.allocate(capacity * this.sizeOf(rung));
    const view = this.viewOf(page, rung);
    this.fillMissing(view, rung, 0);
    if (oldView !== undefined) {
      this.move(oldView, oldRung, view, rung);
      this.memory.free(this.pages[chunk]!);
    }
    this.pages[chunk] = page;
    this.views[chunk] = view;
    this.rungs[chunk] = rung;
    this.stamps[chunk] = page.stamp;
  }

  protected abstract move(from: V, fromRung: number, to: V, toRung: number): void;

  /** Gives the pages back: everything is missing from then on. */
  free(): void {
    for (const page of this.pages) if (page !== undefined) this.memory.free(page);
    this.pages.length = 0;
    this.rungs.length = 0;
    this.views.length = 0;
    this.stamps.length = 0;
  }

  save(context: SaveContext): SavedState {
    return { rungs: [...this.rungs], pages: context.list(this.pages) };
  }

  load(context: LoadContext, state: SavedState): void {
    const rungs = state['rungs'] as number[];
    context.list(state['pages'] as number[]).forEach((page, chunk) => {
      this.pages.push(page);
      this.rungs.push(rungs[chunk]);
      this.views.push(page === undefined ? undefined : this.viewOf(page, rungs[chunk]));
      this.stamps.push(page?.stamp ?? 0);
    });
  }
}

const CODE_LIMIT: readonly number[] = [0xff, 0xffff, 0xffff_ffff];

export class CodeColumn extends LadderColumn<CodeView> {
  protected sizeOf(rung: number): number {
    return 1 << rung;
  }

  protected viewOf(page: Page, rung: number): CodeView {
    const slab = this.memory.slabs[page.slabIndex];
    if (rung === 0) return new Uint8Array(slab, page.offset, page.sizeBytes);
    if (rung === 1) return new Uint16Array(slab, page.offset, page.sizeBytes >>> 1);
    return new Uint32Array(slab, page.offset, page.sizeBytes >>> 2);
  }

  protected fillMissing(): void {
    // Pages come zeroed and 0 is missing.
  }

  protected move(from: CodeView, _fromRung: number, to: CodeView): void {
    to.set(from);
  }

  /** 0 when missing. */
  get(index: number): number {
    const c = index >>> CHUNK_SHIFT;
    if (c >= this.views.length) return 0;
    const view = this.views[c];
    if (view === undefined) return 0;
    const local = index & CHUNK_MASK;
    return local < view.length ? view[local] : 0;
  }

  set(index: number, code: number): void {
    const c = index >>> CHUNK_SHIFT;
    const local = index & CHUNK_MASK;
    let view = c < this.views.length ? this.views[c] : undefined;
    if (view === undefined || local >= view.length || code > CODE_LIMIT[this.rungs[c]]) {
      if (code === 0) return;
      const rung = code <= 0xff ? 0 : code <= 0xffff ? 1 : 2;
      this.reshape(c, local, view === undefined ? rung : Math.max(rung, this.rungs[c]));
      view = this.views[c]!;
    } else if (this.stamps[c] !== this.memory.epoch) {
      this.own(c);
      view = this.views[c]!;
    }
    view[local] = code;
  }
}

export class NumberColumn extends LadderColumn<NumberView> {
  /** Zone map: bounds of all values ever written to the chunk. */
  readonly mins: number[] = [];
  readonly maxs: number[] = [];

  protected sizeOf(rung: number): number {
    return NUMBER_SIZE_BYTES[rung];
  }

  protected viewOf(page: Page, rung: number): NumberView {
    const slab = this.memory.slabs[page.slabIndex];
    if (rung === RUNG_I8) return new Int8Array(slab, page.offset, page.sizeBytes);
    if (rung === RUNG_F64) return new Float64Array(slab, page.offset, page.sizeBytes >>> 3);
    if (NUMBER_SIZE_BYTES[rung] === 2) return new Int16Array(slab, page.offset, page.sizeBytes >>> 1);
    return new Int32Array(slab, page.offset, page.sizeBytes >>> 2);
  }

  protected fillMissing(view: NumberView, rung: number, from: number): void {
    view.fill(NUMBER_MISSING[rung], from);
  }

  protected move(from: NumberView, fromRung: number, to: NumberView, toRung: number): void {
    if (fromRung === toRung) {
      to.set(from);
      return;
    }
    const missing = NUMBER_MISSING[fromRung];
    const scale = NUMBER_SCALE[fromRung];
    // Scales divide one another, so a product of counts is a count.
    const factor = NUMBER_SCALE[toRung] / scale;
    for (let i = 0; i < from.length; i++) {
      const element = from[i];
      if (element !== missing) to[i] = toRung === RUNG_F64 ? element / scale : element * factor;
    }
  }

  /** NaN when missing. */
  get(index: number): number {
    const c = index >>> CHUNK_SHIFT;
    if (c >= this.views.length) return Number.NaN;
    const view = this.views[c];
    if (view === undefined) return Number.NaN;
    const local = index & CHUNK_MASK;
    if (local >= view.length) return Number.NaN;
    const element = view[local];
    const rung = this.rungs[c];
    if (element === NUMBER_MISSING[rung]) return Number.NaN;
    return rung < RUNG_H16 ? element : element / NUMBER_SCALE[rung];
  }

  set(index: number, value: number): void {
    const c = index >>> CHUNK_SHIFT;
    const local = index & CHUNK_MASK;
    let view = c < this.views.length ? this.views[c] : undefined;
    let rung = view === undefined ? rungOf(value) : this.rungs[c];
    if (view === undefined || local >= view.length || !holds(rung, value)) {
      if (view !== undefined) rung = this.#widened(c, value);
      this.reshape(c, local, rung);
      view = this.views[c]!;
      while (this.mins.length <= c) {
        this.mins.push(Number.POSITIVE_INFINITY);
        this.maxs.push(Number.NEGATIVE_INFINITY);
      }
    } else if (this.stamps[c] !== this.memory.epoch) {
      this.own(c);
      view = this.views[c]!;
    }
    if (value < this.mins[c]) this.mins[c] = value;
    if (value > this.maxs[c]) this.maxs[c] = value;
    view[local] = rung < RUNG_H16 ? value : Math.round(value * NUMBER_SCALE[rung]);
  }

  /** The narrowest rung for the value beside all that the chunk ever held. */
  #widened(chunk: number, value: number): number {
    const old = this.rungs[chunk];
    const own = rungOf(value);
    if (old === RUNG_F64 || own === RUNG_F64) return RUNG_F64;
    if (old < RUNG_H16 && own < RUNG_H16) return Math.max(old, own);
    return scaledRung(
      Math.max(Math.abs(value), -this.mins[chunk], this.maxs[chunk]),
      Math.max(NUMBER_SCALE[old], NUMBER_SCALE[own]),
    );
  }

  clear(index: number): void {
    const c = index >>> CHUNK_SHIFT;
    const local = index & CHUNK_MASK;
    if (c >= this.views.length || this.views[c] === undefined || local >= this.views[c].length) return;
    if (this.stamps[c] !== this.memory.epoch) this.own(c);
    this.views[c]![local] = NUMBER_MISSING[this.rungs[c]];
  }

  override free(): void {
    super.free();
    this.mins.length = 0;
    this.maxs.length = 0;
  }

  override save(context: SaveContext): SavedState {
    return { ...super.save(context), mins: [...this.mins], maxs: [...this.maxs] };
  }

  override load(context: LoadContext, state: SavedState): void {
    super.load(context, state);
    this.mins.push(...(state['mins'] as number[]));
    this.maxs.push(...(state['maxs'] as number[]));
  }
}

/** Whether the rung has an element for the number. */
function holds(rung: number, value: number): boolean {
  if (rung === RUNG_F64) return true;
  if (rung < RUNG_F64) return (value | 0) === value && rungOf(value) <= rung;
  const count = Math.abs(countOf(value, NUMBER_SCALE[rung]));
  return count <= (NUMBER_SIZE_BYTES[rung] === 2 ? I16_MAX : I32_MAX);
}

/** The rung for counts of the scale that go up to `most`, itself such a number; f64 when none does. */
function scaledRung(most: number, scale: number): number {
  const count = Math.round(most * scale);
  if (count > I32_MAX) return RUNG_F64;
  const isWide = count > I16_MAX;
  if (scale === NUMBER_SCALE[RUNG_H16]) return isWide ? RUNG_H32 : RUNG_H16;
  return isWide ? RUNG_T32 : RUNG_T16;
}

const SCALES = [NUMBER_SCALE[RUNG_H16], NUMBER_SCALE[RUNG_T16]];

/** -0 needs the f64 rung, since no integer rung can hold its sign. */
function rungOf(value: number): number {
  if ((value | 0) !== value) {
    for (const scale of SCALES) if (!Number.isNaN(countOf(value, scale))) return scaledRung(Math.abs(value), scale);
    return RUNG_F64;
  }
  if (value === 0 && 1 / value < 0) return RUNG_F64;
  if (value > -128 && value < 128) return RUNG_I8;
  if (value > -32_768 && value < 32_768) return RUNG_I16;
  return value === -2_147_483_648 ? RUNG_F64 : RUNG_I32;
}
