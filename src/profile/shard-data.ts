/**
 * Everything one shard knows, and the only way to change it: `apply` one item, `bind` one forward. Deterministic: the same
 * calls in the same order give the same state. No clock, no disk, no randomness; times come with the items.
 *
 * A row whose profile became part of another, moved or was taken apart is dead: it has no identifiers and no traits, and its events, which stay
 * where they are because tables only grow, count for nothing. Questions leave dead rows out; rows are never used again.
 */
import { xxh32 } from '../base/hash.ts';
import { RowBitmap, type RowSet } from '../bitmap/row-set.ts';
import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import { type NameInterner, ROOT_CONTEXT, ROOT_TRAITS } from '../ingest/name-interner.ts';
import { ByteDictionary } from '../memory/byte-dictionary.ts';
import type { LoadContext, SaveContext, SavedState } from '../memory/persist.ts';
import type { SlabMemory } from '../memory/slab-memory.ts';
import type { TraitSurvivorship } from '../model/identity.ts';
import type { JournalEntry } from '../model/identity-journal.ts';
import type { Identifier } from '../model/profile.ts';
import { DedupWindow } from './dedup-window.ts';
import { ENRICHMENT_MARK, markOf } from './enrichment-mark.ts';
import { EventTable, NONE } from './event-table.ts';
import { IdentifierStore, TYPE_USER_ID } from './identifier-store.ts';
import { JOURNAL_NAME, journalTape, type MergeNote, mergeTape } from './journal.ts';
import { LinkStore } from './link-store.ts';
import { PairNotes } from './pair-notes.ts';
import { ProfileTable } from './profile-table.ts';
import { RenderCache } from './render-cache.ts';
import { SurvivorshipRules } from './survivorship.ts';
import { NO_TABLE } from './table-column.ts';
import { foldTraits } from './trait-fold.ts';
import { loadTraitHistory, newTraitHistory, privateSlot } from './trait-history.ts';

/** Distinct event names that ingest learns in one shard: every name costs columns. Profiles that move here bring theirs along. */
export const EVENT_NAME_LIMIT = 10_000;

/** Distinct property and context paths of one event name, and trait paths of a shard: reading one event or profile looks at each. */
export const PROPERTY_LIMIT = 5_000;
export const TRAIT_LIMIT = 10_000;

/** Profiles with fewer calls are folded anew whenever one comes. */
const REMEMBER_FROM_CALLS = 32;
const REMEMBERED_CALLS_MAX = 4_096;

const scratch = Buffer.alloc(2_048);

export class ShardData {
  readonly memory: SlabMemory;
  readonly names: NameInterner;
  readonly identifiers: IdentifierStore;
  readonly profiles: ProfileTable;
  readonly tables: EventTable[] = [];
  readonly dedup: DedupWindow;
  /** Rendered profiles; derived, never saved. */
  readonly cache: RenderCache;
  /** Of living profiles. */
  eventCount = 0;
  /** Identify and alias calls, see `trait-history.ts`. */
  readonly history: EventTable;
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
  survivorship: SurvivorshipRules;
  #survivorship: readonly TraitSurvivorship[] = [];
  readonly #dead = new RowBitmap();
  /** Not in the bitmap yet: one row at a time is dear there. */
  readonly #newlyDead: number[] = [];
  #deadCount = 0;
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
    this.hashSeed = options.hashSeed ?? 0;
    if (context !== undefined && state !== undefined) {
      this.identifiers = new IdentifierStore(memory, context, state['identifiers'] as SavedState);
      this.profiles = ProfileTable.load(context, state['profiles'] as SavedState, names);
      this.#eventNames = ByteDictionary.load(context, state['eventNames'] as SavedState);
      for (const table of state['tables'] as SavedState[]) {
        this.#addTable(EventTable.load(context, table, names));
      }
      this.history = loadTraitHistory(context, state['history'] as SavedState, this.profiles, names);
      this.journal = EventTable.load(context, state['journal'] as SavedState, names);
      this.links = new LinkStore(memory, context, state['links'] as SavedState);
      this.pairs = new PairNotes(memory, context, state['pairs'] as SavedState);
      this.#survivorship = state['survivorship'] as TraitSurvivorship[];
      this.lastStep = state['lastStep'] as number;
      restoreMap(this.arrived, state['arrived']);
      restoreMap(this.handedOver, state['handedOver']);
      restoreMap(this.leftSlots, state['leftSlots']);
      this.#findDead();
      this.dedup = DedupWindow.load(context, state['dedup'] as SavedState, options.dedup);
      this.eventCount = state['eventCount'] as number;
      this.#arrivalCount = state['arrivalCount'] as number;
    } else {
      this.identifiers = new IdentifierStore(memory);
      this.profiles = new ProfileTable(memory);
      this.#eventNames = new ByteDictionary(memory);
      this.dedup = new DedupWindow(memory, options.dedup);
      this.history = newTraitHistory(memory, this.profiles, names);
      this.journal = new EventTable(memory, JOURNAL_NAME);
      this.links = new LinkStore(memory);
      this.pairs = new PairNotes(memory);
    }
    this.survivorship = new SurvivorshipRules(this.#survivorship);
  }

  /** A living profile has a name. */
  #findDead(): void {
    const { profiles } = this;
    const dead: number[] = [];
    for (let row = 0; row < profiles.count; row++) if (profiles.primaries.get(row) === 0) dead.push(row);
    this.#dead.add(dead);
    this.#deadCount = dead.length;
  }

  /** Living profiles. */
  get profileCount(): number {
    return this.profiles.count - this.#deadCount;
  }

  get hasDead(): boolean {
    return this.#deadCount > 0;
  }

  /** Rows that are no profile any more, as they are now. */
  deadRows(): RowSet {
    if (this.#newlyDead.length > 0) {
      this.#dead.add(this.#newlyDead);
      this.#newlyDead.length = 0;
    }
    return this.#dead.rows();
  }

  isDead(row: number): boolean {
    return this.#deadCount > 0 && this.profiles.primaries.get(row) === 0;
  }

  /** Takes the profile's traits, name and place in the timeline away. Its identifiers have gone elsewhere before. */
  bury(row: number): void {
    const { profiles } = this;
    for (const { table, slot } of this.participantsOf(row)) table.bury(slot);
    // Traits come from calls alone.
    if (this.history.slotOf(row) >= 0) profiles.clearTraits(row);
    profiles.primaries.set(row, 0);
    profiles.identifierHeads.set(row, 0);
    profiles.timelineTables.set(row, NO_TABLE);
    this.#newlyDead.push(row);
    this.#deadCount += 1;
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
    const length = isShort ? scratch.write(value, 0, 'utf8') : bytes.length;
    return this.identifiers.find(typeId, bytes, 0, length, xxh32(bytes, 0, length, this.hashSeed));
  }

  /** Why the item's names cannot all be learned: too many event names, or too many columns in one table; undefined when they can. */
  schemaFault(tape: EventTape, item: number): string | undefined {
    const base = item * tapeOf.ITEM_STRIDE;
    const { items, bytes } = tape;
    const leafStart = items[base + tapeOf.ITEM_LEAF_START];
    const leafEnd = items[base + tapeOf.ITEM_LEAF_END];
    const kind = items[base + tapeOf.ITEM_KIND];
    if (kind === tapeOf.KIND_IDENTIFY || kind === tapeOf.KIND_ALIAS) return this.#callFault(tape, leafStart, leafEnd);
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

  /** The same of a call, whose traits and context are columns of the history. Looks at each leaf only near a limit. */
  #callFault(tape: EventTape, leafStart: number, leafEnd: number): string | undefined {
    const { history, names } = this;
    let traitRoom = TRAIT_LIMIT - history.properties.length;
    let contextRoom = PROPERTY_LIMIT - history.contexts.length;
    if (leafEnd - leafStart <= Math.min(traitRoom, contextRoom)) return undefined;
    for (let leaf = leafStart; leaf < leafEnd; leaf++) {
      const path = tape.leaves[leaf * tapeOf.LEAF_STRIDE];
      if (history.columnOf(path) !== undefined) continue;
      if (names.rootOf(path) === ROOT_TRAITS) traitRoom -= 1;
      else contextRoom -= 1;
    }
    if (traitRoom < 0) return `more than ${TRAIT_LIMIT} distinct traits; this event brings a new one`;
    if (contextRoom >= 0) return undefined;
    return `more than ${PROPERTY_LIMIT} distinct context fields of identify calls; this event brings a new one`;
  }

  /** Applies an accepted, not yet seen item to the profile at `row`. `origin` = ordinal of the identifier it came under. */
  apply(tape: EventTape, item: number, row: number, timeMs: number, origin = 0): void {
    const base = item * tapeOf.ITEM_STRIDE;
    const kind = tape.items[base + tapeOf.ITEM_KIND];
    this.cache.invalidate(row);
    if (kind === tapeOf.KIND_IDENTIFY || kind === tapeOf.KIND_ALIAS) {
      this.#applyCall(tape, item, row, timeMs, origin);
      return;
    }
    this.profiles.see(row, timeMs);
    const table = this.tableFor(tape, item);
    const slot = this.slotIn(table, row);
    table.append(tape, item, row, slot, timeMs, this.nextArrival(), origin, this.names);
    this.eventCount += 1;
  }

  /** The table of the item's event name, made when the name is new. */
  tableFor(tape: EventTape, item: number): EventTable {
    const at = item * tapeOf.ITEM_STRIDE + tapeOf.ITEM_EVENT;
    const { items, bytes } = tape;
    const code = this.#eventNames.findOrAdd(bytes, items[at], items[at + 1], items[at + 2]);
    let table = this.tables[code - 1];
    if (table === undefined) {
      table = new EventTable(this.memory, this.#eventNames.text(code));
      this.#addTable(table);
    }
    return table;
  }

  #addTable(table: EventTable): void {
    table.index = this.tables.length;
    this.tables.push(table);
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

  /** Keeps the call and brings the traits up to date: at once when it is the newest of the profile, else by a fold over all of them. */
  #applyCall(tape: EventTape, item: number, row: number, timeMs: number, origin: number): void {
    const { history, profiles, names } = this;
    const slot = privateSlot(history, row);
    const mark = markOf(tape, item, this.#markPath());
    if (mark === 0) profiles.see(row, timeMs);
    const newestMs = this.#newestCallMs(slot);
    const isLast = mark !== tapeOf.LEAF_TRUE && this.survivorship.isPlain && newestMs <= timeMs;
    const isNewest = history.participantLasts.get(slot) === NONE || isLast;
    history.append(tape, item, row, slot, timeMs, this.nextArrival(), origin, names);
    if (this.#newestCalls.has(slot)) this.#newestCalls.set(slot, Math.max(newestMs, timeMs));
    if (isNewest) profiles.setTraits(row, tape, item, timeMs, names);
    else {
      profiles.seeTraits(tape, item, timeMs, names);
      this.foldLater(row);
    }
  }

  /** By slot of the history: the greatest time of a large profile's calls, known since their last fold, where they did not come in order. */
  readonly #newestCalls = new Map<number, number>();

  /** The greatest time of the calls; infinity = a fold must tell. */
  #newestCallMs(slot: number): number {
    const { history } = this;
    if (!history.isOrdered(slot)) return this.#newestCalls.get(slot) ?? Number.POSITIVE_INFINITY;
    const last = history.participantLasts.get(slot);
    return last === NONE ? Number.NEGATIVE_INFINITY : history.times.get(last);
  }

  /** So that one late call does not make each later one cost a fold. */
  #rememberNewestCall(row: number): void {
    const { history } = this;
    const slot = history.slotOf(row);
    if (slot < 0 || history.isOrdered(slot) || history.countAt(slot) < REMEMBER_FROM_CALLS) return;
    if (this.#newestCalls.size >= REMEMBERED_CALLS_MAX) this.#newestCalls.clear();
    let newestMs = Number.NEGATIVE_INFINITY;
    for (const call of history.eventsOf(slot)) newestMs = Math.max(newestMs, history.times.get(call));
    this.#newestCalls.set(slot, newestMs);
  }

  #markPathId = -1;

  /** Learned when it is needed: the engine's own names come first. */
  #markPath(): number {
    if (this.#markPathId < 0) this.#markPathId = this.names.path(ROOT_CONTEXT, ENRICHMENT_MARK);
    return this.#markPathId;
  }

  readonly #unfolded = new Set<number>();

  /** The profile's traits are folded anew before anybody reads them: many calls that come late cost one fold. */
  foldLater(row: number): void {
    this.#unfolded.add(row);
  }

  /** To be called before the turn ends, and before anything that looks at traits. */
  foldNow(): void {
    if (this.#unfolded.size === 0) return;
    for (const row of this.#unfolded) {
      if (this.isDead(row)) continue;
      foldTraits(this, row, this.survivorship);
      this.#rememberNewestCall(row);
    }
    this.#unfolded.clear();
  }

  /** Whether these rules of survivorship are in force. */
  isSurvivorship(rules: readonly TraitSurvivorship[]): boolean {
    const isPlain = new SurvivorshipRules(rules).isPlain && this.survivorship.isPlain;
    return isPlain || JSON.stringify(rules) === JSON.stringify(this.#survivorship);
  }

  /** Puts other rules of survivorship in force. Costs a fold of each profile with two calls or more: one call has nothing to choose from. */
  setSurvivorship(rules: readonly TraitSurvivorship[]): void {
    this.foldNow();
    this.#survivorship = rules;
    this.survivorship = new SurvivorshipRules(rules);
    const { history } = this;
    for (let slot = 0; slot < history.participantCount; slot++) {
      const row = history.participantRows.get(slot);
      if (this.isDead(row) || history.countAt(slot) < 2) continue;
      foldTraits(this, row, this.survivorship);
      this.cache.invalidate(row);
    }
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
      history: this.history.usedBytes,
      identifiers: this.identifiers.usedBytes + this.links.usedBytes + this.pairs.usedBytes + this.journal.usedBytes,
      dedup: this.dedup.usedBytes,
      cache: this.cache.usedBytes,
    };
  }

  save(context: SaveContext): SavedState {
    this.foldNow();
    return {
      history: this.history.save(context),
      journal: this.journal.save(context),
      links: this.links.save(context),
      pairs: this.pairs.save(context),
      survivorship: this.#survivorship,
      lastStep: this.lastStep,
      arrived: [...this.arrived],
      handedOver: [...this.handedOver],
      leftSlots: [...this.leftSlots],
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
  /** Seed of the hashes of all texts; absent = 0. */
  readonly hashSeed?: number | undefined;
}

/** Pairs of a map; absent in checkpoints of before there were clusters. */
function restoreMap(map: Map<number, number>, saved: unknown): void {
  for (const [key, value] of (saved ?? []) as [number, number][]) map.set(key, value);
}
