/**
 * All events of one name in a shard, as columns in the order of arrival: row of the profile, time, link to the same
 * profile's event before it, arrival number, message id, and a value column per property and context path. Append-only, so full
 * chunks never change again: a checkpoint writes each once. That holds for merged profiles too: the events of a profile that becomes part of another
 * are appended again under the other's row, and the old ones stay with a row that is dead.
 *
 * Beside them one participant per (profile, event name): how many, and the last event, from which `previous` leads back through
 * all of them. So a count "ever" and a profile's own events are read without a scan. `nextTable`/`nextSlot` chain a profile's
 * participants through all tables: its timeline.
 *
 * An event's origin is the identifier that it came under, as its ordinal among the profile's: what an unmerge goes by.
 *
 * Widths: an event costs 3 (row) + 4 (time; 5 where events are rare) + 3 (previous) + 1 to 2 (arrival) + 15.25 (message id) bytes, 0 or 1 (origin),
 * and its properties; a participant 11 bytes on the average (7 where there are no timelines) and its place in a `RowMap`. Rows, events and slots past 2^24 take a byte more.
 */
import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import { type NameInterner, ROOT_CONTEXT, ROOT_PROPERTIES } from '../ingest/name-interner.ts';
import { U32Column } from '../memory/fixed-column.ts';
import { IndexColumn } from '../memory/index-column.ts';
import { CodeColumn } from '../memory/ladder-column.ts';
import { LinkColumn, NO_LINK } from '../memory/link-column.ts';
import { MessageIdColumn } from '../memory/message-id-column.ts';
import type { LoadContext, SaveContext, SavedState } from '../memory/persist.ts';
import { RowMap } from '../memory/row-map.ts';
import { SerialColumn } from '../memory/serial-column.ts';
import type { SlabMemory } from '../memory/slab-memory.ts';
import { TimeColumn } from '../memory/time-column.ts';
import { TableColumn } from './table-column.ts';
import { ValueColumn } from './value-column.ts';

export const NONE = NO_LINK;
/** In a participant's entry of `participantCounts`, below its count: its events did not arrive in the order of their times. */
const UNORDERED_BIT = 1;
const COUNT_SHIFT = 1;
/** The same in checkpoints that hold counts as u32. */
const WIDE_UNORDERED_BIT = 0x8000_0000;

export class EventTable {
  readonly memory: SlabMemory;
  readonly name: string;
  /** Its place among the shard's tables; −1 for one that is no part of timelines. */
  index = -1;
  readonly rows: IndexColumn;
  readonly times: TimeColumn;
  /** Event before this one of the same profile in this table, or NONE. */
  readonly previous: LinkColumn;
  readonly arrivals: SerialColumn;
  messageIds: MessageIdColumn;
  /** Ordinal of the identifier that the event came under; 0, which costs nothing, is the profile's first. */
  readonly origins: CodeColumn;
  /** In the order of first sight. */
  readonly properties: ValueColumn[] = [];
  /** Path ids of the properties, in the same order. */
  readonly propertyPaths: number[] = [];
  readonly contexts: ValueColumn[] = [];

  participants: RowMap;
  readonly participantRows: IndexColumn;
  /** Count × 2, and 1 more when the events did not arrive in the order of their times. */
  readonly participantCounts: CodeColumn;
  readonly participantLasts: IndexColumn;
  /** Empty in a table that is no part of timelines. */
  readonly nextTables: TableColumn;
  readonly nextSlots: IndexColumn;

  /** Value column by process-wide path id. */
  readonly #byPath: (ValueColumn | undefined)[] = [];
  readonly #options: EventTableOptions;

  constructor(memory: SlabMemory, name: string, options: EventTableOptions = {}) {
    this.memory = memory;
    this.name = name;
    this.#options = options;
    this.origins = new CodeColumn(memory);
    this.rows = new IndexColumn(memory);
    this.times = new TimeColumn(memory);
    this.previous = new LinkColumn(memory);
    this.arrivals = new SerialColumn(memory);
    this.messageIds = new MessageIdColumn(memory);
    this.participants = new RowMap(memory);
    this.participantRows = new IndexColumn(memory);
    this.participantCounts = new CodeColumn(memory);
    this.participantLasts = new IndexColumn(memory);
    this.nextTables = new TableColumn(memory);
    this.nextSlots = new IndexColumn(memory);
  }

  /** Events of profiles that are gone, and how many such profiles took part. */
  deadEventCount = 0;
  deadParticipantCount = 0;

  /** Rows of the table, those of dead profiles too. */
  get eventCount(): number {
    return this.rows.length;
  }

  get livingEventCount(): number {
    return this.rows.length - this.deadEventCount;
  }

  get livingParticipantCount(): number {
    return this.participantRows.length - this.deadParticipantCount;
  }

  /** The participant's profile is gone. */
  bury(slot: number): void {
    this.deadEventCount += this.countAt(slot);
    this.deadParticipantCount += 1;
  }

  get participantCount(): number {
    return this.participantRows.length;
  }

  get usedBytes(): number {
    let bytes =
      this.rows.usedBytes +
      this.times.usedBytes +
      this.previous.usedBytes +
      this.arrivals.usedBytes +
      this.messageIds.usedBytes +
      this.origins.usedBytes +
      this.participants.usedBytes +
      this.participantRows.usedBytes +
      this.participantCounts.usedBytes +
      this.participantLasts.usedBytes +
      this.nextTables.usedBytes +
      this.nextSlots.usedBytes;
    for (const column of this.properties) bytes += column.usedBytes;
    for (const column of this.contexts) bytes += column.usedBytes;
    return bytes;
  }

  /** The profile's slot here, or −1. */
  slotOf(row: number): number {
    return this.participants.get(row);
  }

  /** A participant whose timeline goes on with the given one. */
  addParticipant(row: number, nextTable: number, nextSlot: number): number {
    this.nextTables.push(nextTable);
    this.nextSlots.push(nextSlot);
    return this.addPrivateParticipant(row);
  }

  /** A participant of a table that is no part of timelines. */
  addPrivateParticipant(row: number): number {
    const slot = this.participantRows.length;
    this.participantRows.push(row);
    this.participantLasts.push(NONE);
    this.participants.add(row, slot);
    return slot;
  }

  countAt(slot: number): number {
    return this.participantCounts.get(slot) >>> COUNT_SHIFT;
  }

  /** Whether following `previous` from the last event goes strictly back in time. */
  isOrdered(slot: number): boolean {
    return (this.participantCounts.get(slot) & UNORDERED_BIT) === 0;
  }

  /** Appends the tape's item as an event of the participant, which is the profile at `row`. */
  append(
    tape: EventTape,
    item: number,
    row: number,
    slot: number,
    timeMs: number,
    arrival: number,
    origin: number,
    names: NameInterner,
  ): void {
    const base = item * tapeOf.ITEM_STRIDE;
    const items = tape.items;
    const index = this.#begin(row, slot, timeMs, arrival, origin);
    this.messageIds.push(tape.bytes, items[base + tapeOf.ITEM_MESSAGE_ID], items[base + tapeOf.ITEM_MESSAGE_ID + 1]);
    const leafEnd = items[base + tapeOf.ITEM_LEAF_END];
    for (let leaf = items[base + tapeOf.ITEM_LEAF_START]; leaf < leafEnd; leaf++) {
      const at = leaf * tapeOf.LEAF_STRIDE;
      const path = tape.leaves[at];
      let column = this.#byPath[path];
      if (column === undefined) column = this.#addColumn(path, names);
      column.set(index, tape, at, tape.numbers[leaf]);
    }
  }

  /** The part of an event that has no message id and no properties yet. */
  #begin(row: number, slot: number, timeMs: number, arrival: number, origin: number): number {
    const index = this.rows.length;
    const last = this.participantLasts.get(slot);
    let count = this.participantCounts.get(slot) + (1 << COUNT_SHIFT);
    if (last !== NONE && this.times.get(last) > timeMs) count |= UNORDERED_BIT;
    this.rows.push(row);
    this.times.push(timeMs);
    this.previous.push(last);
    this.arrivals.push(arrival);
    if (origin !== 0) this.origins.set(index, origin);
    this.participantLasts.set(slot, index);
    this.participantCounts.set(slot, count >>> 0);
    return index;
  }

  /** Appends the event at `from` once more, for another profile. Costs a look at each property of the table. */
  copy(from: number, row: number, slot: number, arrival: number, origin: number): void {
    const index = this.#begin(row, slot, this.times.get(from), arrival, origin);
    this.messageIds.pushCopy(from);
    for (const column of this.properties) column.copy(column, from, index);
    for (const column of this.contexts) column.copy(column, from, index);
  }

  /** The events of a participant, in the order of arrival. */
  eventsOf(slot: number): Uint32Array {
    const indexes = new Uint32Array(this.countAt(slot));
    let index = this.participantLasts.get(slot);
    for (let i = indexes.length - 1; i >= 0; i--) {
      indexes[i] = index;
      index = this.previous.get(index);
    }
    return indexes;
  }

  /** The column of a path, undefined when no event had it. */
  columnOf(path: number): ValueColumn | undefined {
    return this.#byPath[path];
  }

  /** Whether the leaves' columns are known or fit under the limit; looks at each leaf only near it. */
  acceptsColumns(tape: EventTape, leafStart: number, leafEnd: number, limit: number): boolean {
    const room = limit - this.properties.length - this.contexts.length;
    if (leafEnd - leafStart <= room) return true;
    let newCount = 0;
    for (let leaf = leafStart; leaf < leafEnd; leaf++) {
      if (this.#byPath[tape.leaves[leaf * tapeOf.LEAF_STRIDE]] === undefined) newCount += 1;
    }
    return newCount <= room;
  }

  #addColumn(path: number, names: NameInterner): ValueColumn {
    const { propertyRoot = ROOT_PROPERTIES, lenderOf } = this.#options;
    const isProperty = names.rootOf(path) === propertyRoot;
    const lender = isProperty ? lenderOf?.(path) : undefined;
    const column = new ValueColumn(this.memory, names.segmentsOf(path), { lender });
    this.#register(path, column, isProperty);
    return column;
  }

  #register(path: number, column: ValueColumn, isProperty: boolean): void {
    if (isProperty) {
      this.properties.push(column);
      this.propertyPaths.push(path);
    } else {
      this.contexts.push(column);
    }
    this.#byPath[path] = column;
  }

  save(context: SaveContext): SavedState {
    return {
      name: this.name,
      deadEventCount: this.deadEventCount,
      deadParticipantCount: this.deadParticipantCount,
      rows: this.rows.save(context),
      times: this.times.save(context),
      previous: this.previous.save(context),
      arrivals: this.arrivals.save(context),
      messageIds: this.messageIds.save(context),
      origins: this.origins.save(context),
      participants: this.participants.save(context),
      participantRows: this.participantRows.save(context),
      participantCounts: this.participantCounts.save(context),
      participantLasts: this.participantLasts.save(context),
      nextTables: this.nextTables.save(context),
      nextSlots: this.nextSlots.save(context),
      properties: this.properties.map((column) => column.save(context)),
      contexts: this.contexts.map((column) => column.save(context)),
    };
  }

  static load(
    context: LoadContext,
    state: SavedState,
    names: NameInterner,
    options: EventTableOptions = {},
  ): EventTable {
    const table = new EventTable(context.memory, state['name'] as string, options);
    const part = (name: string): SavedState => state[name] as SavedState;
    table.deadEventCount = state['deadEventCount'] as number;
    table.deadParticipantCount = state['deadParticipantCount'] as number;
    table.rows.load(context, part('rows'));
    table.times.load(context, part('times'));
    table.previous.load(context, part('previous'));
    table.arrivals.load(context, part('arrivals'));
    table.messageIds = MessageIdColumn.load(context, part('messageIds'));
    table.origins.load(context, part('origins'));
    table.participantRows.load(context, part('participantRows'));
    table.participants = RowMap.load(context, part('participants'));
    loadCounts(table.participantCounts, context, part('participantCounts'));
    table.participantLasts.load(context, part('participantLasts'));
    table.nextTables.load(context, part('nextTables'));
    table.nextSlots.load(context, part('nextSlots'));
    if (options.isPrivate === true) {
      // Older checkpoints hold links that nobody follows.
      table.nextTables.free();
      table.nextSlots.free();
    }
    const { propertyRoot = ROOT_PROPERTIES, lenderOf } = options;
    for (const saved of state['properties'] as SavedState[]) {
      const path = names.path(propertyRoot, saved['segments'] as string[]);
      table.#register(path, ValueColumn.load(context, saved, { lender: lenderOf?.(path) }), true);
    }
    for (const saved of state['contexts'] as SavedState[]) {
      const column = ValueColumn.load(context, saved);
      table.#register(names.path(ROOT_CONTEXT, column.segments), column, false);
    }
    return table;
  }
}

/** Also of older checkpoints, which hold them as u32. */
function loadCounts(counts: CodeColumn, context: LoadContext, state: SavedState): void {
  if (state['rungs'] !== undefined) return counts.load(context, state);
  const wide = new U32Column(context.memory);
  wide.load(context, state);
  for (let slot = 0; slot < wide.length; slot++) {
    const count = wide.get(slot);
    const isUnordered = (count & WIDE_UNORDERED_BIT) !== 0;
    counts.set(slot, ((count << COUNT_SHIFT) | (isUnordered ? UNORDERED_BIT : 0)) >>> 0);
  }
  wide.free();
}

export interface EventTableOptions {
  /** No part of timelines: participants have no links. */
  readonly isPrivate?: boolean | undefined;
  /** Root of the paths that are `properties`; all others are `contexts`. Default: ROOT_PROPERTIES. */
  readonly propertyRoot?: number | undefined;
  /** A column of the same property elsewhere, whose dictionaries are used. */
  readonly lenderOf?: ((path: number) => ValueColumn) | undefined;
}
