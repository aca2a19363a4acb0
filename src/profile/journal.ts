/**
 * What happened to a profile's identity, as events of a table that no question sees: links that joined it with another profile,
 * identifiers that were refused, links that were cut. It moves with the profile like any other event.
 *
 * A merge, of which there are as many as logins, is kept short: the identifiers by their codes, which never change and are never given again, and in
 * place of its id, which follows from the rest, the message that brought it about. Entries that came with a profile from another shard, and all
 * that is rare, are kept as texts.
 */
import { xxh32 } from '../base/hash.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import { EventTape } from '../ingest/event-tape.ts';
import { type NameInterner, ROOT_PROPERTIES } from '../ingest/name-interner.ts';
import type { JournalEntry, LinkReason } from '../model/identity-journal.ts';
import type { Identifier } from '../model/profile.ts';
import type { EventTable } from './event-table.ts';
import type { IdentifierStore } from './identifier-store.ts';
import { valueAt } from './survivorship.ts';

export const JOURNAL_NAME = '$identity';

const FIELDS = ['kind', 'reason', 'from', 'to', 'into', 'merged', 'messageId'] as const;
const CODE_FIELDS = ['from', 'to', 'into', 'merged'] as const;

/** Two profiles became one. Codes of identifiers. */
export interface MergeNote {
  /** The ends of the link. */
  readonly from: number;
  readonly to: number;
  /** Names of the two profiles before; the first is the one whose name stays. */
  readonly into: number;
  readonly merged: number;
  readonly reason: LinkReason;
  readonly atMs: number;
}

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
  begin();
  for (const field of FIELDS) {
    const text = entry[field];
    if (text !== undefined) addText(names, field, text, hashSeed);
  }
  end();
  scratch.items[tapeOf.ITEM_MESSAGE_ID] = scratch.length;
  scratch.items[tapeOf.ITEM_MESSAGE_ID + 1] = appendUtf8(entry.id);
  return scratch;
}

/** As `journalTape`, of a merge. `messageId`: the event that brought it about; empty = none. */
export function mergeTape(note: MergeNote, messageId: Uint8Array, names: NameInterner, hashSeed: number): EventTape {
  begin();
  addText(names, 'kind', 'merge', hashSeed);
  addText(names, 'reason', note.reason, hashSeed);
  for (const field of CODE_FIELDS) scratch.addLeaf(pathOf(names, field), tapeOf.LEAF_NUMBER, 0, 0, 0, note[field]);
  end();
  scratch.items[tapeOf.ITEM_MESSAGE_ID] = scratch.append(messageId);
  scratch.items[tapeOf.ITEM_MESSAGE_ID + 1] = messageId.length;
  return scratch;
}

function begin(): void {
  scratch.reset();
  scratch.addItem();
  scratch.items[tapeOf.ITEM_KIND] = tapeOf.KIND_TRACK;
  scratch.items[tapeOf.ITEM_LEAF_START] = 0;
}

function end(): void {
  scratch.items[tapeOf.ITEM_LEAF_END] = scratch.leafCount;
}

function addText(names: NameInterner, field: string, text: string, hashSeed: number): void {
  const at = scratch.length;
  const size = appendUtf8(text);
  scratch.addLeaf(pathOf(names, field), tapeOf.LEAF_STRING, at, size, xxh32(scratch.bytes, at, size, hashSeed), 0);
}

/** Gives the size. */
function appendUtf8(text: string): number {
  scratch.reserve(3 * text.length);
  const { bytes, length } = scratch;
  const size = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).write(text, length, 'utf8');
  scratch.length = length + size;
  return size;
}

/** `identifiers`: of the shard whose journal it is. */
export function journalEntry(journal: EventTable, index: number, identifiers: IdentifierStore): JournalEntry {
  const read = new Map<string, string>();
  let isShort = false;
  for (const column of journal.properties) {
    const [field] = column.segments;
    const value = valueAt(column, index);
    if (typeof value === 'string') read.set(field, value);
    if (typeof value !== 'number') continue;
    isShort = true;
    const identifier = identifiers.identifierOf(value);
    read.set(field, field === 'into' || field === 'merged' ? profileName(identifier) : identifierText(identifier));
  }
  const at = journal.times.get(index);
  const kind = (read.get('kind') ?? 'refusal') as JournalEntry['kind'];
  const from = read.get('from') ?? '';
  const to = read.get('to') ?? '';
  const message = journal.messageIds.text(index);
  if (isShort && message !== '') read.set('messageId', message);
  const optional = (field: string): Record<string, string> => {
    const value = read.get(field);
    return value === undefined ? {} : { [field]: value };
  };
  return {
    id: isShort ? entryIdOf(kind, from, to, at) : message,
    at,
    kind,
    reason: (read.get('reason') ?? 'limit') as JournalEntry['reason'],
    from,
    to,
    ...optional('into'),
    ...optional('merged'),
    ...optional('messageId'),
  };
}

/** The fields of an entry that are texts of its own, as a profile takes them to another shard. */
export function journalFields(entry: JournalEntry): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const field of FIELDS) {
    const text = entry[field];
    if (text !== undefined) fields[field] = text;
  }
  return fields;
}

/** The same for the same link at the same time, wherever it is noted. `from`, `to`: its ends as `identifierText`. */
export function entryIdOf(kind: string, from: string, to: string, atMs: number): string {
  const bytes = Buffer.from(`${kind}\u0000${from}\u0000${to}\u0000${atMs}`, 'utf8');
  const hex = (seed: number): string => xxh32(bytes, 0, bytes.length, seed).toString(16).padStart(8, '0');
  return `${kind}_${hex(1)}${hex(2)}`;
}

export function identifierText({ type, value }: Identifier): string {
  return `${type}:${value}`;
}

/** As a profile's `id` has it: a user id stands alone. */
function profileName(identifier: Identifier): string {
  return identifier.type === 'user_id' ? identifier.value : identifierText(identifier);
}
