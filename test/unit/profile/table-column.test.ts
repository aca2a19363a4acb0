/** More event names than 16 bits can number: a profile that moves brings its own, and no move is refused. */
import { pack, unpack } from 'msgpackr';
import { expect, test } from 'vitest';
import { EventTape } from '../../../src/ingest/event-tape.ts';
import { ItemScanner } from '../../../src/ingest/item-scanner.ts';
import { KnownNames } from '../../../src/ingest/known-name.ts';
import { NameInterner } from '../../../src/ingest/name-interner.ts';
import { LoadContext, SaveContext } from '../../../src/memory/persist.ts';
import { SlabMemory } from '../../../src/memory/slab-memory.ts';
import { NO_INGEST_LIMITS } from '../../../src/model/limits.ts';
import { EventTable } from '../../../src/profile/event-table.ts';
import { EVENT_NAME_LIMIT } from '../../../src/profile/schema-limit.ts';
import { ShardData } from '../../../src/profile/shard-data.ts';
import { NO_TABLE, TableColumn } from '../../../src/profile/table-column.ts';
import { type ProfileParcel, packProfile, unpackProfile } from '../../../src/profile/transfer.ts';

const EDGES = [0, 1, 0xfffd, 0xfffe, 0xffff, 0x1_0000, 1_000_000, NO_TABLE];

test('any number of a table is given back, written over too', () => {
  const column = new TableColumn(new SlabMemory());
  for (const first of EDGES) column.push(first);
  expect(EDGES.map((_, i) => column.get(i))).toEqual(EDGES);
  for (const second of EDGES) {
    for (let i = 0; i < EDGES.length; i++) column.set(i, second);
    expect(EDGES.map((_, i) => column.get(i))).toEqual(EDGES.map(() => second));
  }
});

test('what a checkpoint keeps is the same again', () => {
  const memory = new SlabMemory();
  const column = new TableColumn(memory);
  for (const table of EDGES) column.push(table);
  const context = new SaveContext(memory.snapshot());
  const saved = column.save(context);
  const loading = new LoadContext(new SlabMemory(), [...context.pages.keys()], (id) => memory.bytes(context.pages[id]));
  const loaded = new TableColumn(loading.memory);
  loaded.load(loading, unpack(pack(saved)));
  expect(EDGES.map((_, i) => loaded.get(i))).toEqual(EDGES);
});

function emptyShard(): { readonly data: ShardData; readonly scanner: ItemScanner } {
  const names = new NameInterner(Number.POSITIVE_INFINITY);
  const data = new ShardData(new SlabMemory(), names, { dedup: { windowMs: 0, count: 2 }, cacheSizeBytes: 0 });
  return { data, scanner: new ItemScanner(new EventTape(), names, new KnownNames(names), NO_INGEST_LIMITS, 0) };
}

function parcelOf(events: readonly string[]): ProfileParcel {
  return {
    identifiers: [['user_id', 'u', -1, 0]],
    primary: 0,
    links: [],
    items: events.map((event, i) => [
      0,
      i,
      0,
      pack({ type: 'track', userId: 'u', messageId: `m${i}`, event, properties: {} }),
    ]),
  };
}

test('a profile arrives with more event names than ingest would learn', () => {
  const { data, scanner } = emptyShard();
  const events = Array.from({ length: EVENT_NAME_LIMIT + 10 }, (_, i) => `event ${i}`);
  const row = unpackProfile(data, parcelOf(events), -1, scanner, 0);
  const known = data.participantsOf(row).map(({ table }) => table.name);
  expect(known.toReversed()).toEqual(events);
  expect(packProfile(data, row).items).toHaveLength(events.length);
});

test('the timeline of a profile leads through tables past 16 bits', () => {
  const { data, scanner } = emptyShard();
  // Tables cost memory, so they are one and the same here but for the last ones: only their number counts.
  const filler = new EventTable(data.memory, 'filler');
  const row = unpackProfile(data, parcelOf(['first']), -1, scanner, 0);
  while (data.tables.length < 0xfffd) data.tables.push(filler);
  const late = Array.from({ length: 5 }, (_, i) => new EventTable(data.memory, `late ${i}`));
  for (const table of late) {
    table.index = data.tables.length;
    data.tables.push(table);
    data.slotIn(table, row);
  }
  expect(data.participantsOf(row).map(({ table }) => table.name)).toEqual([
    'late 4',
    'late 3',
    'late 2',
    'late 1',
    'late 0',
    'first',
  ]);
});
