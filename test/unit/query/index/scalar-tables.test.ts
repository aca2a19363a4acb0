/** Numbers of texts and scalars of arrays, kept between questions: made in slices, extended, dropped; turns are the test's. */
import { afterAll, describe, expect, it } from 'vitest';
import { captureAggregate } from '../../../../src/query/execution/aggregate.ts';
import { ShardQuery } from '../../../../src/query/execution/shard-query.ts';
import { ScalarTables } from '../../../../src/query/index/scalar-tables.ts';
import { TAG_BOOLEAN, TAG_NUMBER, TAG_TEXT } from '../../../../src/query/index/scalar-tag.ts';
import { WorkerPool } from '../../../../src/runtime/worker-pool.ts';
import { HASH_SEED, identify, NOW_MS, World } from '../execution/world.ts';

const pool = new WorkerPool(1);
afterAll(() => pool.close());

/** Texts and arrays at one path: two dictionaries, half of whose texts are the same. */
function worldOf(count: number): World {
  const world = new World();
  for (let i = 0; i < count; i++) {
    world.apply([identify(`u${i}`, { ref: i % 2 === 0 ? `ref ${i}` : [`ref ${i}`, `ref ${i - 1}`, i, i % 4 === 1] })]);
  }
  return world;
}

/** Texts, then one number in each array, then both booleans. */
function distinctCountOf(count: number): number {
  return count + count / 2 + 2;
}

class Turns {
  count = 0;
  onTurn: (() => void) | undefined;

  readonly next = async (): Promise<void> => {
    this.count += 1;
    this.onTurn?.();
    await Promise.resolve();
  };
}

async function ask(query: ShardQuery, signal?: AbortSignal): Promise<number> {
  const request = { fn: 'count_distinct', trait: 'ref' } as const;
  const part = await query.run({ and: [] }, { nowMs: NOW_MS, signal }, (instant) => captureAggregate(instant, request));
  return part.count;
}

const COUNT = 20_000;

describe('a question for distinct values of several dictionaries', () => {
  const world = worldOf(COUNT);
  const queryOf = (turns: Turns, options: object = {}): ShardQuery =>
    new ShardQuery(world.data, pool, { hashSeed: HASH_SEED, yieldTurn: turns.next, ...options });

  it('numbers them in slices, and only what is new the next time', async () => {
    const turns = new Turns();
    const query = queryOf(turns, { workerThresholdNs: 0 });
    expect(await ask(query)).toBe(distinctCountOf(COUNT));
    const first = turns.count;
    expect(first).toBeGreaterThan(15);
    expect(query.memoryBytes).toBeGreaterThan(COUNT * 8);
    expect(await ask(query)).toBe(distinctCountOf(COUNT));
    expect(turns.count - first).toBeLessThan(first / 2);
    const before = turns.count;
    world.apply([identify('u0', { ref: 'another' }), identify('u2', { ref: ['yet another', 'ref 4'] })]);
    // "ref 0" and "ref 2" are in arrays too.
    expect(await ask(query)).toBe(distinctCountOf(COUNT) + 2);
    expect(turns.count - before).toBeLessThan(first / 2);
  });

  it('stops at any slice when the caller leaves, and goes on there the next time', async () => {
    const turns = new Turns();
    const caller = new AbortController();
    const query = queryOf(turns);
    turns.onTurn = () => turns.count === 8 && caller.abort();
    await expect(ask(query, caller.signal)).rejects.toMatchObject({ code: 'query_cancelled' });
    expect(turns.count).toBe(8);
    const whole = new Turns();
    const expected = await ask(queryOf(whole));
    expect(await ask(query)).toBe(expected);
    expect(turns.count).toBeLessThanOrEqual(whole.count + 3);
  });

  it('gets its answer when less may be kept than it needs, and then nothing is', async () => {
    const query = queryOf(new Turns(), { tableSizeBytesMax: 1_000 });
    const once = await ask(query);
    expect(await ask(query)).toBe(once);
    expect(query.memoryBytes).toBe(0);
  });

  it('is right while others write new texts in every turn', async () => {
    const mine = worldOf(2_000);
    const turns = new Turns();
    const query = new ShardQuery(mine.data, pool, { hashSeed: HASH_SEED, yieldTurn: turns.next });
    turns.onTurn = () => mine.apply([identify(`new ${turns.count}`, { ref: [`new ${turns.count}`] })]);
    const found = await ask(query);
    expect(turns.count).toBeGreaterThan(0);
    expect(found).toBeGreaterThanOrEqual(distinctCountOf(2_000));
    expect(found).toBeLessThanOrEqual(distinctCountOf(2_000) + turns.count);
  });
});

it('a dictionary that is renumbered is numbered again', async () => {
  const world = new World();
  world.overwrite(
    Array.from({ length: 100 }, (_, i) => identify(`u${i}`, { ref: i < 50 ? `ref ${i}` : [`ref ${i - 50}`] })),
  );
  const { strings } = world.data.profiles.traits[0];
  strings!.enableCompaction(4);
  const query = new ShardQuery(world.data, pool, { hashSeed: HASH_SEED, workerThresholdNs: 0 });
  expect(await ask(query)).toBe(50);
  for (let i = 0; i < 400; i++) world.overwrite([identify(`u${i % 50}`, { ref: `other ${i % 60}` })]);
  expect(strings!.generation).toBeGreaterThan(0);
  const now = new Set(Array.from({ length: 50 }, (_, i) => `other ${(350 + i) % 60}`));
  expect(await ask(query)).toBe(50 + now.size);
});

it('say the scalars of each array in order, a text alike in both tables', () => {
  const world = new World();
  world.apply([
    identify('a', { ref: ['x', 7, true, 'y'] }),
    identify('b', { ref: 'y' }),
    identify('c', { ref: [[false]] }),
  ]);
  const [column] = world.data.profiles.traits;
  const tables = new ScalarTables(1 << 20);
  const set = tables.forQuestion([
    { kind: 'scalars', column: column.arrays!, rest: [] },
    { kind: 'sums', column: column.arrays!, rest: [] },
    { kind: 'texts', column: column.strings! },
  ]);
  const { starts, tags, values } = set.scalars(column.arrays!, []);
  expect([...starts.slice(1, 4)]).toEqual([0, 4, 5]);
  expect([...tags.slice(0, 5)]).toEqual([TAG_TEXT, TAG_NUMBER, TAG_BOOLEAN, TAG_TEXT, TAG_BOOLEAN]);
  expect([values[1], values[2], values[4]]).toEqual([7, 2, 1]);
  expect(set.textOf(values[0])).toBe('x');
  expect(set.texts(column.strings!).numbers[1]).toBe(values[3]);
  const { sums, counts, mins, maxs } = set.sums(column.arrays!, []).summary;
  expect([sums[1], counts[1], mins[1], maxs[1], counts[2]]).toEqual([7, 1, 7, 7, 0]);
  expect(tables.sizeBytes).toBeGreaterThan(0);
  tables.clear();
  expect(tables.sizeBytes).toBe(0);
});
