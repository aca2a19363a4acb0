/**
 * Two profiles of one shard become one: the events of the one that ends are appended again under the row of the one that stays, in the
 * order in which they came, and its identifiers follow behind the other's. What the events say of themselves (time, message id,
 * origin) is kept, so an unmerge can tell them apart. Costs what the ending profile has; the caller lets the larger one stay.
 */
import type { EventTable } from './event-table.ts';
import type { ShardData } from './shard-data.ts';
import { NO_TABLE } from './table-column.ts';

/** An event of any of the profile's tables. */
export interface PlacedEvent {
  readonly table: EventTable;
  readonly index: number;
}

/** Everything that ever happened to the profile, in the order of arrival: its events, its identify calls, its journal. */
export function everythingOf(data: ShardData, row: number): PlacedEvent[] {
  const all: (PlacedEvent & { readonly arrival: number })[] = [];
  const take = (table: EventTable, slot: number): void => {
    for (const index of table.eventsOf(slot)) all.push({ table, index, arrival: table.arrivals.get(index) });
  };
  for (const { table, slot } of data.participantsOf(row)) take(table, slot);
  for (const table of [data.history, data.journal]) {
    const slot = table.slotOf(row);
    if (slot >= 0) take(table, slot);
  }
  return all.sort((a, b) => a.arrival - b.arrival);
}

/** How many events and calls a profile has: what a merge would have to move. */
export function sizeOf(data: ShardData, row: number): number {
  let size = callsOf(data, row);
  for (const { table, slot } of data.participantsOf(row)) size += table.countAt(slot);
  return size;
}

/** Which of two profiles is larger, as `sizeOf` counts: negative = the second. Costs the smaller one: what stays to be counted of the larger does not matter. */
export function compareSizes(data: ShardData, a: number, b: number): number {
  const { profiles, tables } = data;
  let sizeA = callsOf(data, a);
  let sizeB = callsOf(data, b);
  let tableA = profiles.timelineTables.get(a);
  let tableB = profiles.timelineTables.get(b);
  let slotA = profiles.timelineSlots.get(a);
  let slotB = profiles.timelineSlots.get(b);
  for (;;) {
    const isWholeA = tableA === NO_TABLE;
    const isWholeB = tableB === NO_TABLE;
    if (isWholeA ? isWholeB || sizeA < sizeB : isWholeB && sizeB < sizeA) return sizeA - sizeB;
    if (!isWholeA && (isWholeB || sizeA <= sizeB)) {
      const table = tables[tableA];
      sizeA += table.countAt(slotA);
      tableA = table.nextTables.get(slotA);
      slotA = table.nextSlots.get(slotA);
    } else {
      const table = tables[tableB];
      sizeB += table.countAt(slotB);
      tableB = table.nextTables.get(slotB);
      slotB = table.nextSlots.get(slotB);
    }
  }
}

function callsOf({ history }: ShardData, row: number): number {
  const slot = history.slotOf(row);
  return slot < 0 ? 0 : history.countAt(slot);
}

/** Appends the event again under another row. */
export function copyEvent(data: ShardData, { table, index }: PlacedEvent, row: number, origin: number): void {
  const slot = data.slotIn(table, row);
  table.copy(index, row, slot, data.nextArrival(), origin);
}

/** Makes `loser` part of `winner`; the name stays that of `named`, one of the two. */
export function mergeRows(data: ShardData, winner: number, loser: number, named: number): void {
  const { profiles, identifiers } = data;
  const name = profiles.primaries.get(named);
  const otherName = profiles.primaries.get(named === winner ? loser : winner);
  const base = data.identifierCountOf(winner);
  let head = profiles.identifierHeads.get(winner);
  data.identifiersOf(loser).forEach((code, i) => {
    identifiers.rehome(code, winner, head, base + i);
    head = code;
  });
  profiles.identifierHeads.set(winner, head);
  data.namePreferring(winner, name, otherName);
  for (const event of everythingOf(data, loser)) {
    // An ordinal of the ending profile is as far behind as that profile's identifiers now are.
    copyEvent(data, event, winner, base + event.table.origins.get(event.index));
  }
  profiles.see(winner, profiles.firstSeen.get(loser));
  profiles.see(winner, profiles.lastSeen.get(loser));
  // Traits come from calls alone.
  if (data.history.slotOf(loser) >= 0) data.traits.foldLater(winner);
  data.bury(loser);
  data.cache.invalidate(winner);
}
