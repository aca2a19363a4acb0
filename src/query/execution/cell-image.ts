/** A cell as a scan carries it: images of its columns and, where there are texts or arrays, of its dictionary. Plain data. */
import type { Cell } from '../binder/cell.ts';
import type { ReadableCell } from '../evaluation/readable-cell.ts';
import type { ColumnImage } from './column-image.ts';
import type { ImageSet } from './image-set.ts';
import { captureDictionary, type DictionaryImage, DictionaryReader, ImageReader } from './random-access.ts';

export type CellImage =
  | { readonly kind: 'numbers' | 'booleans' | 'instants'; readonly image: ColumnImage }
  | { readonly kind: 'texts'; readonly image: ColumnImage; readonly dictionary: DictionaryImage }
  | {
      readonly kind: 'arrays';
      readonly image: ColumnImage;
      readonly dictionary: DictionaryImage;
      readonly rest: readonly string[];
      readonly isFirstOnly: boolean;
    };

export function captureCell(cell: Cell, images: ImageSet): CellImage {
  switch (cell.kind) {
    case 'texts': {
      const { codes, dictionary } = cell.column;
      return { kind: 'texts', image: images.image(codes), dictionary: captureDictionary(dictionary, images) };
    }
    case 'arrays': {
      const { column, rest, isFirstOnly } = cell;
      const dictionary = captureDictionary(column.dictionary, images);
      return { kind: 'arrays', image: images.image(column.codes), dictionary, rest, isFirstOnly };
    }
    default:
      return { kind: cell.kind, image: images.image(cell.column) };
  }
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
  if (cell.kind !== 'arrays') return { kind: cell.kind, elements };
  const { rest, isFirstOnly, dictionary } = cell;
  return { kind: 'arrays', elements, texts: new DictionaryReader(slabs, dictionary), rest, isFirstOnly };
}
