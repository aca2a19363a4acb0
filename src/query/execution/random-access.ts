/**
 * Columns, dictionaries and identities read at any index from images: what a comparison needs whose right side is not at the
 * index that is scanned, or whose texts are compared by their bytes. An element costs some 5 ns and a cache miss.
 */

import type { ByteDictionary } from '../../memory/byte-dictionary.ts';
import { BLOCK_MASK, BLOCK_SHIFT, BORROWED_BLOCK, type ByteHeap } from '../../memory/byte-heap.ts';
import { CHUNK_SHIFT } from '../../memory/chunk-size.ts';
import { ArrayDictionary } from '../../profile/array-dictionary.ts';
import { ArrayUnpacker } from '../../profile/array-unpacker.ts';
import { ENTRY_OFFSET, ENTRY_STRIDE, ENTRY_TYPE, ENTRY_TYPE_MASK } from '../../profile/identifier-store.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { TextSource } from '../binder/array-walk.ts';
import type { IdentitySource } from '../binder/random-bucket.ts';
import type { ElementSource } from '../evaluation/readable-cell.ts';
import {
  type ColumnImage,
  chunkCountOf,
  ELEMENT_I8,
  type ElementView,
  elementOf,
  isPacked,
  MISSING,
  packedChunk,
  packedElement,
  SCALE,
  viewChunk,
} from './column-image.ts';
import type { ImageSet } from './image-set.ts';

const CHUNK_MASK = (1 << CHUNK_SHIFT) - 1;

/** Codes: 0 where nothing is. Numbers: NaN. */
export class ImageReader implements ElementSource {
  readonly #views: (ElementView | undefined)[] = [];
  /** Of packed chunks, which have no other view. */
  readonly #packed: (DataView | undefined)[] = [];
  readonly #elements: number[] = [];
  readonly #missing: number[] = [];
  readonly #scales: number[] = [];
  /** What `get` gives where nothing is. */
  readonly #nothing: number;

  constructor(slabs: readonly SharedArrayBuffer[], image: ColumnImage, nothing: number) {
    this.#nothing = nothing;
    for (let chunk = 0; chunk < chunkCountOf(image); chunk++) {
      const element = elementOf(image, chunk);
      const isOdd = isPacked(element);
      this.#elements.push(element);
      this.#views.push(isOdd ? undefined : viewChunk(slabs, image, chunk, 0));
      this.#packed.push(isOdd ? packedChunk(slabs, image, chunk) : undefined);
      this.#missing.push(element >= ELEMENT_I8 ? MISSING[element] : 0);
      this.#scales.push(SCALE[element]);
    }
  }

  get(index: number): number {
    const chunk = index >>> CHUNK_SHIFT;
    const view = this.#views[chunk];
    const local = index & CHUNK_MASK;
    if (view === undefined) {
      const packed = this.#packed[chunk];
      return packed === undefined ? this.#nothing : packedElement(this.#elements[chunk], packed, local);
    }
    if (local >= view.length) return this.#nothing;
    const value = view[local];
    if (value === this.#missing[chunk]) return this.#nothing;
    const scale = this.#scales[chunk];
    return scale === 1 ? value : value / scale;
  }
}

/** Blocks of a heap: slab, byte offset, size, one after another. */
export interface HeapImage {
  readonly blocks: Int32Array;
  /** Of the heap whose strings it points at, where there is one. */
  readonly lent: Int32Array | undefined;
}

export function captureHeap(heap: ByteHeap): HeapImage {
  return { blocks: blocksOf(heap), lent: heap.lender === undefined ? undefined : blocksOf(heap.lender) };
}

function blocksOf(heap: ByteHeap): Int32Array {
  const blocks = new Int32Array(heap.pages.length * 3);
  heap.pages.forEach((page, i) => {
    blocks.set([page.slabIndex, page.offset, page.sizeBytes], i * 3);
  });
  return blocks;
}

function viewsOf(slabs: readonly SharedArrayBuffer[], blocks: Int32Array): Uint8Array[] {
  const views: Uint8Array[] = [];
  for (let i = 0; i < blocks.length; i += 3) {
    views.push(new Uint8Array(slabs[blocks[i]], blocks[i + 1], blocks[i + 2]));
  }
  return views;
}

export interface DictionaryImage {
  readonly heap: HeapImage;
  /** Heap offset of code i at index i − 1. */
  readonly offsets: ColumnImage;
  /** Of a dictionary of arrays: the texts that arrays are packed with. */
  readonly elements: DictionaryImage | undefined;
}

export function captureDictionary(dictionary: ByteDictionary, images: ImageSet): DictionaryImage {
  const elements = dictionary instanceof ArrayDictionary ? captureDictionary(dictionary.elements, images) : undefined;
  return { heap: captureHeap(dictionary.heap), offsets: images.image(dictionary.offsets), elements };
}

/** The same layout as `ByteHeap` reads. */
export class HeapReader {
  block: Uint8Array = new Uint8Array(0);
  start = 0;
  size = 0;
  readonly #blocks: readonly Uint8Array[];
  readonly #lent: readonly Uint8Array[] | undefined;

  constructor(slabs: readonly SharedArrayBuffer[], { blocks, lent }: HeapImage) {
    this.#blocks = viewsOf(slabs, blocks);
    this.#lent = lent === undefined ? undefined : viewsOf(slabs, lent);
  }

  locate(offset: number): void {
    const index = offset >>> BLOCK_SHIFT;
    const lent = this.#lent;
    const block = lent === undefined || index < BORROWED_BLOCK ? this.#blocks[index] : lent[index - BORROWED_BLOCK];
    let at = offset & BLOCK_MASK;
    let size = block[at++];
    if (size >= 0x80) {
      const second = block[at++];
      size = (size & 0x7f) | ((second & 0x7f) << 7);
      if (second >= 0x80) size |= block[at++] << 14;
    }
    this.block = block;
    this.start = at;
    this.size = size;
  }
}

export class DictionaryReader implements TextSource {
  readonly heap: HeapReader;
  readonly #offsets: ImageReader;
  readonly #elements: DictionaryReader | undefined;
  readonly #unpacker = new ArrayUnpacker();

  constructor(slabs: readonly SharedArrayBuffer[], image: DictionaryImage) {
    this.heap = new HeapReader(slabs, image.heap);
    this.#offsets = new ImageReader(slabs, image.offsets, 0);
    this.#elements = image.elements === undefined ? undefined : new DictionaryReader(slabs, image.elements);
  }

  locate(code: number): void {
    this.heap.locate(this.#offsets.get(code - 1));
    if (this.#elements !== undefined) this.#unpacker.unpack(this.heap, this.#elements);
  }
}

export interface IdentityImage {
  readonly primaries: ColumnImage;
  readonly entries: ColumnImage;
  readonly heap: HeapImage;
  readonly types: readonly string[];
}

export function captureIdentities({ identifiers, profiles }: ShardData, images: ImageSet): IdentityImage {
  const { heap, entries } = identifiers.parts;
  return {
    primaries: images.image(profiles.primaries),
    entries: images.image(entries),
    heap: captureHeap(heap),
    types: [...identifiers.types],
  };
}

const identityReaders = new WeakMap<IdentityImage, IdentitySource>();

/** Made once for an image, however many chunks are read with it. */
export function identityReader(slabs: readonly SharedArrayBuffer[], image: IdentityImage): IdentitySource {
  let reader = identityReaders.get(image);
  if (reader === undefined) {
    reader = newIdentityReader(slabs, image);
    identityReaders.set(image, reader);
  }
  return reader;
}

function newIdentityReader(slabs: readonly SharedArrayBuffer[], image: IdentityImage): IdentitySource {
  const primaries = new ImageReader(slabs, image.primaries, 0);
  const entries = new ImageReader(slabs, image.entries, 0);
  const heap = new HeapReader(slabs, image.heap);
  return {
    primaryOf: (row) => primaries.get(row),
    typeIdOf: (code) => entries.get((code - 1) * ENTRY_STRIDE + ENTRY_TYPE) & ENTRY_TYPE_MASK,
    locate: (code) => {
      heap.locate(entries.get((code - 1) * ENTRY_STRIDE + ENTRY_OFFSET));
      return heap;
    },
    typeOf: (typeId) => image.types[typeId],
  };
}
