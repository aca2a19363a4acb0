/**
 * The profiles of a shard: a row each, dense from 0, with what the engine keeps for every profile (first and last seen, its
 * identifiers, the head of its timeline) and a value column per trait path. 26 bytes a row and the traits.
 *
 * A trait write keeps the tree honest: a value at `address` removes what was below it, a value at `address.city` removes a
 * plain value at `address`.
 */
import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import { type NameInterner, ROOT_TRAITS } from '../ingest/name-interner.ts';
import type { KnownTexts } from '../memory/byte-heap.ts';
import { F64Column } from '../memory/fixed-column.ts';
import { IndexColumn } from '../memory/index-column.ts';
import type { LoadContext, SaveContext, SavedState } from '../memory/persist.ts';
import type { SlabMemory } from '../memory/slab-memory.ts';
import type { EventTable } from './event-table.ts';
import type { IdentifierStore } from './identifier-store.ts';
import { NO_TABLE, TableColumn } from './table-column.ts';
import { ValueColumn } from './value-column.ts';

/** Where texts of traits lie already. */
export interface TraitSources {
  /** A column of the same trait elsewhere, whose dictionaries are used. */
  readonly lenderOf?: ((path: number) => ValueColumn | undefined) | undefined;
  /** An e-mail address is a trait and an identifier, as a rule: its bytes are kept once, with the identifiers, and so of every type that is named as a trait. */
  readonly identifiers?: IdentifierStore | undefined;
}

interface TraitRelations {
  readonly column: ValueColumn;
  readonly ancestors: ValueColumn[];
  readonly descendants: ValueColumn[];
}

export class ProfileTable {
  readonly memory: SlabMemory;
  /** Ms since the epoch. */
  readonly firstSeen: F64Column;
  readonly lastSeen: F64Column;
  /** Code of the first identifier in the profile's chain. */
  readonly identifierHeads: IndexColumn;
  /** Code of the identifier that names the profile outside: the user_id where there is one. */
  readonly primaries: IndexColumn;
  readonly timelineTables: TableColumn;
  readonly timelineSlots: IndexColumn;
  /** In the order of first sight. */
  readonly traits: ValueColumn[] = [];
  readonly #byPath: (TraitRelations | undefined)[] = [];
  readonly #relationsOf = new Map<ValueColumn, TraitRelations>();
  /** By path id; the same list serves as the descendants of the path's column. */
  readonly #below: (ValueColumn[] | undefined)[] = [];

  readonly #sources: TraitSources;

  constructor(memory: SlabMemory, sources: TraitSources = {}) {
    this.memory = memory;
    this.#sources = sources;
    this.firstSeen = new F64Column(memory);
    this.lastSeen = new F64Column(memory);
    this.identifierHeads = new IndexColumn(memory);
    this.primaries = new IndexColumn(memory);
    this.timelineTables = new TableColumn(memory);
    this.timelineSlots = new IndexColumn(memory);
  }

  get count(): number {
    return this.firstSeen.length;
  }

  get usedBytes(): number {
    let bytes =
      this.firstSeen.usedBytes +
      this.lastSeen.usedBytes +
      this.identifierHeads.usedBytes +
      this.primaries.usedBytes +
      this.timelineTables.usedBytes +
      this.timelineSlots.usedBytes;
    for (const column of this.traits) bytes += column.usedBytes;
    return bytes;
  }

  add(timeMs: number): number {
    const row = this.firstSeen.length;
    this.firstSeen.push(timeMs);
    this.lastSeen.push(timeMs);
    this.identifierHeads.push(0);
    this.primaries.push(0);
    this.timelineTables.push(NO_TABLE);
    this.timelineSlots.push(0);
    return row;
  }

  see(row: number, timeMs: number): void {
    if (timeMs < this.firstSeen.get(row)) this.firstSeen.set(row, timeMs);
    if (timeMs > this.lastSeen.get(row)) this.lastSeen.set(row, timeMs);
  }

  /** Applies the item's trait leaves. */
  setTraits(row: number, tape: EventTape, item: number, timeMs: number, names: NameInterner): void {
    const base = item * tapeOf.ITEM_STRIDE;
    const leafEnd = tape.items[base + tapeOf.ITEM_LEAF_END];
    for (let leaf = tape.items[base + tapeOf.ITEM_LEAF_START]; leaf < leafEnd; leaf++) {
      const at = leaf * tapeOf.LEAF_STRIDE;
      const path = tape.leaves[at];
      if (names.rootOf(path) !== ROOT_TRAITS) continue;
      const type = tape.leaves[at + tapeOf.LEAF_TYPE];
      let relations = this.#byPath[path];
      if (relations === undefined) {
        if (type === tapeOf.LEAF_NULL && this.#belowOf(path).length === 0) continue;
        relations = this.#addColumn(path, names);
      }
      const { column } = relations;
      if (this.#makeRoom(row, relations, type)) column.set(row, tape, at, tape.numbers[leaf]);
      if (type !== tapeOf.LEAF_NULL) column.seeSet(timeMs);
    }
  }

  /** Notes when the item's traits were set, without setting them. */
  seeTraits(tape: EventTape, item: number, timeMs: number, names: NameInterner): void {
    const base = item * tapeOf.ITEM_STRIDE;
    const leafEnd = tape.items[base + tapeOf.ITEM_LEAF_END];
    for (let leaf = tape.items[base + tapeOf.ITEM_LEAF_START]; leaf < leafEnd; leaf++) {
      const path = tape.leaves[leaf * tapeOf.LEAF_STRIDE];
      if (names.rootOf(path) !== ROOT_TRAITS) continue;
      if (tape.leaves[leaf * tapeOf.LEAF_STRIDE + tapeOf.LEAF_TYPE] === tapeOf.LEAF_NULL) continue;
      this.#relationsAt(path, names).column.seeSet(timeMs);
    }
  }

  /** Applies the traits of a kept identify call. */
  setTraitsFrom(row: number, history: EventTable, index: number, names: NameInterner, hashSeed: number): void {
    for (let i = 0; i < history.properties.length; i++) {
      this.setTraitFrom(row, history.propertyPaths[i], history.properties[i], index, names, hashSeed);
    }
  }

  /** Applies what another column has at the index as the trait of that path: nothing when it has nothing there. */
  setTraitFrom(
    row: number,
    path: number,
    source: ValueColumn,
    index: number,
    names: NameInterner,
    hashSeed: number,
  ): void {
    const type = source.typeAt(index);
    if (type === 0) return;
    const relations = this.#relationsAt(path, names);
    if (this.#makeRoom(row, relations, type)) relations.column.copy(source, index, row, hashSeed);
  }

  /** Applies a value that came from another process as the trait of that path: `ValueColumn.setPlain`. */
  setTraitPlain(
    row: number,
    path: number,
    type: number,
    value: number | string | Uint8Array | null,
    names: NameInterner,
    hashSeed: number,
  ): void {
    const relations = this.#relationsAt(path, names);
    if (this.#makeRoom(row, relations, type)) relations.column.setPlain(row, type, value, hashSeed);
  }

  /** Whether no trait is above or below the path: then a value there does away with nothing but the one before it. */
  isAlone(path: number, names: NameInterner): boolean {
    const { ancestors, descendants } = this.#relationsAt(path, names);
    return ancestors.length === 0 && descendants.length === 0;
  }

  /** The column of a trait, made when nobody has had the trait yet. */
  columnAt(path: number, names: NameInterner): ValueColumn {
    return this.#relationsAt(path, names).column;
  }

  #relationsAt(path: number, names: NameInterner): TraitRelations {
    return this.#byPath[path] ?? this.#addColumn(path, names);
  }

  clearTraits(row: number): void {
    for (const column of this.traits) column.clear(row);
  }

  /** Clears what a value of the type at the trait does away with; false when nothing is to be written then. */
  #makeRoom(row: number, { column, ancestors, descendants }: TraitRelations, type: number): boolean {
    if (type === tapeOf.LEAF_NULL) {
      column.clear(row);
      for (const below of descendants) below.clear(row);
      return false;
    }
    for (const above of ancestors) above.clear(row);
    if (type === tapeOf.LEAF_EMPTY) {
      // Merging {} into an object changes nothing; into anything else it makes an empty object.
      for (const below of descendants) if (below.has(row)) return false;
    } else {
      for (const below of descendants) below.clear(row);
    }
    return true;
  }

  #addColumn(path: number, names: NameInterner): TraitRelations {
    const segments = names.segmentsOf(path);
    const options = { isMutable: true, lender: this.#sources.lenderOf?.(path), known: this.#knownOf(segments) };
    return this.#register(path, new ValueColumn(this.memory, segments, options), names);
  }

  #knownOf(segments: readonly string[]): KnownTexts | undefined {
    return segments.length === 1 ? this.#sources.identifiers?.valuesOf(segments[0]) : undefined;
  }

  /** Relates the column to those above and below it. Costs the depth of the path, however many traits there are. */
  #register(path: number, column: ValueColumn, names: NameInterner): TraitRelations {
    const relations: TraitRelations = { column, ancestors: [], descendants: this.#belowOf(path) };
    for (let above = names.parentOf(path); above !== ROOT_TRAITS; above = names.parentOf(above)) {
      this.#belowOf(above).push(column);
      const known = this.#byPath[above];
      if (known !== undefined) relations.ancestors.push(known.column);
    }
    for (const below of relations.descendants) this.#relationsOf.get(below)!.ancestors.push(column);
    this.traits.push(column);
    this.#relationsOf.set(column, relations);
    this.#byPath[path] = relations;
    return relations;
  }

  /** Columns below the path, whether or not it has one of its own. */
  #belowOf(path: number): ValueColumn[] {
    let below = this.#below[path];
    if (below === undefined) {
      below = [];
      this.#below[path] = below;
    }
    return below;
  }

  /** Gives the memory back. Nobody uses it afterwards. */
  free(): void {
    for (const column of this.traits) column.free();
    for (const column of [this.firstSeen, this.lastSeen, this.identifierHeads, this.primaries]) column.free();
    this.timelineTables.free();
    this.timelineSlots.free();
  }

  save(context: SaveContext): SavedState {
    return {
      firstSeen: this.firstSeen.save(context),
      lastSeen: this.lastSeen.save(context),
      identifierHeads: this.identifierHeads.save(context),
      primaries: this.primaries.save(context),
      timelineTables: this.timelineTables.save(context),
      timelineSlots: this.timelineSlots.save(context),
      traits: this.traits.map((column) => column.save(context)),
    };
  }

  static load(
    context: LoadContext,
    state: SavedState,
    names: NameInterner,
    identifiers: IdentifierStore,
  ): ProfileTable {
    const table = new ProfileTable(context.memory, { identifiers });
    const part = (name: string): SavedState => state[name] as SavedState;
    table.firstSeen.load(context, part('firstSeen'));
    table.lastSeen.load(context, part('lastSeen'));
    table.identifierHeads.load(context, part('identifierHeads'));
    table.primaries.load(context, part('primaries'));
    table.timelineTables.load(context, part('timelineTables'));
    table.timelineSlots.load(context, part('timelineSlots'));
    for (const saved of state['traits'] as SavedState[]) {
      const known = table.#knownOf(saved['segments'] as string[]);
      const column = ValueColumn.load(context, saved, { isMutable: true, known });
      table.#register(names.path(ROOT_TRAITS, column.segments), column, names);
    }
    return table;
  }
}
