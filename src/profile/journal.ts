/**
 * What happened to a profile's identity, as events of a table that no question sees: links that joined it with another profile,
 * identifiers that were refused, links that were cut. It moves with the profile like any other event.
 */
import { xxh32 } from '../base/hash.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import { EventTape } from '../ingest/event-tape.ts';
import { type NameInterner, ROOT_PROPERTIES } from '../ingest/name-interner.ts';
import type { JournalEntry } from '../model/identity-journal.ts';
import type { EventTable } from './event-table.ts';
import { valueAt } from './survivorship.ts';

export const JOURNAL_NAME = '$identity';

const scratch = new EventTape();

/** Puts the entry on a tape of its own, for `EventTable.append`. */
export function journalTape(entry: JournalEntry, names: NameInterner, hashSeed: number): EventTape {
  scratch.reset();
  const item = scratch.addItem();
  const base = item * tapeOf.ITEM_STRIDE;
  scratch.items[base + tapeOf.ITEM_KIND] = tapeOf.KIND_TRACK;
  scratch.items[base + tapeOf.ITEM_LEAF_START] = 0;
  for (const [name, value] of Object.entries(entry)) {
    if (value === undefined || name === 'id' || name === 'at') continue;
    const bytes = Buffer.from(String(value), 'utf8');
    const at = scratch.append(bytes);
    const hash = xxh32(scratch.bytes, at, bytes.length, hashSeed);
    scratch.addLeaf(names.path(ROOT_PROPERTIES, [name]), tapeOf.LEAF_STRING, at, bytes.length, hash, 0);
  }
  scratch.items[base + tapeOf.ITEM_LEAF_END] = scratch.leafCount;
  const id = Buffer.from(entry.id, 'utf8');
  scratch.items[base + tapeOf.ITEM_MESSAGE_ID] = scratch.append(id);
  scratch.items[base + tapeOf.ITEM_MESSAGE_ID + 1] = id.length;
  return scratch;
}

export function journalEntry(journal: EventTable, index: number): JournalEntry {
  const entry: Record<string, unknown> = {
    id: journal.messageIds.text(index),
    at: journal.times.get(index),
  };
  for (const column of journal.properties) {
    const value = valueAt(column, index);
    if (value !== undefined) entry[column.segments[0]] = value;
  }
  return entry as unknown as JournalEntry;
}
