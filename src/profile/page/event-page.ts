/**
 * A page of a profile's events over all names, identify calls among them. A profile's own chains are followed, newest first; of what
 * fits, only as many as the page holds are kept at a time. Order: by time, then arrival, as in a lookup.
 */
import { JsonWriter } from '../../base/json-writer.ts';
import { CALL_OF_EVENT } from '../../model/call-event.ts';
import type { EventEntry, EventPage, EventPageRequest, EventPosition } from '../../model/profile-page.ts';
import { type EventTable, NONE } from '../event-table.ts';
import type { ShardData } from '../shard-data.ts';
import { ValueTree } from '../value-tree.ts';
import { EventSelection } from './event-selection.ts';
import { type FieldFilter, fieldFilter } from './field-filter.ts';
import { type Item, originOf } from './item-origin.ts';

/** A page ends early once its events have that many bytes, so an answer stays of a size that a client can take. */
const PAGE_SIZE_MAX_BYTES = 4 * 1024 * 1024;

/** Identify calls have no name of their own. */
export const IDENTIFY_NAME = 'identify';

const writer = new JsonWriter();

export class EventPager {
  readonly #data: ShardData;
  readonly #trees = new WeakMap<EventTable, { readonly properties: ValueTree; readonly contexts: ValueTree }>();

  constructor(data: ShardData) {
    this.#data = data;
  }

  page(row: number, request: EventPageRequest): EventPage {
    const selection = new EventSelection(request);
    const isWanted = nameTest(request);
    for (const { table, slot } of this.#data.participantsOf(row)) {
      if (isWanted(table.name)) offerAll(table, slot, selection);
    }
    const { history } = this.#data;
    const slot = history.slotOf(row);
    if (slot >= 0 && isWanted(IDENTIFY_NAME)) offerAll(history, slot, selection, (call) => hasTraits(history, call));
    const { items, start } = selection.finish();
    return this.#write(row, items, start, request);
  }

  #write(row: number, items: readonly Item[], start: number, { limit, fields }: EventPageRequest): EventPage {
    const keep = fieldFilter(fields, 'properties');
    const codes = this.#data.identifiersOf(row);
    const events: EventEntry[] = [];
    let sizeBytes = 0;
    let at = start;
    while (at < items.length && events.length < limit && sizeBytes < PAGE_SIZE_MAX_BYTES) {
      const entry = this.#entry(items[at], codes, keep);
      events.push(entry);
      sizeBytes += entry.propertiesJson.length + (entry.contextJson?.length ?? 0);
      at += 1;
    }
    return { events, next: at < items.length && at > start ? positionOf(items, at - 1) : undefined };
  }

  #entry(item: Item, codes: readonly number[], keep: FieldFilter): EventEntry {
    const { identifiers, names, history } = this.#data;
    const { table, index } = item;
    const { properties, contexts } = this.#treesOf(table);
    writer.reset();
    properties.write(writer, index, (column) => keep(column.segments));
    const propertiesJson = writer.bytes.toString('utf8', 0, writer.length);
    writer.reset();
    const hasContext = contexts.write(writer, index) > 0;
    const code = codes[table.origins.get(index)];
    return {
      ...originOf(item, names),
      event: table === history ? IDENTIFY_NAME : table.name,
      kind: table === history ? 'identify' : (CALL_OF_EVENT.get(table.name) ?? 'track'),
      propertiesJson,
      contextJson: hasContext ? writer.bytes.toString('utf8', 0, writer.length) : undefined,
      identifier: code === undefined ? undefined : identifiers.identifierOf(code),
    };
  }

  #treesOf(table: EventTable): { readonly properties: ValueTree; readonly contexts: ValueTree } {
    let trees = this.#trees.get(table);
    if (trees === undefined) {
      trees = { properties: new ValueTree(table.properties), contexts: new ValueTree(table.contexts) };
      this.#trees.set(table, trees);
    }
    return trees;
  }
}

function nameTest({ include, exclude }: EventPageRequest): (name: string) => boolean {
  const included = include === undefined ? undefined : new Set(include);
  const excluded = new Set(exclude);
  return (name) => !excluded.has(name) && (included === undefined || included.has(name));
}

function offerAll(
  table: EventTable,
  slot: number,
  selection: EventSelection,
  isWanted: (index: number) => boolean = () => true,
): void {
  const isOrdered = table.isOrdered(slot);
  let index = table.participantLasts.get(slot);
  while (index !== NONE) {
    const timeMs = table.times.get(index);
    if (isOrdered && selection.isDone(timeMs)) return;
    if (selection.fits(timeMs) && isWanted(index)) selection.add(table, index, timeMs);
    index = table.previous.get(index);
  }
}

/** Calls without traits (aliases, most of them) tell nothing here. */
function hasTraits(history: EventTable, call: number): boolean {
  return history.properties.some((column) => column.typeAt(call) !== 0);
}

function positionOf(items: readonly Item[], at: number): EventPosition {
  const { table, index } = items[at];
  const timeMs = table.times.get(index);
  const messageId = table.messageIds.text(index);
  let nth = 1;
  for (let i = at - 1; i >= 0; i--) {
    const before = items[i];
    if (before.table.times.get(before.index) !== timeMs) break;
    if (before.table.messageIds.text(before.index) === messageId) nth += 1;
  }
  return { timeMs, messageId, nth };
}
