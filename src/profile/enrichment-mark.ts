/**
 * Second- and third-party data is kept as identify calls that say so in their context: `enrichment.fill` is true where the call only fills
 * gaps, false where it has a say like any other. The mark is in the call's bytes, so a replay, a merge and a move go by the same.
 *
 * A marked call is no sign of life: it never moves `last_seen`, and a part of a profile that has nothing else is no profile. A call that
 * fills goes before all others in the fold, whatever its time; so its value shows only where no other call ever set or removed the trait.
 */

import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import type { EventTable } from './event-table.ts';
import type { ValueColumn } from './value-column.ts';

/** Below `context`. */
export const ENRICHMENT_MARK = ['enrichment', 'fill'] as const;

/** Type of the item's mark: LEAF_TRUE = fills, LEAF_FALSE = does not, 0 = the item is no enrichment. `path` = id of the mark's path. */
export function markOf(tape: EventTape, item: number, path: number): number {
  const base = item * tapeOf.ITEM_STRIDE;
  const leafEnd = tape.items[base + tapeOf.ITEM_LEAF_END];
  let mark = 0;
  for (let leaf = tape.items[base + tapeOf.ITEM_LEAF_START]; leaf < leafEnd; leaf++) {
    const at = leaf * tapeOf.LEAF_STRIDE;
    if (tape.leaves[at] === path) mark = typeOfMark(tape.leaves[at + tapeOf.LEAF_TYPE]);
  }
  return mark;
}

/** Anything but true and false is no mark. */
function typeOfMark(type: number): number {
  return type === tapeOf.LEAF_TRUE || type === tapeOf.LEAF_FALSE ? type : 0;
}

export function isEnrichment(history: EventTable, call: number): boolean {
  const column = markColumn(history);
  return column !== undefined && typeOfMark(column.typeAt(call)) !== 0;
}

export function isFill(history: EventTable, call: number): boolean {
  return markColumn(history)?.typeAt(call) === tapeOf.LEAF_TRUE;
}

/** The calls with those that fill first; the order is kept among them and among the others. */
export function fillsFirst(history: EventTable, calls: Uint32Array): Uint32Array {
  const fills = calls.filter((call) => isFill(history, call));
  if (fills.length === 0) return calls;
  const ordered = new Uint32Array(calls.length);
  ordered.set(fills);
  ordered.set(
    calls.filter((call) => !isFill(history, call)),
    fills.length,
  );
  return ordered;
}

/** Of the calls those that have a say about the column: where any other call ever set or removed the value, those that fill have none. */
export function callsWithSay(history: EventTable, column: ValueColumn, calls: Uint32Array): Uint32Array {
  if (markColumn(history) === undefined) return calls;
  const others = calls.filter((call) => !isFill(history, call));
  return others.length < calls.length && others.some((call) => column.typeAt(call) !== 0) ? others : calls;
}

/** Whether the column, one of the contexts', holds the marks. */
export function isMarkColumn({ segments }: ValueColumn): boolean {
  return segments.length === ENRICHMENT_MARK.length && ENRICHMENT_MARK.every((name, i) => name === segments[i]);
}

const columns = new WeakMap<EventTable, { searched: number; column: ValueColumn | undefined }>();

/** Undefined while no call is marked. A table's columns only become more. */
function markColumn(history: EventTable): ValueColumn | undefined {
  const known = columns.get(history);
  const { contexts } = history;
  if (known?.column !== undefined || known?.searched === contexts.length) return known.column;
  const column = contexts.find(isMarkColumn);
  columns.set(history, { searched: contexts.length, column });
  return column;
}
