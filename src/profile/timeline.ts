/**
 * A profile's newest events over all event names: from each participant's last event back along `previous`, at most `limit`
 * a name while times descend (all of them where events came late), then one sort. Ties go by arrival, later first.
 */
import type { EventTable } from './event-table.ts';
import { NONE } from './event-table.ts';
import type { ShardData } from './shard-data.ts';

export interface TimelineEntry {
  readonly table: EventTable;
  readonly index: number;
  readonly timeMs: number;
  readonly arrival: number;
}

export function newestEvents(data: ShardData, row: number, limit: number): TimelineEntry[] {
  const entries: TimelineEntry[] = [];
  for (const { table, slot } of data.participantsOf(row)) {
    const isOrdered = table.isOrdered(slot);
    let taken = 0;
    let index = table.participantLasts.get(slot);
    while (index !== NONE && (!isOrdered || taken < limit)) {
      entries.push({ table, index, timeMs: table.times.get(index), arrival: table.arrivals.get(index) });
      taken += 1;
      index = table.previous.get(index);
    }
  }
  entries.sort((a, b) => b.timeMs - a.timeMs || b.arrival - a.arrival);
  if (entries.length > limit) entries.length = limit;
  return entries;
}
