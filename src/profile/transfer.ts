/**
 * A whole profile on its way to another shard, as plain data that msgpack carries: identifiers in the order of their ordinals, the
 * links between them, and everything that ever happened to the profile as items in the very form of the log, in the order of
 * arrival. What comes out on the other side is what went in: traits are folded there from the same calls.
 */
import { pack } from 'msgpackr';
import { assert } from '../base/assert.ts';
import { xxh32 } from '../base/hash.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import { keyMessage } from '../ingest/item-envelope.ts';
import type { ItemScanner } from '../ingest/item-scanner.ts';
import { isEnrichment } from './enrichment-mark.ts';
import type { EventTable } from './event-table.ts';
import { TYPE_ANONYMOUS_ID } from './identifier-store.ts';
import { journalEntry, journalFields } from './journal.ts';
import { everythingOf, type PlacedEvent } from './merge.ts';
import type { ShardData } from './shard-data.ts';
import { exactValueAt } from './survivorship.ts';
import type { ValueColumn } from './value-column.ts';

/** Which table an item belongs to. */
const TABLE_EVENTS = 0;
const TABLE_HISTORY = 1;
const TABLE_JOURNAL = 2;
/** Calls of the history that are no sign of life. */
const TABLE_ENRICHMENT = 3;

export interface ProfileParcel {
  /** By ordinal; `parent` is an ordinal, −1 = none. */
  readonly identifiers: readonly [type: string, value: string, parent: number, linkedAtMs: number][];
  /** Ordinal of the identifier that names the profile. */
  readonly primary: number;
  /** Links that are nobody's parent, by ordinals. */
  readonly links: readonly [a: number, b: number, linkedAtMs: number][];
  readonly items: readonly ParcelItem[];
}

/** `origin` is an ordinal; `bytes` a msgpack item in Segment's shape. */
export type ParcelItem = readonly [table: number, timeMs: number, origin: number, bytes: Uint8Array];

/** Reads the profile; changes nothing. `withoutItems`: only what holds it together. */
export function packProfile(data: ShardData, row: number, withoutItems = false): ProfileParcel {
  const { identifiers, profiles, links } = data;
  const codes = data.identifiersOf(row);
  const ordinalOf = new Map(codes.map((code, ordinal) => [code, ordinal]));
  const extra: [number, number, number][] = [];
  codes.forEach((code, ordinal) => {
    for (const { a, b, linkedAtMs } of links.of(code)) {
      const other = ordinalOf.get(a === code ? b : a);
      if (other !== undefined && ordinal < other) extra.push([ordinal, other, linkedAtMs]);
    }
  });
  return {
    identifiers: codes.map((code) => [
      identifiers.typeOf(code),
      identifiers.valueOf(code),
      ordinalOf.get(identifiers.parentOf(code)) ?? -1,
      identifiers.linkedAtMsOf(code),
    ]),
    primary: ordinalOf.get(profiles.primaries.get(row))!,
    links: extra,
    items: withoutItems ? [] : everythingOf(data, row).map((event) => packEvent(data, event, codes)),
  };
}

function packEvent(data: ShardData, { table, index }: PlacedEvent, codes: readonly number[]): ParcelItem {
  const origin = table.origins.get(index);
  const isCall = table === data.history;
  const entry = table === data.journal ? journalEntry(table, index, data.identifiers) : undefined;
  const properties = entry === undefined ? objectOf(table.properties, index) : journalFields(entry);
  const context = objectOf(table.contexts, index);
  const code = codes[origin];
  const { identifiers } = data;
  const typeId = identifiers.typeIdOf(code);
  const value = identifiers.valueOf(code);
  const person = typeId === TYPE_ANONYMOUS_ID ? { anonymousId: value } : { userId: value };
  const item = {
    type: isCall ? 'identify' : 'track',
    ...person,
    messageId: entry === undefined ? table.messageIds.text(index) : entry.id,
    ...(isCall ? { traits: properties } : { event: table.name, properties }),
    ...(context === undefined ? {} : { context }),
  };
  const call = isEnrichment(data.history, index) ? TABLE_ENRICHMENT : TABLE_HISTORY;
  const kind = isCall ? call : table === data.journal ? TABLE_JOURNAL : TABLE_EVENTS;
  return [kind, table.times.get(index), origin, pack(item)];
}

/** The values of one event as a nested object; undefined when there are none. Names such as `__proto__` are names. */
export function objectOf(columns: readonly ValueColumn[], index: number): Record<string, unknown> | undefined {
  let root: Record<string, unknown> | undefined;
  for (const column of columns) {
    const value = exactValueAt(column, index);
    if (value === undefined) continue;
    root ??= Object.create(null) as Record<string, unknown>;
    let at = root;
    const { segments } = column;
    for (let i = 0; i < segments.length - 1; i++) {
      let next = at[segments[i]];
      if (typeof next !== 'object' || next === null || Array.isArray(next)) {
        next = Object.create(null) as Record<string, unknown>;
        at[segments[i]] = next;
      }
      at = next as Record<string, unknown>;
    }
    at[segments[segments.length - 1]] = value;
  }
  return root;
}

/**
 * Makes the parcel part of the profile at `row`, or a profile of its own when `row` is −1; its identifiers are nobody's here. `scanner` has a tape
 * of its own and knows no limits. Gives the row.
 */
export function unpackProfile(
  data: ShardData,
  parcel: ProfileParcel,
  row: number,
  scanner: ItemScanner,
  nowMs: number,
): number {
  const { identifiers, profiles } = data;
  const lively = parcel.items.filter(([table]) => table === TABLE_EVENTS || table === TABLE_HISTORY);
  const times = (lively.length > 0 ? lively : parcel.items).map(([, timeMs]) => timeMs);
  const target = row < 0 ? data.addRow(times[0] ?? nowMs) : row;
  const base = data.identifierCountOf(target);
  const codes: number[] = [];
  for (const [type, value, parent, linkedAtMs] of parcel.identifiers) {
    const bytes = Buffer.from(value, 'utf8');
    const typeId = identifiers.addType(type);
    const hash = xxh32(bytes, 0, bytes.length, data.hashSeed);
    codes.push(data.attach(target, typeId, bytes, 0, bytes.length, hash, codes[parent] ?? 0, linkedAtMs));
  }
  parcel.identifiers.forEach(([, , parent], i) => {
    if (parent > i) identifiers.setParent(codes[i], codes[parent]);
  });
  for (const [a, b, linkedAtMs] of parcel.links) data.links.add(codes[a], codes[b], linkedAtMs);
  if (row < 0) profiles.primaries.set(target, codes[parcel.primary]);
  for (const timeMs of times) profiles.see(target, timeMs);
  for (const item of parcel.items) unpackItem(data, parcel, item, target, base, scanner, nowMs);
  data.traits.foldLater(target);
  data.cache.invalidate(target);
  return target;
}

function unpackItem(
  data: ShardData,
  { identifiers }: ProfileParcel,
  [kind, timeMs, origin, bytes]: ParcelItem,
  row: number,
  base: number,
  scanner: ItemScanner,
  nowMs: number,
): void {
  const { tape } = scanner;
  tape.reset();
  tape.append(bytes);
  scanner.scan(0, bytes.length, 0, 0);
  assert(
    scanner.errorCode === undefined,
    () => `an event of a profile that moved was refused: ${scanner.errorMessage}`,
  );
  if (kind !== TABLE_JOURNAL) {
    const { items } = tape;
    const [type, value] = identifiers[origin];
    keyMessage(tape, 0, { type, value }, data.hashSeed);
    data.dedup.isDuplicate(items[tapeOf.ITEM_MESSAGE_ID + 2], items[tapeOf.ITEM_MESSAGE_HASH], nowMs);
  }
  const table = kind === TABLE_EVENTS ? data.events.findOrAdd(tape, 0) : tableOfKind(data, kind);
  const slot = data.slotIn(table, row);
  table.append(tape, 0, row, slot, timeMs, data.nextArrival(), base + origin, data.names);
  if (kind === TABLE_EVENTS) data.eventCount += 1;
}

function tableOfKind(data: ShardData, kind: number): EventTable {
  return kind === TABLE_JOURNAL ? data.journal : data.history;
}

/** Takes the profile away after it was packed: its identifiers become forwards to `target`, its row dies. */
export function releaseProfile(data: ShardData, row: number, target: { type: string; value: string }): void {
  for (const { table, slot } of data.participantsOf(row)) data.eventCount -= table.countAt(slot);
  for (const code of data.identifiersOf(row)) {
    for (const { a, b } of data.links.of(code)) data.links.remove(a, b);
    data.identifiers.makeForward(code, target);
  }
  data.bury(row);
}
