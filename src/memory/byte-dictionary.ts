/**
 * Byte strings ⇄ dense codes from 1 (0 = missing), off the JavaScript heap: heap of bytes, offset per code, hash table from
 * hash to code. Codes are given in the order of first sight and never change. A find costs three cache misses at worst.
 *
 * Entries that are known texts of somebody else (`KnownTexts`) are pointed at there and not kept again.
 */
import { mix32 } from '../base/hash.ts';
import { ByteHeap, decodeUtf8, type KnownTexts } from './byte-heap.ts';
import { U32Column } from './fixed-column.ts';
import { PairTable } from './pair-table.ts';
import type { LoadContext, SaveContext, SavedState } from './persist.ts';
import type { SlabMemory } from './slab-memory.ts';

export class ByteDictionary {
  readonly memory: SlabMemory;
  readonly heap: ByteHeap;
  /** Heap offset of code i at index i − 1. */
  readonly offsets: U32Column;
  readonly #table: PairTable;
  readonly #known: KnownTexts | undefined;

  /** `heap` has the heap of the known texts as its lender. */
  constructor(
    memory: SlabMemory,
    heap = new ByteHeap(memory),
    offsets = new U32Column(memory),
    table = new PairTable(memory),
    known?: KnownTexts,
  ) {
    this.memory = memory;
    this.#known = known;
    this.heap = heap;
    this.offsets = offsets;
    this.#table = table;
  }

  static knowing(memory: SlabMemory, known: KnownTexts): ByteDictionary {
    return new ByteDictionary(memory, new ByteHeap(memory, known.heap), undefined, undefined, known);
  }

  /** Number of codes; they are 1 … count. */
  get count(): number {
    return this.offsets.length;
  }

  get usedBytes(): number {
    return this.heap.usedBytes + this.offsets.usedBytes + this.#table.usedBytes;
  }

  /** The code, or 0. `hash` is xxh32 of the bytes with any fixed seed. */
  find(bytes: Uint8Array, offset: number, length: number, hash: number): number {
    const key = mix32(hash);
    let code = this.#table.first(key);
    while (code !== 0) {
      if (this.heap.equals(this.offsets.get(code - 1), bytes, offset, length)) return code;
      code = this.#table.next(key);
    }
    return 0;
  }

  findOrAdd(bytes: Uint8Array, offset: number, length: number, hash: number): number {
    const found = this.find(bytes, offset, length, hash);
    if (found !== 0) return found;
    const lentAt = this.#known === undefined ? 0 : this.#known.offsetOf(bytes, offset, length, hash);
    const borrowedAt = lentAt === 0 ? 0 : this.heap.borrow(lentAt);
    return borrowedAt === 0 ? this.add(mix32(hash), bytes, offset, length) : this.#addAt(mix32(hash), borrowedAt);
  }

  /** A new code for bytes that are not there yet, under their mixed hash. */
  protected add(key: number, bytes: Uint8Array, offset: number, length: number): number {
    return this.#addAt(key, this.heap.append(bytes, offset, length));
  }

  #addAt(key: number, heapOffset: number): number {
    this.offsets.push(heapOffset);
    const code = this.offsets.length;
    this.#table.insert(key, code);
    return code;
  }

  /** An empty one of the same kind. */
  protected fresh(): ByteDictionary {
    return this.#known === undefined
      ? new ByteDictionary(this.memory)
      : ByteDictionary.knowing(this.memory, this.#known);
  }

  /** Points `heap.block/start/size` at the code's bytes. */
  locate(code: number): void {
    this.heap.locate(this.offsets.get(code - 1));
  }

  text(code: number): string {
    this.locate(code);
    return decodeUtf8(this.heap.block, this.heap.start, this.heap.size);
  }

  /** A dictionary of the entries with a new code (`codes[old]`, 1 … count; 0 = left out). */
  rebuilt(codes: Uint32Array, count: number): ByteDictionary {
    const oldOf = new Uint32Array(count);
    const keyOf = new Uint32Array(count);
    for (let old = 1; old < codes.length; old++) if (codes[old] !== 0) oldOf[codes[old] - 1] = old;
    this.#table.forEach((key, old) => {
      if (old < codes.length && codes[old] !== 0) keyOf[codes[old] - 1] = key;
    });
    const dictionary = this.fresh();
    for (let i = 0; i < count; i++) {
      const heapOffset = this.offsets.get(oldOf[i] - 1);
      if (this.heap.isBorrowed(heapOffset)) {
        dictionary.#addAt(keyOf[i], heapOffset);
        continue;
      }
      this.locate(oldOf[i]);
      const { block, start, size } = this.heap;
      dictionary.add(keyOf[i], block, start, size);
    }
    return dictionary;
  }

  /** Gives all pages back. */
  free(): void {
    this.heap.free();
    this.offsets.free();
    this.#table.free();
  }

  save(context: SaveContext): SavedState {
    return { heap: this.heap.save(context), offsets: this.offsets.save(context), table: this.#table.save(context) };
  }

  static load(context: LoadContext, state: SavedState, known?: KnownTexts): ByteDictionary {
    return new ByteDictionary(context.memory, ...ByteDictionary.partsOf(context, state, known?.heap), known);
  }

  protected static partsOf(
    context: LoadContext,
    state: SavedState,
    lender?: ByteHeap,
  ): [ByteHeap, U32Column, PairTable] {
    const offsets = new U32Column(context.memory);
    offsets.load(context, state['offsets'] as SavedState);
    const heap = ByteHeap.load(context, state['heap'] as SavedState, lender);
    return [heap, offsets, PairTable.load(context, state['table'] as SavedState)];
  }
}
