/**
 * A cell as a scan carries it: images of its columns. Arrays are taken apart when they are captured (each distinct array once, some 200
 * ns), into one list of scalars by code, because a dictionary of arrays puts them together in a buffer of its own.
 */
import type { TextColumn } from '../../profile/text-column.ts';
import { ArrayWalk } from '../binder/array-walk.ts';
import type { Cell } from '../binder/cell.ts';
import type { ReadableCell } from '../evaluation/readable-cell.ts';
import { ScalarList, TAG_BOOLEAN, TAG_NUMBER, TAG_TEXT } from '../evaluation/scalar-list.ts';
import type { ColumnImage } from './column-image.ts';
import type { ImageSet } from './program.ts';
import { captureHeap, type DictionaryImage, DictionaryReader, ImageReader } from './random-access.ts';

/** The scalars of code c are those from `starts[c]` to `starts[c + 1]`; a text's value is its place in `bytes`. In shared memory. */
export interface ScalarTable {
  readonly starts: Uint32Array;
  readonly tags: Uint8Array;
  readonly values: Float64Array;
  readonly sizes: Uint32Array;
  readonly bytes: Uint8Array;
}

export type CellImage =
  | { readonly kind: 'numbers' | 'booleans' | 'instants'; readonly image: ColumnImage }
  | { readonly kind: 'texts'; readonly image: ColumnImage; readonly dictionary: DictionaryImage }
  | { readonly kind: 'lists'; readonly image: ColumnImage; readonly scalars: ScalarTable };

export function captureCell(cell: Cell, images: ImageSet): CellImage {
  switch (cell.kind) {
    case 'texts': {
      const { codes, dictionary } = cell.column;
      const heap = captureHeap(dictionary.heap);
      return {
        kind: 'texts',
        image: images.image(codes),
        dictionary: { heap, offsets: images.image(dictionary.offsets) },
      };
    }
    case 'arrays': {
      const scalars = takeApart(cell.column, cell.rest, cell.isFirstOnly);
      return { kind: 'lists', image: images.image(cell.column.codes), scalars };
    }
    default:
      return { kind: cell.kind, image: images.image(cell.column) };
  }
}

function takeApart({ dictionary }: TextColumn, rest: readonly string[], isFirstOnly: boolean): ScalarTable {
  const { count } = dictionary;
  const starts = new Uint32Array(new SharedArrayBuffer((count + 2) * 4));
  const tags: number[] = [];
  const values: number[] = [];
  const sizes: number[] = [];
  const texts: Uint8Array[] = [];
  let textSize = 0;
  const walk = new ArrayWalk(rest);
  const list = new ScalarList(isFirstOnly);
  for (let code = 1; code <= count; code++) {
    starts[code] = tags.length;
    list.clear();
    walk.run(dictionary, code, list);
    for (let i = 0; i < list.count; i++) {
      const isText = list.tags[i] === TAG_TEXT;
      tags.push(list.tags[i]);
      values.push(isText ? textSize : list.numbers[i]);
      sizes.push(isText ? list.sizes[i] : 0);
      if (!isText) continue;
      texts.push(list.blocks[i].slice(list.starts[i], list.starts[i] + list.sizes[i]));
      textSize += list.sizes[i];
    }
  }
  starts[count + 1] = tags.length;
  const bytes = new Uint8Array(new SharedArrayBuffer(textSize));
  let at = 0;
  for (const text of texts) {
    bytes.set(text, at);
    at += text.length;
  }
  return {
    starts,
    tags: fill(new Uint8Array(new SharedArrayBuffer(tags.length)), tags),
    values: fill(new Float64Array(new SharedArrayBuffer(tags.length * 8)), values),
    sizes: fill(new Uint32Array(new SharedArrayBuffer(tags.length * 4)), sizes),
    bytes,
  };
}

function fill<T extends Uint8Array | Float64Array | Uint32Array>(into: T, from: readonly number[]): T {
  for (let i = 0; i < from.length; i++) into[i] = from[i];
  return into;
}

const readers = new WeakMap<ColumnImage, ImageReader>();
const readables = new WeakMap<CellImage, ReadableCell>();

/** Made once for an image, however many chunks are read with it. */
export function imageReader(slabs: readonly SharedArrayBuffer[], image: ColumnImage, nothing: number): ImageReader {
  let reader = readers.get(image);
  if (reader === undefined) {
    reader = new ImageReader(slabs, image, nothing);
    readers.set(image, reader);
  }
  return reader;
}

export function elementReader(slabs: readonly SharedArrayBuffer[], { kind, image }: CellImage): ImageReader {
  return imageReader(slabs, image, kind === 'numbers' || kind === 'instants' ? Number.NaN : 0);
}

export function readableImage(slabs: readonly SharedArrayBuffer[], cell: CellImage): ReadableCell {
  let readable = readables.get(cell);
  if (readable === undefined) {
    readable = newReadable(slabs, cell);
    readables.set(cell, readable);
  }
  return readable;
}

function newReadable(slabs: readonly SharedArrayBuffer[], cell: CellImage): ReadableCell {
  const elements = elementReader(slabs, cell);
  if (cell.kind === 'texts') return { kind: 'texts', elements, texts: new DictionaryReader(slabs, cell.dictionary) };
  if (cell.kind !== 'lists') return { kind: cell.kind, elements };
  const { starts, tags, values, sizes, bytes } = cell.scalars;
  const read = (code: number, into: ScalarList): void => {
    const end = starts[code + 1];
    for (let at = starts[code]; at < end; at++) {
      if (tags[at] === TAG_NUMBER) into.addNumber(values[at]);
      else if (tags[at] === TAG_BOOLEAN) into.addBoolean(values[at] === 1);
      else into.addText(bytes, values[at], sizes[at]);
    }
  };
  return { kind: 'lists', elements, read };
}
