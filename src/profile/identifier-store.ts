/**
 * Identifiers of a shard: (type, value) → profile row, off-heap, and back: each profile's identifiers as a chain.
 *
 * An entry is one of two. Local: the profile lives here, and the entry hangs in its chain. Forward: this shard owns the
 * identifier's slot, but the profile lives with another key; the entry names that key, and the router goes there.
 * First come, first served: an identifier never changes hands here (merging is identity's work, later).
 */
import { assert } from '../base/assert.ts';
import { mix32 } from '../base/hash.ts';
import { ByteHeap } from '../memory/byte-heap.ts';
import { U32Column } from '../memory/fixed-column.ts';
import { PairTable } from '../memory/pair-table.ts';
import type { LoadContext, SaveContext, SavedState } from '../memory/persist.ts';
import type { SlabMemory } from '../memory/slab-memory.ts';
import type { Identifier } from '../model/profile.ts';
import { NONE } from './event-table.ts';

export const TYPE_USER_ID = 0;
export const TYPE_ANONYMOUS_ID = 1;
export const TYPE_EMAIL = 2;
export const TYPE_PHONE = 3;
/** Types of identifiers in one shard; they come from callers (`externalIds`), and an entry holds its type in 16 bits. One item may pass it by its own new types. */
export const IDENTIFIER_TYPE_LIMIT = 1_000;
const BUILT_IN_TYPES = ['user_id', 'anonymous_id', 'email', 'phone'] as const;

export const ENTRY_STRIDE = 4;
/** Heap offset of the value. */
export const ENTRY_OFFSET = 0;
export const ENTRY_TYPE = 1;
/** Profile row, or NONE for a forward. */
const ENTRY_ROW = 2;
/** Local: next identifier of the profile (code, 0 = last). Forward: heap offset of the key. */
const ENTRY_LINK = 3;

export class IdentifierStore {
  readonly memory: SlabMemory;
  readonly types: string[];
  readonly #typeIds = new Map<string, number>();
  readonly #heap: ByteHeap;
  /** Entry of code i at (i − 1) × ENTRY_STRIDE: side by side, since a find reads all of it and pays one cache miss. */
  readonly #entries: U32Column;
  readonly #table: PairTable;

  constructor(memory: SlabMemory, context?: LoadContext, state?: SavedState) {
    this.memory = memory;
    this.#entries = new U32Column(memory);
    if (context !== undefined && state !== undefined) {
      this.types = [...(state['types'] as string[])];
      this.#heap = ByteHeap.load(context, state['heap'] as SavedState);
      this.#entries.load(context, state['entries'] as SavedState);
      this.#table = PairTable.load(context, state['table'] as SavedState);
    } else {
      this.types = [...BUILT_IN_TYPES];
      this.#heap = new ByteHeap(memory);
      this.#table = new PairTable(memory);
    }
    this.types.forEach((type, id) => {
      this.#typeIds.set(type, id);
    });
  }

  get count(): number {
    return this.#entries.length / ENTRY_STRIDE;
  }

  get usedBytes(): number {
    return this.#heap.usedBytes + this.#entries.usedBytes + this.#table.usedBytes;
  }

  /** −1 when no identifier of that type is known here. */
  typeId(type: string): number {
    return this.#typeIds.get(type) ?? -1;
  }

  /** Whether identifiers of the type are known or may still be learned. */
  acceptsType(type: string): boolean {
    return this.types.length < IDENTIFIER_TYPE_LIMIT || this.#typeIds.has(type);
  }

  addType(type: string): number {
    const known = this.#typeIds.get(type);
    if (known !== undefined) return known;
    const id = this.types.length;
    this.types.push(type);
    this.#typeIds.set(type, id);
    return id;
  }

  #key(typeId: number, hash: number): number {
    return mix32(hash ^ Math.imul(typeId + 1, 0x9e3779b1));
  }

  /** Code of the entry, 0 when there is none. `hash` = xxh32 of the value with the process's seed. */
  find(typeId: number, bytes: Uint8Array, offset: number, length: number, hash: number): number {
    const key = this.#key(typeId, hash);
    let code = this.#table.first(key);
    while (code !== 0) {
      const at = (code - 1) * ENTRY_STRIDE;
      if (
        this.#entries.get(at + ENTRY_TYPE) === typeId &&
        this.#heap.equals(this.#entries.get(at + ENTRY_OFFSET), bytes, offset, length)
      ) {
        return code;
      }
      code = this.#table.next(key);
    }
    return 0;
  }

  /** Adds a local entry in front of the profile's chain and gives its code. The caller has looked that it is new. */
  add(
    typeId: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    hash: number,
    row: number,
    chain: number,
  ): number {
    return this.#push(typeId, bytes, offset, length, hash, row, chain);
  }

  /** Adds a forward to the profile that lives under (targetType, target). */
  addForward(typeId: number, bytes: Uint8Array, hash: number, target: Identifier): number {
    const key = Buffer.from(`${target.type}\u0000${target.value}`, 'utf8');
    const link = this.#heap.append(key, 0, key.length);
    const known = this.find(typeId, bytes, 0, bytes.length, hash);
    if (known !== 0) {
      assert(this.rowOf(known) === NONE, 'a forward for an identifier that lives here');
      this.#entries.set((known - 1) * ENTRY_STRIDE + ENTRY_LINK, link);
      return known;
    }
    return this.#push(typeId, bytes, 0, bytes.length, hash, NONE, link);
  }

  #push(
    typeId: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    hash: number,
    row: number,
    link: number,
  ): number {
    // In the order of the ENTRY_ constants.
    this.#entries.push(this.#heap.append(bytes, offset, length));
    this.#entries.push(typeId);
    this.#entries.push(row);
    this.#entries.push(link);
    const code = this.count;
    this.#table.insert(this.#key(typeId, hash), code);
    return code;
  }

  /** Profile row of a local entry, NONE for a forward. */
  rowOf(code: number): number {
    return this.#entries.get((code - 1) * ENTRY_STRIDE + ENTRY_ROW);
  }

  nextOf(code: number): number {
    return this.#entries.get((code - 1) * ENTRY_STRIDE + ENTRY_LINK);
  }

  forwardOf(code: number): Identifier {
    const text = this.#heap.text(this.nextOf(code));
    const at = text.indexOf('\u0000');
    return { type: text.slice(0, at), value: text.slice(at + 1) };
  }

  typeOf(code: number): string {
    return this.types[this.typeIdOf(code)];
  }

  typeIdOf(code: number): number {
    return this.#entries.get((code - 1) * ENTRY_STRIDE + ENTRY_TYPE);
  }

  valueOf(code: number): string {
    return this.#heap.text(this.#entries.get((code - 1) * ENTRY_STRIDE + ENTRY_OFFSET));
  }

  /** What scans need to read values and types of entries: 4 numbers an entry, the first an offset in the heap, the second its type. */
  get parts(): { readonly heap: ByteHeap; readonly entries: U32Column } {
    return { heap: this.#heap, entries: this.#entries };
  }

  /** Points `heap.block/start/size` at the value's bytes. */
  locate(code: number): ByteHeap {
    this.#heap.locate(this.#entries.get((code - 1) * ENTRY_STRIDE + ENTRY_OFFSET));
    return this.#heap;
  }

  save(context: SaveContext): SavedState {
    return {
      types: [...this.types],
      heap: this.#heap.save(context),
      entries: this.#entries.save(context),
      table: this.#table.save(context),
    };
  }
}
