/**
 * Everything one shard knows: its tables, and what binds them together by row. Changed by commands and items alone: `apply` one item, `attach` an
 * identifier, `note` a step of an identity, `bury` a row. Deterministic: the same calls in the same order give the same state. No clock, no disk, no
 * randomness; times come with the items.
 *
 * A row whose profile became part of another, moved or was taken apart is dead: it has no identifiers and no traits, and its events, which stay
 * where they are because tables only grow, count for nothing. Questions leave dead rows out; rows are never used again.
 */
import { xxh32 } from '../base/hash.ts';
import type { RowSet } from '../bitmap/row-set.ts';
import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import type { NameInterner } from '../ingest/name-interner.ts';
import type { LoadContext, SaveContext, SavedState } from '../memory/persist.ts';
import type { SlabMemory } from '../memory/slab-memory.ts';
import type { TraitSurvivorship } from '../model/identity.ts';
import type { JournalEntry } from '../model/identity-journal.ts';
import type { Identifier } from '../model/profile.ts';
import { writeUtf8 } from '../runtime/utf8.ts';
import { CurrentTraits } from './current-traits.ts';
import { DeadRows } from './dead-rows.ts';
import { DedupWindow } from './dedup-window.ts';
import { EventTable } from './event-table.ts';
import { EventTables } from './event-tables.ts';
import { IdentifierStore, TYPE_USER_ID } from './identifier-store.ts';
import { JOURNAL_NAME, journalTape, type MergeNote, mergeTape } from './journal.ts';
import { LinkStore } from './link-store.ts';
import { PairNotes } from './pair-notes.ts';
import { ProfileTable } from './profile-table.ts';
import { RenderCache } from './render-cache.ts';
import type { SurvivorshipRules } from './survivorship.ts';
import { NO_TABLE } from './table-column.ts';
import { loadTraitHistory, newTraitHistory, privateSlot } from './trait-history.ts';

const scratch = Buffer.alloc(2_048);

export class ShardData {
  readonly memory: SlabMemory;
  readonly names: NameInterner;
  readonly identifiers: IdentifierStore;
  readonly profiles: ProfileTable;
  readonly events: EventTables;
  /** Those of `events`. */
  readonly tables: EventTable[];
  readonly dedup: DedupWindow;
  /** Rendered profiles; derived, never saved. */
  readonly cache: RenderCache;
  /** Of living profiles. */
  eventCount = 0;
  /** Identify and alias calls, see `trait-history.ts`. */
  readonly history: EventTable;
  readonly traits: CurrentTraits;
  readonly journal: EventTable;
  readonly links: LinkStore;
  readonly pairs: PairNotes;
  /** Number of the last step over several shards that this shard had a part in. */
  lastStep = 0;
  /** In a cluster: by index of the shard that sent it, the number of the last part of a step that arrived here. */
  readonly arrived = new Map<number, number>();
  /** In a cluster: by index of the shard that it was for, the number of the last step of which a part was handed over. */
  readonly handedOver = new Map<number, number>();
  /** In a cluster: slots that this shard has given away or is giving away, and to whom, whatever the map says yet. */
  readonly leftSlots = new Map<number, number>();
  readonly hashSeed: number;
  readonly #dead: DeadRows;
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
    this.hashSeed = options.hashSeed ?? 0;
    let survivorship: readonly TraitSurvivorship[] = [];
    if (context !== undefined && state !== undefined) {
      this.identifiers = new IdentifierStore(memory, context, state['identifiers'] as SavedState);
      this.profiles = ProfileTable.load(context, state['profiles'] as SavedState, names, this.identifiers);
      const tables = state['tables'] as SavedState[];
      this.events = EventTables.load(memory, context, state['eventNames'] as SavedState, tables, names);
      this.history = loadTraitHistory(context, state['history'] as SavedState, this.profiles, names);
      this.journal = EventTable.load(context, state['journal'] as SavedState, names, { isPrivate: true });
      this.links = new LinkStore(memory, context, state['links'] as SavedState);
      this.pairs = new PairNotes(memory, context, state['pairs'] as SavedState);
      survivorship = state['survivorship'] as TraitSurvivorship[];
      this.lastStep = state['lastStep'] as number;
      restoreMap(this.arrived, state['arrived']);
      restoreMap(this.handedOver, state['handedOver']);
      restoreMap(this.leftSlots, state['leftSlots']);
      this.dedup = DedupWindow.load(context, state['dedup'] as SavedState, options.dedup);
      this.eventCount = state['eventCount'] as number;
      this.#arrivalCount = state['arrivalCount'] as number;
    } else {
      this.identifiers = new IdentifierStore(memory);
      this.profiles = new ProfileTable(memory, { identifiers: this.identifiers });
      this.events = new EventTables(memory);
      this.dedup = new DedupWindow(memory, options.dedup);
      this.history = newTraitHistory(memory, this.profiles, names);
      this.journal = new EventTable(memory, JOURNAL_NAME, { isPrivate: true });
      this.links = new LinkStore(memory);
      this.pairs = new PairNotes(memory);
    }
    this.tables = this.events.list;
    this.#dead = new DeadRows(this.profiles);
    const { profiles, history, hashSeed, cache } = this;
    this.traits = new CurrentTraits({ profiles, history, names, hashSeed, dead: this.#dead, cache }, survivorship);
  }

  /** Those in force. */
  get survivorship(): SurvivorshipRules {
    return this.traits.survivorship;
  }

  /** Living profiles. */
  get profileCount(): number {
    return this.profiles.count - this.#dead.count;
  }

  get hasDead(): boolean {
    return this.#dead.count > 0;
  }

  /** Rows that are no profile any more, as they are now. */
  deadRows(): RowSet {
    return this.#dead.rows();
  }

  isDead(row: number): boolean {
    return this.#dead.has(row);
  }

  /** Takes the profile's traits, name and place in the timeline away. Its identifiers have gone elsewhere before. */
  bury(row: number): void {
    const { profiles } = this;
    for (const { table, slot } of this.participantsOf(row)) table.bury(slot);
    // Traits come from calls alone.
    if (this.history.slotOf(row) >= 0) profiles.clearTraits(row);
    profiles.identifierHeads.set(row, 0);
    profiles.timelineTables.set(row, NO_TABLE);
    this.#dead.add(row);
    this.cache.invalidate(row);
  }

  /** Row of a new profile whose first identifier is the given one. */
  addProfile(
    typeId: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    hash: number,
    timeMs: number,
    linkedAtMs: number = timeMs,
  ): number {
    const row = this.addRow(timeMs);
    this.attach(row, typeId, bytes, offset, length, hash, 0, linkedAtMs);
    return row;
  }

  /** Row of a new profile without identifiers; who calls attaches one before the turn ends. */
  addRow(timeMs: number): number {
    return this.profiles.add(timeMs);
  }

  /**
   * Gives the profile one more identifier, which nobody has: the caller has looked. `parent` = code of the identifier it came with, 0 = none.
   * Gives its code.
   */
  attach(
    row: number,
    typeId: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    hash: number,
    parent = 0,
    linkedAtMs = 0,
  ): number {
    const head = this.profiles.identifierHeads.get(row);
    const code = this.identifiers.add(typeId, bytes, offset, length, hash, row, head, parent, linkedAtMs);
    this.profiles.identifierHeads.set(row, code);
    const primary = this.profiles.primaries.get(row);
    if (primary === 0 || (typeId === TYPE_USER_ID && this.identifiers.typeIdOf(primary) !== TYPE_USER_ID)) {
      this.profiles.primaries.set(row, code);
    }
    this.cache.invalidate(row);
    return code;
  }

  /** Codes of a profile's identifiers, in the order of their ordinals. */
  identifiersOf(row: number): number[] {
    const codes: number[] = [];
    for (let code = this.profiles.identifierHeads.get(row); code !== 0; code = this.identifiers.nextOf(code)) {
      codes.push(code);
    }
    return codes.reverse();
  }

  /** Names the profile: a user's id is a better name than anything else; between two alike the first stays. */
  namePreferring(row: number, first: number, second: number): void {
    const isUser = (code: number): boolean => this.identifiers.typeIdOf(code) === TYPE_USER_ID;
    this.profiles.primaries.set(row, isUser(second) && !isUser(first) ? second : first);
  }

  /** From now on nobody has the identifier, and nothing links it. */
  freeIdentifier(code: number): void {
    for (const { a, b } of this.links.of(code)) this.links.remove(a, b);
    this.identifiers.free(code);
  }

  /** How many identifiers the profile has. */
  identifierCountOf(row: number): number {
    const head = this.profiles.identifierHeads.get(row);
    return head === 0 ? 0 : this.identifiers.ordinalOf(head) + 1;
  }

  /** Code of an identifier that lives here, 0 = none. */
  codeOf({ type, value }: Identifier): number {
    const typeId = this.identifiers.typeId(type);
    if (typeId < 0) return 0;
    // No buffer is made for an identifier of usual length.
    const isShort = value.length * 3 <= scratch.length;
    const bytes = isShort ? scratch : Buffer.from(value, 'utf8');
    const length = isShort ? writeUtf8(value, scratch, 0) : bytes.length;
    return this.identifiers.find(typeId, bytes, 0, length, xxh32(bytes, 0, length, this.hashSeed));
  }

  /** Applies an accepted, not yet seen item to the profile at `row`. `origin` = ordinal of the identifier it came under. */
  apply(tape: EventTape, item: number, row: number, timeMs: number, origin = 0): void {
    const base = item * tapeOf.ITEM_STRIDE;
    const kind = tape.items[base + tapeOf.ITEM_KIND];
    this.cache.invalidate(row);
    if (kind === tapeOf.KIND_IDENTIFY || kind === tapeOf.KIND_ALIAS) {
      this.traits.apply(tape, item, row, timeMs, this.nextArrival(), origin);
      return;
    }
    this.profiles.see(row, timeMs);
    const table = this.events.findOrAdd(tape, item);
    const slot = this.slotIn(table, row);
    table.append(tape, item, row, slot, timeMs, this.nextArrival(), origin, this.names);
    this.eventCount += 1;
  }

  /** The profile's participant in the table, made when it has none. */
  slotIn(table: EventTable, row: number): number {
    if (table.index < 0) return privateSlot(table, row);
    const known = table.slotOf(row);
    if (known >= 0) return known;
    const { profiles } = this;
    const slot = table.addParticipant(row, profiles.timelineTables.get(row), profiles.timelineSlots.get(row));
    profiles.timelineTables.set(row, table.index);
    profiles.timelineSlots.set(row, slot);
    return slot;
  }

  nextArrival(): number {
    const arrival = this.#arrivalCount;
    this.#arrivalCount = (arrival + 1) >>> 0;
    return arrival;
  }

  /** Notes what happened to a profile's identity. `origin` = ordinal of the identifier that it goes with in an unmerge. */
  note(row: number, entry: JournalEntry, origin: number): void {
    this.#note(row, journalTape(entry, this.names, this.hashSeed), entry.at, origin);
  }

  /** Notes a merge in the journal of the profile that came of it. `messageId`: the event that brought it about; empty = none. */
  noteMerge(note: MergeNote, messageId: Uint8Array): void {
    const { identifiers } = this;
    const tape = mergeTape(note, messageId, this.names, this.hashSeed);
    this.#note(identifiers.rowOf(note.from), tape, note.atMs, identifiers.ordinalOf(note.from));
  }

  #note(row: number, tape: EventTape, atMs: number, origin: number): void {
    const slot = privateSlot(this.journal, row);
    this.journal.append(tape, 0, row, slot, atMs, this.nextArrival(), origin, this.names);
  }

  /** The table of an event name, or undefined. */
  tableOf(name: string): EventTable | undefined {
    return this.events.named(name);
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
    return {
      profiles: this.profiles.usedBytes,
      events: this.events.usedBytes,
      history: this.history.usedBytes,
      identifiers: this.identifiers.usedBytes + this.links.usedBytes + this.pairs.usedBytes + this.journal.usedBytes,
      dedup: this.dedup.usedBytes,
      cache: this.cache.usedBytes,
    };
  }

  save(context: SaveContext): SavedState {
    this.traits.foldNow();
    return {
      history: this.history.save(context),
      journal: this.journal.save(context),
      links: this.links.save(context),
      pairs: this.pairs.save(context),
      survivorship: this.traits.rules,
      lastStep: this.lastStep,
      arrived: [...this.arrived],
      handedOver: [...this.handedOver],
      leftSlots: [...this.leftSlots],
      identifiers: this.identifiers.save(context),
      profiles: this.profiles.save(context),
      eventNames: this.events.saveNames(context),
      tables: this.events.saveTables(context),
      dedup: this.dedup.save(context),
      eventCount: this.eventCount,
      arrivalCount: this.#arrivalCount,
    };
  }
}

export interface ShardDataOptions {
  readonly dedup: { readonly windowMs: number; readonly count: number };
  readonly cacheSizeBytes: number;
  /** Seed of the hashes of all texts; absent = 0. */
  readonly hashSeed?: number | undefined;
}

/** Pairs of a map; absent in checkpoints of before there were clusters. */
function restoreMap(map: Map<number, number>, saved: unknown): void {
  for (const [key, value] of (saved ?? []) as [number, number][]) map.set(key, value);
}
