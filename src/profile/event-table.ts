/**
 * All events of one name in a shard, as columns in the order of arrival: row of the profile, time, link to the same
 * profile's event before it, arrival number, message id, and a value column per property and context path. Append-only, so full
 * chunks never change again: a checkpoint writes each once.
 *
 * Beside them one participant per (profile, event name): how many, and the last event, from which `previous` leads back through
 * all of them. So a count "ever" and a profile's own events are read without a scan. `nextTable`/`nextSlot` chain a profile's
 * participants through all tables: its timeline.
 *
 * Widths: an event costs 4 (row) + 4 (time) + 3 (previous) + 2 (arrival) + 16 (message id) bytes and its properties; a
 * participant 18 bytes and a hash slot.
 */
import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import { type NameInterner, ROOT_PROPERTIES } from '../ingest/name-interner.ts';
import { U16Column, U32Column } from '../memory/fixed-column.ts';
import { LinkColumn, NO_LINK } from '../memory/link-column.ts';
import { MessageIdColumn } from '../memory/message-id-column.ts';
import type { LoadContext, SaveContext, SavedState } from '../memory/persist.ts';
import { RowMap } from '../memory/row-map.ts';
import { SerialColumn } from '../memory/serial-column.ts';
import type { SlabMemory } from '../memory/slab-memory.ts';
import { TimeColumn } from '../memory/time-column.ts';
import { ValueColumn } from './value-column.ts';

export const NONE = NO_LINK;
/** Set in a participant's count when its events did not arrive in the order of their times. */
const UNORDERED_BIT = 0x8000_0000;

export class EventTable {
  readonly memory: SlabMemory;
  readonly name: string;
  readonly rows: U32Column;
  readonly times: TimeColumn;
  /** Event before this one of the same profile in this table, or NONE. */
  readonly previous: LinkColumn;
  readonly arrivals: SerialColumn;
  messageIds: MessageIdColumn;
  /** In the order of first sight. */
  readonly properties: ValueColumn[] = [];
  readonly contexts: ValueColumn[] = [];

  participants: RowMap;
  readonly participantRows: U32Column;
  readonly participantCounts: U32Column;
  readonly participantLasts: U32Column;
  readonly nextTables: U16Column;
  readonly nextSlots: U32Column;

  /** Value column by process-wide path id. */
  readonly #byPath: (ValueColumn | undefined)[] = [];

  constructor(memory: SlabMemory, name: string) {
    this.memory = memory;
    this.name = name;
    this.rows = new U32Column(memory);
    this.times = new TimeColumn(memory);
    this.previous = new LinkColumn(memory);
    this.arrivals = new SerialColumn(memory);
    this.messageIds = new MessageIdColumn(memory);
    this.participants = new RowMap(memory);
    this.participantRows = new U32Column(memory);
    this.participantCounts = new U32Column(memory);
    this.participantLasts = new U32Column(memory);
    this.nextTables = new U16Column(memory);
    this.nextSlots = new U32Column(memory);
  }

  get eventCount(): number {
    return this.rows.length;
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

  addParticipant(row: number, nextTable: number, nextSlot: number): number {
    const slot = this.participantRows.length;
    this.participantRows.push(row);
    this.participantCounts.push(0);
    this.participantLasts.push(NONE);
    this.nextTables.push(nextTable);
    this.nextSlots.push(nextSlot);
    this.participants.add(row, slot);
    return slot;
  }

  countAt(slot: number): number {
    return this.participantCounts.get(slot) & ~UNORDERED_BIT;
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
    names: NameInterner,
  ): void {
    const base = item * tapeOf.ITEM_STRIDE;
    const items = tape.items;
    const index = this.rows.length;
    const last = this.participantLasts.get(slot);
    let count = this.participantCounts.get(slot) + 1;
    if (last !== NONE && this.times.get(last) > timeMs) count |= UNORDERED_BIT;
    this.rows.push(row);
    this.times.push(timeMs);
    this.previous.push(last);
    this.arrivals.push(arrival);
    this.messageIds.push(tape.bytes, items[base + tapeOf.ITEM_MESSAGE_ID], items[base + tapeOf.ITEM_MESSAGE_ID + 1]);
    const leafEnd = items[base + tapeOf.ITEM_LEAF_END];
    for (let leaf = items[base + tapeOf.ITEM_LEAF_START]; leaf < leafEnd; leaf++) {
      const at = leaf * tapeOf.LEAF_STRIDE;
      const path = tape.leaves[at];
      let column = this.#byPath[path];
      if (column === undefined) column = this.#addColumn(path, names);
      column.set(index, tape, at, tape.numbers[leaf]);
    }
    this.participantLasts.set(slot, index);
    this.participantCounts.set(slot, count >>> 0);
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
    const column = new ValueColumn(this.memory, names.segmentsOf(path));
    (names.rootOf(path) === ROOT_PROPERTIES ? this.properties : this.contexts).push(column);
    this.#byPath[path] = column;
    return column;
  }

  save(context: SaveContext): SavedState {
    return {
      name: this.name,
      rows: this.rows.save(context),
      times: this.times.save(context),
      previous: this.previous.save(context),
      arrivals: this.arrivals.save(context),
      messageIds: this.messageIds.save(context),
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

  static load(context: LoadContext, state: SavedState, names: NameInterner, contextRoot: number): EventTable {
    const table = new EventTable(context.memory, state['name'] as string);
    const part = (name: string): SavedState => state[name] as SavedState;
    table.rows.load(context, part('rows'));
    table.times.load(context, part('times'));
    table.previous.load(context, part('previous'));
    table.arrivals.load(context, part('arrivals'));
    table.messageIds = MessageIdColumn.load(context, part('messageIds'));
    table.participants = RowMap.load(context, part('participants'));
    table.participantRows.load(context, part('participantRows'));
    table.participantCounts.load(context, part('participantCounts'));
    table.participantLasts.load(context, part('participantLasts'));
    table.nextTables.load(context, part('nextTables'));
    table.nextSlots.load(context, part('nextSlots'));
    for (const saved of state['properties'] as SavedState[]) {
      const column = ValueColumn.load(context, saved);
      table.properties.push(column);
      table.#byPath[names.path(ROOT_PROPERTIES, column.segments)] = column;
    }
    for (const saved of state['contexts'] as SavedState[]) {
      const column = ValueColumn.load(context, saved);
      table.contexts.push(column);
      table.#byPath[names.path(contextRoot, column.segments)] = column;
    }
    return table;
  }
}
