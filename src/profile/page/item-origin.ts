/** Items of a profile as messages: their times, ids and sources. */
import type { NameInterner } from '../../ingest/name-interner.ts';
import type { ItemOrigin } from '../../model/profile-page.ts';
import { type EventTable, NONE } from '../event-table.ts';
import type { ShardData } from '../shard-data.ts';
import { sourceOf } from '../source-name.ts';

export interface Item {
  readonly table: EventTable;
  readonly index: number;
}

export function originOf({ table, index }: Item, names: NameInterner): ItemOrigin {
  return {
    timeMs: table.times.get(index),
    messageId: table.messageIds.text(index),
    source: sourceOf(table, index, names),
  };
}

/** Visits each event and each identify or alias call of the profile, in no order. */
export function visitItems(
  data: ShardData,
  row: number,
  visit: (table: EventTable, index: number, timeMs: number) => void,
): void {
  const { history } = data;
  const slot = history.slotOf(row);
  const parts = data.participantsOf(row);
  if (slot >= 0) parts.push({ table: history, slot });
  for (const part of parts) {
    const { table } = part;
    for (let index = table.participantLasts.get(part.slot); index !== NONE; index = table.previous.get(index)) {
      visit(table, index, table.times.get(index));
    }
  }
}

/** Order of two items by time, then arrival. */
export function compareItems(a: Item, b: Item): number {
  const byTime = a.table.times.get(a.index) - b.table.times.get(b.index);
  return byTime !== 0 ? byTime : a.table.arrivals.get(a.index) - b.table.arrivals.get(b.index);
}

/** The least (`sign` 1) or greatest (−1) of what it is shown; makes no object for what is not. */
export class Extreme {
  readonly #sign: number;
  #timeMs = Number.NaN;
  item: Item | undefined;

  constructor(sign: 1 | -1) {
    this.#sign = sign;
  }

  see(table: EventTable, index: number, timeMs: number): void {
    if ((timeMs - this.#timeMs) * this.#sign > 0) return;
    const item = { table, index };
    if (this.item !== undefined && this.#sign * compareItems(item, this.item) > 0) return;
    this.item = item;
    this.#timeMs = timeMs;
  }
}
