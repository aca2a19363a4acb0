/**
 * How many names a shard learns from what comes in: every name costs columns, and reading one event or profile looks at each. Looked at before
 * an item is applied, so an item that is refused leaves nothing behind. Profiles that move here bring their names along, past the limits.
 */
import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import { type NameInterner, ROOT_TRAITS } from '../ingest/name-interner.ts';
import type { EventTable } from './event-table.ts';
import type { EventTables } from './event-tables.ts';

/** Distinct event names of one shard. */
export const EVENT_NAME_LIMIT = 10_000;

/** Distinct property and context paths of one event name, and trait paths of a shard. */
export const PROPERTY_LIMIT = 5_000;
export const TRAIT_LIMIT = 10_000;

export interface KnownSchema {
  readonly events: EventTables;
  readonly history: EventTable;
  readonly names: NameInterner;
}

/** Why the item's names cannot all be learned: too many event names, or too many columns in one table; undefined when they can. */
export function schemaFault(
  { events, history, names }: KnownSchema,
  tape: EventTape,
  item: number,
): string | undefined {
  const base = item * tapeOf.ITEM_STRIDE;
  const { items } = tape;
  const leafStart = items[base + tapeOf.ITEM_LEAF_START];
  const leafEnd = items[base + tapeOf.ITEM_LEAF_END];
  const kind = items[base + tapeOf.ITEM_KIND];
  if (kind === tapeOf.KIND_IDENTIFY || kind === tapeOf.KIND_ALIAS) {
    return callFault(history, names, tape, leafStart, leafEnd);
  }
  if (items[base + tapeOf.ITEM_EVENT + 1] < 0) return undefined;
  const table = events.find(tape, item);
  if (table === undefined) {
    const isFull = events.list.length >= EVENT_NAME_LIMIT;
    return isFull ? `more than ${EVENT_NAME_LIMIT} distinct event names; this event brings a new one` : undefined;
  }
  if (table.acceptsColumns(tape, leafStart, leafEnd, PROPERTY_LIMIT)) return undefined;
  return `more than ${PROPERTY_LIMIT} distinct properties of "${table.name}"; this event brings a new one`;
}

/** The same of a call, whose traits and context are columns of the history. Looks at each leaf only near a limit. */
function callFault(
  history: EventTable,
  names: NameInterner,
  tape: EventTape,
  leafStart: number,
  leafEnd: number,
): string | undefined {
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
