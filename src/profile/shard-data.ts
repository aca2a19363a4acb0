/**
 * Everything one shard knows, and the only way to change it: `apply` one item, `bind` one forward. Deterministic: the same
 * calls in the same order give the same state. No clock, no disk, no randomness; times come with the items.
 */
import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import { type NameInterner, ROOT_CONTEXT } from '../ingest/name-interner.ts';
import { ByteDictionary } from '../memory/byte-dictionary.ts';
import type { LoadContext, SaveContext, SavedState } from '../memory/persist.ts';
import type { SlabMemory } from '../memory/slab-memory.ts';
import { DedupWindow } from './dedup-window.ts';
import { EventTable } from './event-table.ts';
import { IdentifierStore, TYPE_USER_ID } from './identifier-store.ts';
import { NO_TABLE, ProfileTable } from './profile-table.ts';
import { RenderCache } from './render-cache.ts';

/** Distinct event names in one shard: a participant's link holds its table in 16 bits, and every name costs columns. */
export const EVENT_NAME_LIMIT = 10_000;

/** Distinct property and context paths of one event name, and trait paths of a shard: reading one event or profile looks at each. */
export const PROPERTY_LIMIT = 5_000;
export const TRAIT_LIMIT = 10_000;

export class ShardData {
  readonly memory: SlabMemory;
  readonly names: NameInterner;
  readonly identifiers: IdentifierStore;
  readonly profiles: ProfileTable;
  readonly tables: EventTable[] = [];
  readonly dedup: DedupWindow;
  /** Rendered profiles; derived, never saved. */
  readonly cache: RenderCache;
  eventCount = 0;
  readonly #eventNames: ByteDictionary;
  #arrivalCount = 0;

  constructor(
    memory: SlabMemory,
    names: NameInterner,
    options: ShardDataOptions,
    context?: LoadContext,
    state?: SavedState,
  ) {
    this.memory = memory;
    this.names = names;
    this.cache = new RenderCache(options.cacheSizeBytes);
    if (context !== undefined && state !== undefined) {
      this.identifiers = new IdentifierStore(memory, context, state['identifiers'] as SavedState);
      this.profiles = ProfileTable.load(context, state['profiles'] as SavedState, names);
      this.#eventNames = ByteDictionary.load(context, state['eventNames'] as SavedState);
      for (const table of state['tables'] as SavedState[]) {
        this.tables.push(EventTable.load(context, table, names, ROOT_CONTEXT));
      }
      this.dedup = DedupWindow.load(context, state['dedup'] as SavedState, options.dedup);
      this.eventCount = state['eventCount'] as number;
      this.#arrivalCount = state['arrivalCount'] as number;
    } else {
      this.identifiers = new IdentifierStore(memory);
      this.profiles = new ProfileTable(memory);
      this.#eventNames = new ByteDictionary(memory);
      this.dedup = new DedupWindow(memory, options.dedup);
    }
  }

  /** Row of a new profile whose first identifier is the given one. */
  addProfile(typeId: number, bytes: Uint8Array, offset: number, length: number, hash: number, timeMs: number): number {
    const row = this.profiles.add(timeMs);
    this.attach(row, typeId, bytes, offset, length, hash);
    return row;
  }

  /** Gives the profile one more identifier; the caller has looked that nobody has it. */
  attach(row: number, typeId: number, bytes: Uint8Array, offset: number, length: number, hash: number): void {
    const head = this.profiles.identifierHeads.get(row);
    const code = this.identifiers.add(typeId, bytes, offset, length, hash, row, head);
    this.profiles.identifierHeads.set(row, code);
    const primary = this.profiles.primaries.get(row);
    if (primary === 0 || (typeId === TYPE_USER_ID && this.identifiers.typeIdOf(primary) !== TYPE_USER_ID)) {
      this.profiles.primaries.set(row, code);
    }
    this.cache.invalidate(row);
  }

  /** Why the item's names cannot all be learned: too many event names, or too many columns in one table; undefined when they can. */
  schemaFault(tape: EventTape, item: number): string | undefined {
    const base = item * tapeOf.ITEM_STRIDE;
    const { items, bytes } = tape;
    const leafStart = items[base + tapeOf.ITEM_LEAF_START];
    const leafEnd = items[base + tapeOf.ITEM_LEAF_END];
    if (items[base + tapeOf.ITEM_KIND] === tapeOf.KIND_IDENTIFY) {
      const isFull = !this.profiles.acceptsColumns(tape, leafStart, leafEnd, TRAIT_LIMIT);
      return isFull ? `more than ${TRAIT_LIMIT} distinct traits; this event brings a new one` : undefined;
    }
    const at = base + tapeOf.ITEM_EVENT;
    if (items[at + 1] < 0) return undefined;
    const code = this.#eventNames.find(bytes, items[at], items[at + 1], items[at + 2]);
    if (code === 0) {
      const isFull = this.tables.length >= EVENT_NAME_LIMIT;
      return isFull ? `more than ${EVENT_NAME_LIMIT} distinct event names; this event brings a new one` : undefined;
    }
    const table = this.tables[code - 1];
    if (table.acceptsColumns(tape, leafStart, leafEnd, PROPERTY_LIMIT)) return undefined;
    return `more than ${PROPERTY_LIMIT} distinct properties of "${table.name}"; this event brings a new one`;
  }

  /** Applies an accepted, not yet seen item to the profile at `row`. */
  apply(tape: EventTape, item: number, row: number, timeMs: number): void {
    const base = item * tapeOf.ITEM_STRIDE;
    const kind = tape.items[base + tapeOf.ITEM_KIND];
    this.profiles.see(row, timeMs);
    this.cache.invalidate(row);
    if (kind === tapeOf.KIND_IDENTIFY) {
      this.profiles.setTraits(row, tape, item, timeMs, this.names);
      return;
    }
    if (kind === tapeOf.KIND_ALIAS) return;
    const at = base + tapeOf.ITEM_EVENT;
    const { items, bytes } = tape;
    const code = this.#eventNames.findOrAdd(bytes, items[at], items[at + 1], items[at + 2]);
    const tableIndex = code - 1;
    let table = this.tables[tableIndex];
    if (table === undefined) {
      table = new EventTable(this.memory, this.#eventNames.text(code));
      this.tables.push(table);
    }
    let slot = table.slotOf(row);
    if (slot < 0) {
      slot = table.addParticipant(row, this.profiles.timelineTables.get(row), this.profiles.timelineSlots.get(row));
      this.profiles.timelineTables.set(row, tableIndex);
      this.profiles.timelineSlots.set(row, slot);
    }
    table.append(tape, item, row, slot, timeMs, this.#arrivalCount, this.names);
    this.#arrivalCount = (this.#arrivalCount + 1) >>> 0;
    this.eventCount += 1;
  }

  /** The table of an event name, or undefined. */
  tableOf(name: string): EventTable | undefined {
    return this.tables.find((table) => table.name === name);
  }

  /** Visits the profile's participants: its event names, newest name first. */
  participantsOf(row: number): { table: EventTable; slot: number }[] {
    const found: { table: EventTable; slot: number }[] = [];
    let tableIndex = this.profiles.timelineTables.get(row);
    let slot = this.profiles.timelineSlots.get(row);
    while (tableIndex !== NO_TABLE) {
      const table = this.tables[tableIndex];
      found.push({ table, slot });
      tableIndex = table.nextTables.get(slot);
      slot = table.nextSlots.get(slot);
    }
    return found;
  }

  memoryBytes(): Record<string, number> {
    let events = 0;
    for (const table of this.tables) events += table.usedBytes;
    return {
      profiles: this.profiles.usedBytes,
      events: events + this.#eventNames.usedBytes,
      identifiers: this.identifiers.usedBytes,
      dedup: this.dedup.usedBytes,
      cache: this.cache.usedBytes,
    };
  }

  save(context: SaveContext): SavedState {
    return {
      identifiers: this.identifiers.save(context),
      profiles: this.profiles.save(context),
      eventNames: this.#eventNames.save(context),
      tables: this.tables.map((table) => table.save(context)),
      dedup: this.dedup.save(context),
      eventCount: this.eventCount,
      arrivalCount: this.#arrivalCount,
    };
  }
}

export interface ShardDataOptions {
  readonly dedup: { readonly windowMs: number; readonly count: number };
  readonly cacheSizeBytes: number;
}
