/**
 * A dictionary of arrays, given in and out as msgpack bytes. Lists of tags are the usual case, and most profiles have one of
 * their own made of the same few texts; so an array of texts is kept as codes of its elements, 1 or 2 bytes each. What is not a
 * flat array of short texts is kept as it came.
 *
 * Invariant: equal arrays are kept alike, so that they have one code. An array is kept raw for want of room only when one of its
 * elements is not known and, since the elements are full, never will be.
 */
import { mix32, xxh32 } from '../base/hash.ts';
import { ByteDictionary } from '../memory/byte-dictionary.ts';
import type { ByteHeap } from '../memory/byte-heap.ts';
import type { U32Column } from '../memory/fixed-column.ts';
import type { PairTable } from '../memory/pair-table.ts';
import type { LoadContext, SaveContext, SavedState } from '../memory/persist.ts';
import type { SlabMemory } from '../memory/slab-memory.ts';
import { ArrayUnpacker, FORM_ELEMENTS, FORM_RAW, headerSize } from './array-unpacker.ts';

/** So that a code takes two bytes at most. */
const ELEMENT_COUNT_MAX = 2 ** 14 - 1;

export class ArrayDictionary extends ByteDictionary {
  /** Each a text as msgpack, header included. */
  #elements: ByteDictionary;
  /** Seed of the elements' hashes: the hash of the first array, which nobody outside can foresee. */
  #seed: number | undefined;
  /** Where an array is packed. */
  #packed = new Uint8Array(256);
  readonly #unpacker = new ArrayUnpacker();

  constructor(memory: SlabMemory, heap?: ByteHeap, offsets?: U32Column, table?: PairTable) {
    super(memory, heap, offsets, table);
    this.#elements = new ByteDictionary(memory);
  }

  /** What scans need to unpack arrays elsewhere. */
  get elements(): ByteDictionary {
    return this.#elements;
  }

  override get usedBytes(): number {
    return super.usedBytes + this.#elements.usedBytes;
  }

  override find(bytes: Uint8Array, offset: number, length: number, hash: number): number {
    const size = this.#pack(bytes, offset, length, false);
    return super.find(this.#packed, 0, size, hash);
  }

  override findOrAdd(bytes: Uint8Array, offset: number, length: number, hash: number): number {
    this.#seed ??= hash;
    // A known array has no new element, so learning them first changes nothing for it.
    const size = this.#pack(bytes, offset, length, true);
    const found = super.find(this.#packed, 0, size, hash);
    return found !== 0 ? found : super.add(mix32(hash), this.#packed, 0, size);
  }

  protected override add(key: number, bytes: Uint8Array, offset: number, length: number): number {
    const size = this.#pack(bytes, offset, length, true);
    return super.add(key, this.#packed, 0, size);
  }

  protected override fresh(): ArrayDictionary {
    const dictionary = new ArrayDictionary(this.memory);
    dictionary.#seed = this.#seed;
    return dictionary;
  }

  override locate(code: number): void {
    super.locate(code);
    this.#unpacker.unpack(this.heap, this.#elements);
  }

  /** Packs the array into `#packed` and gives the size. New elements are learned when `isAdding`. */
  #pack(bytes: Uint8Array, offset: number, length: number, isAdding: boolean): number {
    if (this.#packed.length < 2 * length + 1) this.#packed = new Uint8Array(4 * length + 1);
    const packed = this.#packed;
    const end = offset + length;
    let at = offset + headerSize(bytes[offset]);
    let size = 0;
    packed[size++] = FORM_ELEMENTS;
    for (let i = offset; i < at; i++) packed[size++] = bytes[i];
    let isText = at > offset;
    while (isText && at < end) {
      const elementSize = textSize(bytes, at);
      const code = elementSize === 0 ? 0 : this.#elementCode(bytes, at, elementSize, isAdding);
      if (code === 0) isText = false;
      else if (code < 0x80) packed[size++] = code;
      else {
        packed[size++] = (code & 0x7f) | 0x80;
        packed[size++] = code >>> 7;
      }
      at += elementSize;
    }
    if (isText) return size;
    packed[0] = FORM_RAW;
    packed.set(bytes.subarray(offset, end), 1);
    return length + 1;
  }

  /** 0 when it is not known and may not be learned. */
  #elementCode(bytes: Uint8Array, offset: number, size: number, isAdding: boolean): number {
    const elements = this.#elements;
    const hash = xxh32(bytes, offset, size, this.#seed ?? 0);
    if (isAdding && elements.count < ELEMENT_COUNT_MAX) return elements.findOrAdd(bytes, offset, size, hash);
    return elements.find(bytes, offset, size, hash);
  }

  override free(): void {
    super.free();
    this.#elements.free();
  }

  override save(context: SaveContext): SavedState {
    return { ...super.save(context), elements: this.#elements.save(context), seed: this.#seed };
  }

  static override load(context: LoadContext, state: SavedState): ArrayDictionary {
    const dictionary = new ArrayDictionary(context.memory, ...ByteDictionary.partsOf(context, state));
    dictionary.#elements.free();
    dictionary.#elements = ByteDictionary.load(context, state['elements'] as SavedState);
    dictionary.#seed = (state['seed'] ?? undefined) as number | undefined;
    return dictionary;
  }
}

/** Bytes of a text of at most 255 bytes with its header, 0 for anything else. */
function textSize(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first >= 0xa0 && first <= 0xbf) return 1 + (first & 0x1f);
  return first === 0xd9 ? 2 + bytes[at + 1] : 0;
}
