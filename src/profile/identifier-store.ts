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
import { U16Column, U32Column } from '../memory/fixed-column.ts';
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

export class IdentifierStore {
  readonly memory: SlabMemory;
  readonly types: string[];
  readonly #typeIds = new Map<string, number>();
  readonly #heap: ByteHeap;
  readonly #typeOf: U16Column;
  readonly #offsets: U32Column;
  /** Profile row, or NONE for a forward. */
  readonly #rows: U32Column;
  /** Local: next identifier of the profile (code, 0 = last). Forward: heap offset of the key. */
  readonly #links: U32Column;
  readonly #table: PairTable;

  constructor(memory: SlabMemory, context?: LoadContext, state?: SavedState) {
    this.memory = memory;
    this.#typeOf = new U16Column(memory);
    this.#offsets = new U32Column(memory);
    this.#rows = new U32Column(memory);
    this.#links = new U32Column(memory);
    if (context !== undefined && state !== undefined) {
      this.types = [...(state['types'] as string[])];
      this.#heap = ByteHeap.load(context, state['heap'] as SavedState);
      this.#typeOf.load(context, state['typeOf'] as SavedState);
      this.#offsets.load(context, state['offsets'] as SavedState);
      this.#rows.load(context, state['rows'] as SavedState);
      this.#links.load(context, state['links'] as SavedState);
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
    return this.#offsets.length;
  }

  get usedBytes(): number {
    return (
      this.#heap.usedBytes +
      this.#typeOf.usedBytes +
      this.#offsets.usedBytes +
      this.#rows.usedBytes +
      this.#links.usedBytes +
      this.#table.usedBytes
    );
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
      if (
        this.#typeOf.get(code - 1) === typeId &&
        this.#heap.equals(this.#offsets.get(code - 1), bytes, offset, length)
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
      this.#links.set(known - 1, link);
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
    this.#typeOf.push(typeId);
    this.#offsets.push(this.#heap.append(bytes, offset, length));
    this.#rows.push(row);
    this.#links.push(link);
    const code = this.#offsets.length;
    this.#table.insert(this.#key(typeId, hash), code);
    return code;
  }

  /** Profile row of a local entry, NONE for a forward. */
  rowOf(code: number): number {
    return this.#rows.get(code - 1);
  }

  nextOf(code: number): number {
    return this.#links.get(code - 1);
  }

  forwardOf(code: number): Identifier {
    const text = this.#heap.text(this.#links.get(code - 1));
    const at = text.indexOf('\u0000');
    return { type: text.slice(0, at), value: text.slice(at + 1) };
  }

  typeOf(code: number): string {
    return this.types[this.#typeOf.get(code - 1)];
  }

  typeIdOf(code: number): number {
    return this.#typeOf.get(code - 1);
  }

  valueOf(code: number): string {
    return this.#heap.text(this.#offsets.get(code - 1));
  }

  /** Points `heap.block/start/size` at the value's bytes. */
  locate(code: number): ByteHeap {
    this.#heap.locate(this.#offsets.get(code - 1));
    return this.#heap;
  }

  save(context: SaveContext): SavedState {
    return {
      types: [...this.types],
      heap: this.#heap.save(context),
      typeOf: this.#typeOf.save(context),
      offsets: this.#offsets.save(context),
      rows: this.#rows.save(context),
      links: this.#links.save(context),
      table: this.#table.save(context),
    };
  }
}
