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

const FIELDS = ['kind', 'reason', 'from', 'to', 'into', 'merged', 'messageId'] as const;

const scratch = new EventTape();

/** Path ids of the entries' fields. */
const pathsOf = new WeakMap<NameInterner, Map<string, number>>();

function pathOf(names: NameInterner, field: string): number {
  let paths = pathsOf.get(names);
  if (paths === undefined) {
    paths = new Map();
    pathsOf.set(names, paths);
  }
  let path = paths.get(field);
  if (path === undefined) {
    path = names.path(ROOT_PROPERTIES, [field]);
    paths.set(field, path);
  }
  return path;
}

/** Puts the entry on a tape of its own, for `EventTable.append`. */
export function journalTape(entry: JournalEntry, names: NameInterner, hashSeed: number): EventTape {
  scratch.reset();
  const item = scratch.addItem();
  const base = item * tapeOf.ITEM_STRIDE;
  scratch.items[base + tapeOf.ITEM_KIND] = tapeOf.KIND_TRACK;
  scratch.items[base + tapeOf.ITEM_LEAF_START] = 0;
  for (const field of FIELDS) {
    const text = entry[field];
    if (text === undefined) continue;
    const at = scratch.length;
    const size = appendUtf8(text);
    const hash = xxh32(scratch.bytes, at, size, hashSeed);
    scratch.addLeaf(pathOf(names, field), tapeOf.LEAF_STRING, at, size, hash, 0);
  }
  scratch.items[base + tapeOf.ITEM_LEAF_END] = scratch.leafCount;
  scratch.items[base + tapeOf.ITEM_MESSAGE_ID] = scratch.length;
  scratch.items[base + tapeOf.ITEM_MESSAGE_ID + 1] = appendUtf8(entry.id);
  return scratch;
}

/** Gives the size. */
function appendUtf8(text: string): number {
  scratch.reserve(3 * text.length);
  const { bytes, length } = scratch;
  const size = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).write(text, length, 'utf8');
  scratch.length = length + size;
  return size;
}

export function journalEntry(journal: EventTable, index: number): JournalEntry {
  const read = new Map<string, string>();
  for (const column of journal.properties) {
    const value = valueAt(column, index);
    if (typeof value === 'string') read.set(column.segments[0], value);
  }
  const optional = (field: string): Record<string, string> => {
    const value = read.get(field);
    return value === undefined ? {} : { [field]: value };
  };
  return {
    id: journal.messageIds.text(index),
    at: journal.times.get(index),
    kind: (read.get('kind') ?? 'refusal') as JournalEntry['kind'],
    reason: (read.get('reason') ?? 'limit') as JournalEntry['reason'],
    from: read.get('from') ?? '',
    to: read.get('to') ?? '',
    ...optional('into'),
    ...optional('merged'),
    ...optional('messageId'),
  };
}
