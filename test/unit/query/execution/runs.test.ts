/** Runs of events: whole tables, parts of them and what came since, over several chunks and stretches; and how long they are kept. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Expression } from '../../../../src/model/expression.ts';
import { buildRuns } from '../../../../src/query/execution/build-runs.ts';
import { captureColumn } from '../../../../src/query/execution/column-image.ts';
import { captureFunnel } from '../../../../src/query/execution/funnel.ts';
import { type Scan, scanSteps } from '../../../../src/query/execution/scan.ts';
import { ShardQuery } from '../../../../src/query/execution/shard-query.ts';
import { type EventRuns, newRuns, RunStore } from '../../../../src/query/index/event-runs.ts';
import { WorkerPool } from '../../../../src/runtime/worker-pool.ts';
import { randomOf } from './sequence-world.ts';
import { DAY_MS, HASH_SEED, type Item, NOW_MS, track, World } from './world.ts';

const ROW_COUNT = 70_000;
const FIRST_COUNT = 150_000;
const OPTIONS = { nowMs: NOW_MS };

/** Hours before now at which each user viewed and ordered, in order of arrival. */
interface Person {
  readonly views: number[];
  readonly orders: number[];
}

const world = new World();
const people: Person[] = Array.from({ length: ROW_COUNT }, () => ({ views: [], orders: [] }));
const random = randomOf(51);

function grow(count: number): void {
  const items: Item[] = [];
  for (let e = 0; e < count; e++) {
    const user = random(ROW_COUNT);
    const hoursAgo = random(240);
    const isOrder = random(3) === 0;
    (isOrder ? people[user].orders : people[user].views).push(hoursAgo);
    items.push(track(`u${user}`, isOrder ? 'Order' : 'View', hoursAgo / 24));
  }
  world.apply(items);
}

/** A view and within a day an order; equal times are out of the question here. */
function isFollowed({ views, orders }: Person, hoursMax: number): boolean {
  return views.some((view) => orders.some((order) => order < view && view - order <= hoursMax));
}

const leaf: Expression = { sequence: [{ event: 'View' }, { event: 'Order', within: '24h' }] };
const withLater: Expression = {
  sequence: [{ event: 'View' }, { event: 'Order', within: '24h' }],
  window: { last: '3d' },
};

let pool: WorkerPool;
beforeAll(() => {
  pool = new WorkerPool(2);
  grow(FIRST_COUNT);
}, 120_000);
afterAll(() => pool.close());

function recent({ views, orders }: Person, hours: number): Person {
  return { views: views.filter((at) => at <= hours), orders: orders.filter((at) => at <= hours) };
}

async function check(query: ShardQuery): Promise<void> {
  // Ties of a view and an order at one hour go by arrival, which the plain model leaves out: people without such.
  const isPlain = ({ views, orders }: Person): boolean => !views.some((view) => orders.includes(view));
  const ids = (test: (person: Person) => boolean): string[] =>
    people.flatMap((person, user) => (isPlain(person) && test(person) ? [`u${user}`] : [])).sort();
  const asked = async (expression: Expression): Promise<string[]> => {
    const found = world.idsOf(await query.select(expression, OPTIONS));
    return found.filter((id) => isPlain(people[Number(id.slice(1))]));
  };
  expect(await asked(leaf)).toEqual(ids((person) => isFollowed(person, 24)));
  expect(await asked(withLater)).toEqual(ids((person) => isFollowed(recent(person, 72), 24)));
  const { depths } = await query.run({ and: [] }, OPTIONS, (instant) =>
    captureFunnel(instant, { steps: [{ event: 'View' }, { event: 'Order' }], within: '1d' }),
  );
  expect(depths[1] + depths[2]).toBe(people.filter(({ views }) => views.length > 0).length);
  expect(depths[2]).toBeGreaterThanOrEqual(ids((person) => isFollowed(person, 24)).length);
}

describe('sequences over many rows', () => {
  it('agree with a plain count before and after more events came', async () => {
    const queries = [
      new ShardQuery(world.data, undefined, { hashSeed: HASH_SEED }),
      new ShardQuery(world.data, pool, { hashSeed: HASH_SEED, workerThresholdNs: 0 }),
      new ShardQuery(world.data, undefined, { hashSeed: HASH_SEED, runSizeBytesMax: 0 }),
    ];
    for (const query of queries) await check(query);
    expect(queries[0].memoryBytes).toBeGreaterThan(queries[2].memoryBytes + FIRST_COUNT * 12);
    grow(20_000);
    for (const query of queries) await check(query);
    expect(world.data.memory.liveSnapshotCount).toBe(0);
    for (const query of queries) query.close();
    expect(queries[0].memoryBytes).toBe(queries[2].memoryBytes);
  }, 120_000);

  it('answer for the moment they were asked, whatever is written meanwhile', async () => {
    const own = new World();
    const items: Item[] = [];
    for (let i = 0; i < 70_000; i++) items.push(track(`u${i}`, 'View', 3), track(`u${i}`, 'Order', 2));
    own.apply(items);
    const query = new ShardQuery(own.data, pool, { hashSeed: HASH_SEED, workerThresholdNs: 0 });
    const noView: Expression = { sequence: [{ event: 'View' }, { event: 'Order', without: { event: 'Cancel' } }] };
    const without: Expression = { sequence: [{ event: 'View' }, { event: 'Order', without: { event: 'View' } }] };
    const asked = [query.select(leaf, OPTIONS), query.select(noView, OPTIONS), query.select(without, OPTIONS)];
    const later: Item[] = [];
    for (let i = 0; i < 70_000; i += 5) later.push(track(`u${i}`, 'Cancel', 2.5), track(`new${i}`, 'View', 2));
    own.apply(later);
    expect((await Promise.all(asked)).map((rows) => rows.cardinality)).toEqual([70_000, 70_000, 70_000]);
    const rows = await query.select(noView, OPTIONS);
    expect(rows.cardinality).toBe(70_000 - 14_000);
    query.close();
  }, 120_000);

  it('end when their caller gives up', async () => {
    const query = new ShardQuery(world.data, pool, { hashSeed: HASH_SEED, workerThresholdNs: 0 });
    const controller = new AbortController();
    const answer = query.select(leaf, { ...OPTIONS, signal: controller.signal });
    controller.abort();
    await expect(answer).rejects.toMatchObject({ code: 'query_cancelled' });
    expect(world.data.memory.liveSnapshotCount).toBe(0);
    await check(query);
    query.close();
  });
});

function runHere<T>(work: Generator<Scan, T, unknown>, slabs: readonly SharedArrayBuffer[]): T {
  let step = work.next();
  while (step.done !== true) {
    const pieces = scanSteps({ scan: step.value, slabs, share: { index: 0, count: 1 } });
    while (pieces.next().done !== true);
    step = work.next();
  }
  return step.value;
}

describe('runs', () => {
  it.each([
    ['backwards', (i: number) => i],
    ['in order', (i: number) => 5_000 - i],
    ['at random, many at one time', () => random(300)],
    ['in stairs', (i: number) => (i % 40) * 100 - Math.floor(i / 40)],
  ])('hold a long history sent %s in order of time, then arrival', (_, minutesAgo) => {
    const own = new World();
    const times: number[] = [];
    for (let i = 0; i < 5_000; i++) {
      const daysAgo = minutesAgo(i) / 1_440;
      times.push(Math.round(NOW_MS - daysAgo * DAY_MS));
      own.apply([track('long', 'View', daysAgo), track(`other${i % 3}`, 'View', daysAgo)]);
    }
    const [table] = own.data.tables;
    const runs = runHere(
      buildRuns({
        rows: captureColumn(table.rows),
        times: captureColumn(table.times),
        firstEvent: 0,
        eventCount: table.eventCount,
        rowCount: own.data.profiles.count,
        range: { fromMs: -Infinity, untilMs: Infinity },
        where: { kind: 'constant', value: true },
        members: undefined,
      }),
      own.data.memory.slabs,
    );
    expect([...runs.offsets].at(-1)).toBe(10_000);
    const row = own.ids.indexOf('long');
    const indexes = runs.indexes.subarray(runs.offsets[row], runs.offsets[row + 1]);
    const expected = times.map((timeMs, i) => ({ timeMs, index: 2 * i })).sort((a, b) => a.timeMs - b.timeMs);
    expect([...indexes]).toEqual(expected.map(({ index }) => index));
    expect([...runs.timesMs.subarray(runs.offsets[row], runs.offsets[row + 1])]).toEqual(
      expected.map(({ timeMs }) => timeMs),
    );
  });

  it('are kept under a budget, the longest unused dropped first', () => {
    const tables = ['A', 'B', 'C'].map((name) => {
      const own = new World();
      own.apply([track('u', name, 1)]);
      return own.data.tables[0];
    });
    const runs: EventRuns[] = tables.map(() => newRuns(1_000, 10, 1));
    const store = new RunStore(2 * (1_000 * 12 + 44));
    expect(store.hasRoomFor(1_000, 10)).toBe(true);
    expect(store.hasRoomFor(10_000, 10)).toBe(false);
    store.keep(tables[0], runs[0]);
    store.keep(tables[1], runs[1]);
    expect(store.find(tables[0])).toBe(runs[0]);
    store.keep(tables[2], runs[2]);
    expect(store.find(tables[1])).toBeUndefined();
    expect(store.find(tables[0])).toBe(runs[0]);
    expect(store.sizeBytes).toBe(2 * (1_000 * 12 + 44));
    store.clear();
    expect(store.sizeBytes).toBe(0);
  });
});
