/** Records that cross in pages are the very records that one process reads, in whatever order pages of several shards come. */
import { expect, it } from 'vitest';
import { GatheredNames } from '../../../src/cluster/matching/gathered-names.ts';
import { type RecordPage, recordPage, takePage } from '../../../src/cluster/matching/record-page.ts';
import { assemble } from '../../../src/engine/assembly.ts';
import { readRows } from '../../../src/engine/matching/profile-records.ts';
import { Slices } from '../../../src/engine/schema/slices.ts';
import { orderOf, type RawRecords, RawRecordsBuilder, tableOfRaw } from '../../../src/linkage/raw-records.ts';
import { SeededRandom } from '../../../src/linkage/seeded-random.ts';
import type { Identifier } from '../../../src/model/profile.ts';
import type { ShardData } from '../../../src/profile/shard-data.ts';
import { Directory } from '../../../src/router/directory.ts';
import { SlotMap } from '../../../src/router/slot-map.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { crossed } from '../question/both-ways.ts';

const SEED = 5;
const SHARDS = 3;
const PEOPLE = 16_000;
const FIELDS = ['name', 'age', 'address.city', 'isMember', 'gone'];

function slices(): Slices {
  return new Slices(systemClock);
}

async function people(): Promise<{ readonly parts: readonly ShardData[]; close(): Promise<void> }> {
  const indexes = Array.from({ length: SHARDS }, (_, index) => index);
  const options = { data: ':memory:', workers: 1, checkpointIntervalMs: 0 };
  const { engine, shards } = await assemble(options, undefined, {
    indexes,
    shardCount: SHARDS,
    hashSeed: 1,
    directory: (all) => new Directory(all, new SlotMap(SHARDS)),
  });
  const random = new SeededRandom(SEED);
  const items = Array.from({ length: PEOPLE }, (_, i) => {
    const who = i % 4 === 0 ? { anonymousId: `p${i}` } : { userId: `p${i}` };
    const traits = {
      ...(random.below(4) === 0 ? {} : { name: `${'Größe '.repeat(random.below(30))}${random.below(300)}` }),
      ...(random.below(3) === 0 ? {} : { age: random.below(90) / 2 }),
      ...(random.below(3) === 0 ? {} : { address: { city: `City ${random.below(50)}`, list: [1] } }),
      ...(random.below(5) === 0 ? { isMember: random.below(2) === 0 } : {}),
    };
    const timestamp = new Date(Date.UTC(2026, 0, 1 + random.below(20))).toISOString();
    const isVisitor = random.below(10) === 0;
    const call = isVisitor ? { type: 'track', event: 'Seen' } : { type: 'identify', traits };
    return { ...call, ...who, timestamp, messageId: `m${i}` };
  });
  for (let from = 0; from < PEOPLE; from += 1_000) await engine.ingest(items.slice(from, from + 1_000));
  return { parts: shards.map(({ data }) => data), close: () => engine.close() };
}

/** By row of the table: every value, and who it is. */
function rowsOf(raw: RawRecords, nameOf: (record: number) => Identifier): string[] {
  const order = orderOf(raw)!;
  const { fields, recordCount } = tableOfRaw(raw, order);
  return Array.from({ length: recordCount }, (_, row) => {
    const values = fields.map(({ name, codes, values: texts }) => `${name}=${texts[codes[row]]}`);
    const { type, value } = nameOf(order[row]);
    return [`${type}:${value}`, ...values].join(' ');
  });
}

async function whole(parts: readonly ShardData[]): Promise<string[]> {
  const builder = new RawRecordsBuilder(FIELDS);
  const names: Identifier[] = [];
  for (const data of parts) {
    const sink: Parameters<typeof readRows>[0]['sink'] = {
      addText: (field, bytes, start, size) => builder.addText(field, bytes, start, size),
      addRecord: (codes, place, name) => {
        names.push(data.identifiers.identifierOf(name));
        builder.addRecord(codes, place);
      },
    };
    const reading = { data, fields: FIELDS, sink, fromRow: 0, slices: slices(), isFull: () => false };
    await readRows({ ...reading, onPause: () => undefined });
  }
  return rowsOf(builder.finish(), (record) => names[record]);
}

it(`seed ${SEED}`, async () => {
  const { parts, close } = await people();
  const builder = new RawRecordsBuilder(FIELDS);
  const names = new GatheredNames();
  const random = new SeededRandom(SEED);
  const next: (number | null)[] = parts.map(() => 0);
  let pageCount = 0;
  let done = 0;
  while (next.some((row) => row !== null)) {
    const shard = random.below(SHARDS);
    const fromRow = next[shard];
    if (fromRow === null) continue;
    const page: RecordPage = crossed(await recordPage(parts[shard], FIELDS, fromRow, slices()));
    takePage(page, FIELDS.length, builder, names);
    next[shard] = page.nextRow;
    done += page.done;
    pageCount += 1;
  }
  expect(pageCount).toBeGreaterThan(SHARDS);
  expect(done).toBe(PEOPLE);
  const expected = await whole(parts);
  expect(expected.length).toBeGreaterThan(0.7 * PEOPLE);
  expect(rowsOf(builder.finish(), (record) => names.of(record))).toEqual(expected);
  await close();
});
