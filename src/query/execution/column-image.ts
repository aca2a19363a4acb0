/**
 * A column as a scan sees it: for each chunk where its elements lie (slab, offset, count) and how wide they are, with the
 * chunk's bounds where the column keeps them. Taken in one turn, so it is one instant; plain data, so it crosses to a
 * worker without copying a value. While a snapshot is held the bytes behind it do not change.
 *
 * The image of a column costs 40 bytes a chunk of 65,536 elements.
 */
import { assert } from '../../base/assert.ts';
import { CHUNK_SHIFT } from '../../memory/chunk-size.ts';
import { type F64Column, U32Column } from '../../memory/fixed-column.ts';
import { RUNG_U24 as INDEX_U24, IndexColumn } from '../../memory/index-column.ts';
import { CodeColumn, NUMBER_MISSING, NUMBER_SCALE, NumberColumn } from '../../memory/ladder-column.ts';
import type { SerialColumn } from '../../memory/serial-column.ts';
import { type Page, wideView } from '../../memory/slab-memory.ts';
import { TIME_RUNG_F64, TIME_RUNG_U32, TimeColumn } from '../../memory/time-column.ts';

export const ELEMENT_ABSENT = 0;
export const ELEMENT_U8 = 1;
export const ELEMENT_U16 = 2;
export const ELEMENT_U32 = 3;
/** Packed: of three and five bytes, read through a `DataView`. Only rows, slots, codes of identifiers and times are; none of these is ever missing. */
export const ELEMENT_U24 = 4;
export const ELEMENT_U40 = 5;
export const ELEMENT_I8 = 6;
export const ELEMENT_I16 = 7;
export const ELEMENT_I32 = 8;
export const ELEMENT_F64 = 9;
/** From here on counts: the number is the element divided by `SCALE[element]`. */
export const ELEMENT_H16 = 10;
export const ELEMENT_H32 = 11;
export const ELEMENT_T16 = 12;
export const ELEMENT_T32 = 13;

export type ElementView = Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array | Float64Array;

const PAGE_STRIDE = 4;
const ZONE_STRIDE = 3;
const ELEMENT_SIZE_BYTES: readonly number[] = [1, 1, 2, 4, 3, 5, 1, 2, 4, 8, 2, 4, 2, 4];
export const SCALE: readonly number[] = [1, 1, 1, 1, 1, 1, ...NUMBER_SCALE];
/** What a missing element looks like, by kind of element. */
export const MISSING: readonly number[] = [0, 0, 0, 0, 0, 0, ...NUMBER_MISSING];
const U24_MASK = 0xff_ffff;
const U32_RANGE = 2 ** 32;

export interface ColumnImage {
  /** Per chunk: kind of element, slab, byte offset, elements. */
  readonly pages: Int32Array;
  /** Per chunk: base added to each element, least and greatest value (or infinities). */
  readonly zones: Float64Array;
}

export type ImageSource = CodeColumn | NumberColumn | TimeColumn | IndexColumn | U32Column | F64Column;

export function chunkCountOf(image: ColumnImage): number {
  return image.pages.length / PAGE_STRIDE;
}

export function elementOf(image: ColumnImage, chunk: number): number {
  const at = chunk * PAGE_STRIDE;
  return at < image.pages.length ? image.pages[at] : ELEMENT_ABSENT;
}

/** Source text: whether the element called `name` is there. */
export function presenceText(element: number, name: string): string {
  return element === ELEMENT_F64 ? `${name}===${name}` : `${name}!==${MISSING[element]}`;
}

/** Source text: the number that the element called `name`, which is there, stands for. */
export function numberText(element: number, name: string): string {
  return element >= ELEMENT_H16 ? `${name}/${SCALE[element]}` : name;
}

export function numberOfElement(element: number, stored: number): number {
  return element >= ELEMENT_H16 ? stored / SCALE[element] : stored;
}

export function baseOf(image: ColumnImage, chunk: number): number {
  return image.zones[chunk * ZONE_STRIDE];
}

export function minOf(image: ColumnImage, chunk: number): number {
  return image.zones[chunk * ZONE_STRIDE + 1];
}

export function maxOf(image: ColumnImage, chunk: number): number {
  return image.zones[chunk * ZONE_STRIDE + 2];
}

export function captureColumn(column: ImageSource): ColumnImage {
  const count =
    column instanceof CodeColumn || column instanceof NumberColumn ? column.chunkCount : column.pages.length;
  const image = { pages: new Int32Array(count * PAGE_STRIDE), zones: new Float64Array(count * ZONE_STRIDE) };
  for (let chunk = 0; chunk < count; chunk++) {
    const page = column.pages[chunk];
    if (page !== undefined) setPage(image, chunk, page, elementIn(column, chunk));
    const zone = chunk * ZONE_STRIDE;
    const hasZones = column instanceof NumberColumn || column instanceof TimeColumn;
    image.zones[zone] = column instanceof TimeColumn ? column.bases[chunk] : 0;
    image.zones[zone + 1] = hasZones && page !== undefined ? column.mins[chunk] : -Infinity;
    image.zones[zone + 2] = hasZones && page !== undefined ? column.maxs[chunk] : Infinity;
  }
  return image;
}

function elementIn(column: ImageSource, chunk: number): number {
  if (column instanceof CodeColumn) return ELEMENT_U8 + column.rungs[chunk];
  if (column instanceof NumberColumn) return ELEMENT_I8 + column.rungs[chunk];
  if (column instanceof TimeColumn) {
    const rung = column.rungs[chunk];
    return rung === TIME_RUNG_U32 ? ELEMENT_U32 : rung === TIME_RUNG_F64 ? ELEMENT_F64 : ELEMENT_U40;
  }
  if (column instanceof IndexColumn) return column.rungs[chunk] === INDEX_U24 ? ELEMENT_U24 : ELEMENT_U32;
  return column instanceof U32Column ? ELEMENT_U32 : ELEMENT_F64;
}

/** Chunks of offsets, of one or two bytes, from bases that are kept elsewhere, or of u32 numbers. */
export function captureSerials(column: SerialColumn): ColumnImage {
  const count = column.pages.length;
  const image = { pages: new Int32Array(count * PAGE_STRIDE), zones: new Float64Array(count * ZONE_STRIDE) };
  for (let chunk = 0; chunk < count; chunk++) {
    setPage(image, chunk, column.pages[chunk], ELEMENT_U8 + column.rungs[chunk]);
  }
  return image;
}

function setPage(image: ColumnImage, chunk: number, page: Page, element: number): void {
  const at = chunk * PAGE_STRIDE;
  image.pages[at] = element;
  image.pages[at + 1] = page.slabIndex;
  image.pages[at + 2] = page.offset;
  image.pages[at + 3] = Math.floor(page.sizeBytes / ELEMENT_SIZE_BYTES[element]);
}

export function isPacked(element: number): boolean {
  return element === ELEMENT_U24 || element === ELEMENT_U40;
}

/** The packed elements of a chunk, for `packedElement` and `elementText`. */
export function packedChunk(slabs: readonly SharedArrayBuffer[], image: ColumnImage, chunk: number): DataView {
  const at = chunk * PAGE_STRIDE;
  const [element, slabIndex, offset, count] = image.pages.subarray(at, at + PAGE_STRIDE);
  return wideView(slabs, { slabIndex, offset, sizeBytes: count * ELEMENT_SIZE_BYTES[element] });
}

export function packedElement(element: number, view: DataView, index: number): number {
  if (element === ELEMENT_U24) return view.getUint32(3 * index, true) & U24_MASK;
  return view.getUint32(5 * index, true) + U32_RANGE * view.getUint8(5 * index + 4);
}

/** Source text: the element at `index` as it is stored, without base and scale. `view`: name of the chunk's view, packed or not. */
export function elementText(element: number, view: string, index: string): string {
  if (element === ELEMENT_U24) return `(${view}.getUint32(3*(${index}),true)&${U24_MASK})`;
  if (element === ELEMENT_U40)
    return `(${view}.getUint32(5*(${index}),true)+${U32_RANGE}*${view}.getUint8(5*(${index})+4))`;
  return `${view}[${index}]`;
}

/**
 * The chunk's elements, at least `length` of them: what nobody wrote reads as missing. Undefined when the whole chunk is
 * missing. Not for packed ones.
 */
export function viewChunk(
  slabs: readonly SharedArrayBuffer[],
  image: ColumnImage,
  chunk: number,
  length: number,
): ElementView | undefined {
  const at = chunk * PAGE_STRIDE;
  const element = elementOf(image, chunk);
  if (element === ELEMENT_ABSENT) return undefined;
  assert(!isPacked(element), 'packed elements are no typed array');
  const view = viewOf(slabs[image.pages[at + 1]], element, image.pages[at + 2], image.pages[at + 3]);
  if (view.length >= length) return view;
  // Only a young first chunk is shorter than what is asked of it.
  const whole = newView(element, length);
  whole.fill(MISSING[element]);
  whole.set(view);
  return whole;
}

function viewOf(slab: SharedArrayBuffer, element: number, offset: number, count: number): ElementView {
  switch (element) {
    case ELEMENT_U8:
      return new Uint8Array(slab, offset, count);
    case ELEMENT_U16:
      return new Uint16Array(slab, offset, count);
    case ELEMENT_U32:
      return new Uint32Array(slab, offset, count);
    case ELEMENT_I8:
      return new Int8Array(slab, offset, count);
    case ELEMENT_I16:
    case ELEMENT_H16:
    case ELEMENT_T16:
      return new Int16Array(slab, offset, count);
    case ELEMENT_I32:
    case ELEMENT_H32:
    case ELEMENT_T32:
      return new Int32Array(slab, offset, count);
    default:
      return new Float64Array(slab, offset, count);
  }
}

function newView(element: number, count: number): ElementView {
  const slab = new SharedArrayBuffer(count * ELEMENT_SIZE_BYTES[element]);
  return viewOf(slab, element, 0, count);
}

/** Elements of the chunk when `total` elements are visible. */
export function chunkLength(chunk: number, total: number): number {
  return Math.min(total - (chunk << CHUNK_SHIFT), 1 << CHUNK_SHIFT);
}
