/**
 * Identifiers of a shard: (type, value) → profile row, off-heap, and back: each profile's identifiers as a chain.
 *
 * An entry is one of three. Local: the profile lives here, and the entry hangs in its chain, newest first. Forward: the profile
 * lives with another key, which the entry names, and the router goes there. Free: nobody has the identifier any more.
 *
 * A local entry knows its ordinal, its place in the order in which the profile got its identifiers (events name the identifier they
 * came under by it), and its parent: the identifier it came in with. Parents are links of the identity graph like those
 * in `LinkStore`; most identifiers have just this one.
 */
import { assert } from '../base/assert.ts';
import { mix32 } from '../base/hash.ts';
import { ByteHeap, type KnownTexts } from '../memory/byte-heap.ts';
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

export const ENTRY_STRIDE = 6;
/** Heap offset of the value. */
export const ENTRY_OFFSET = 0;
/** Type in the lower 16 bits, ordinal in the upper. */
export const ENTRY_TYPE = 1;
export const ENTRY_TYPE_MASK = 0xffff;
const ORDINAL_SHIFT = 16;
/** Profile row, or NONE for a forward or a free entry. */
const ENTRY_ROW = 2;
/** Local: next identifier of the profile (code, 0 = last). Forward: heap offset of the key, 0 = free. */
const ENTRY_LINK = 3;
/** Code of the identifier that this one came in with, 0 = none. */
const ENTRY_PARENT = 4;
/** Seconds since the epoch when it came. */
const ENTRY_LINKED_AT = 5;

/** Identifiers of one profile at most: an ordinal has 16 bits. */
export const PROFILE_IDENTIFIER_LIMIT = 60_000;

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
        (this.#entries.get(at + ENTRY_TYPE) & ENTRY_TYPE_MASK) === typeId &&
        this.#heap.equals(this.#entries.get(at + ENTRY_OFFSET), bytes, offset, length)
      ) {
        return code;
      }
      code = this.#table.next(key);
    }
    return 0;
  }

  /** The values of a type, which may be learned later. They stay where they are even when nobody has them any more. */
  valuesOf(type: string): KnownTexts {
    return {
      heap: this.#heap,
      offsetOf: (bytes, offset, length, hash) => {
        const typeId = this.typeId(type);
        const code = typeId < 0 ? 0 : this.find(typeId, bytes, offset, length, hash);
        return code === 0 ? 0 : this.#entries.get((code - 1) * ENTRY_STRIDE + ENTRY_OFFSET);
      },
    };
  }

  /** Puts an identifier that nobody has in front of the chain of the profile at `row`, and gives its code. */
  add(
    typeId: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    hash: number,
    row: number,
    chain: number,
    parent: number,
    linkedAtMs: number,
  ): number {
    const known = this.find(typeId, bytes, offset, length, hash);
    const code = known === 0 ? this.#push(typeId, bytes, offset, length, hash) : known;
    assert(known === 0 || this.rowOf(known) === NONE, 'an identifier that another profile has');
    this.rehome(code, row, chain, chain === 0 ? 0 : this.ordinalOf(chain) + 1);
    this.setParent(code, parent);
    this.#entries.set((code - 1) * ENTRY_STRIDE + ENTRY_LINKED_AT, Math.max(0, Math.floor(linkedAtMs / 1_000)) >>> 0);
    return code;
  }

  /** The profile lives under (targetType, target), elsewhere. */
  addForward(typeId: number, bytes: Uint8Array, hash: number, target: Identifier): number {
    const known = this.find(typeId, bytes, 0, bytes.length, hash);
    const code = known === 0 ? this.#push(typeId, bytes, 0, bytes.length, hash) : known;
    assert(known === 0 || this.rowOf(known) === NONE, 'a forward for an identifier that lives here');
    this.makeForward(code, target);
    return code;
  }

  #push(typeId: number, bytes: Uint8Array, offset: number, length: number, hash: number): number {
    // In the order of the ENTRY_ constants.
    this.#entries.push(this.#heap.append(bytes, offset, length));
    this.#entries.push(typeId);
    this.#entries.push(NONE);
    this.#entries.push(0);
    this.#entries.push(0);
    this.#entries.push(0);
    const code = this.count;
    this.#table.insert(this.#key(typeId, hash), code);
    return code;
  }

  /** Makes a local entry, or one that becomes local, part of a profile's chain. */
  rehome(code: number, row: number, chain: number, ordinal: number): void {
    const at = (code - 1) * ENTRY_STRIDE;
    this.#entries.set(at + ENTRY_TYPE, ((ordinal << ORDINAL_SHIFT) | this.typeIdOf(code)) >>> 0);
    this.#entries.set(at + ENTRY_ROW, row);
    this.#entries.set(at + ENTRY_LINK, chain);
  }

  /** From now on the identifier's profile is elsewhere. */
  makeForward(code: number, target: Identifier): void {
    const key = Buffer.from(`${target.type}\u0000${target.value}`, 'utf8');
    this.#detach(code, this.#heap.append(key, 0, key.length));
  }

  /** From now on nobody has the identifier. */
  free(code: number): void {
    this.#detach(code, 0);
  }

  #detach(code: number, link: number): void {
    this.rehome(code, NONE, link, 0);
    this.setParent(code, 0);
  }

  setParent(code: number, parent: number): void {
    this.#entries.set((code - 1) * ENTRY_STRIDE + ENTRY_PARENT, parent);
  }

  parentOf(code: number): number {
    return this.#entries.get((code - 1) * ENTRY_STRIDE + ENTRY_PARENT);
  }

  ordinalOf(code: number): number {
    return this.#entries.get((code - 1) * ENTRY_STRIDE + ENTRY_TYPE) >>> ORDINAL_SHIFT;
  }

  /** When the identifier came to its profile, to the second. */
  linkedAtMsOf(code: number): number {
    return this.#entries.get((code - 1) * ENTRY_STRIDE + ENTRY_LINKED_AT) * 1_000;
  }

  /** Profile row of a local entry, NONE for the others. */
  rowOf(code: number): number {
    return this.#entries.get((code - 1) * ENTRY_STRIDE + ENTRY_ROW);
  }

  nextOf(code: number): number {
    return this.#entries.get((code - 1) * ENTRY_STRIDE + ENTRY_LINK);
  }

  /** Where the forward leads; undefined = the entry is free. */
  forwardOf(code: number): Identifier | undefined {
    const offset = this.nextOf(code);
    if (offset === 0) return undefined;
    const text = this.#heap.text(offset);
    const at = text.indexOf('\u0000');
    return { type: text.slice(0, at), value: text.slice(at + 1) };
  }

  typeOf(code: number): string {
    return this.types[this.typeIdOf(code)];
  }

  typeIdOf(code: number): number {
    return this.#entries.get((code - 1) * ENTRY_STRIDE + ENTRY_TYPE) & ENTRY_TYPE_MASK;
  }

  identifierOf(code: number): Identifier {
    return { type: this.typeOf(code), value: this.valueOf(code) };
  }

  valueOf(code: number): string {
    return this.#heap.text(this.#entries.get((code - 1) * ENTRY_STRIDE + ENTRY_OFFSET));
  }

  /** What scans need to read values and types of entries: ENTRY_STRIDE numbers an entry. */
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
