/** Sequences against a model that tries every assignment: over runs and over chains, on the thread and on workers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SequenceLeaf } from '../../../../src/model/expression.ts';
import { ExpressionBinder } from '../../../../src/query/binder/bind-expression.ts';
import { CodeSelector } from '../../../../src/query/binder/code-selector.ts';
import { SequenceRow } from '../../../../src/query/evaluation/sequence-row.ts';
import { ShardQuery } from '../../../../src/query/execution/shard-query.ts';
import { WorkerPool } from '../../../../src/runtime/worker-pool.ts';
import {
  holdsNaively,
  itemOf,
  type PlainEvent,
  type Random,
  randomEvents,
  randomOf,
  randomSequence,
} from './sequence-world.ts';
import { DAY_MS, HASH_SEED, NOW_MS, World } from './world.ts';

let pool: WorkerPool;
beforeAll(() => {
  pool = new WorkerPool(2);
});
afterAll(() => pool.close());

class History {
  readonly world = new World();
  readonly users: PlainEvent[][] = [];

  add(events: readonly (readonly [number, PlainEvent])[]): void {
    this.world.apply(events.map(itemOf));
    for (const [user, event] of events) {
      this.users[user] ??= [];
      this.users[user].push(event);
    }
  }

  async check(query: ShardQuery, leaf: SequenceLeaf, atMs: number | undefined, seed: number): Promise<void> {
    const rows = await query.select(leaf, { nowMs: NOW_MS, atMs });
    const expected = this.users.flatMap((events, user) => (holdsNaively(leaf, events, atMs) ? [`u${user}`] : []));
    expected.sort();
    const question = `seed ${seed}, at ${atMs}: ${JSON.stringify(leaf)}`;
    expect(this.world.idsOf(rows), question).toEqual(expected);
    // Few candidates: their chains are followed instead.
    const few = await query.select({ and: [{ event: 'View' }, leaf] }, { nowMs: NOW_MS, atMs });
    const viewers = expected.filter((id) => {
      return this.users[Number(id.slice(1))].some(
        ({ name, timeMs }) => name === 'View' && timeMs <= (atMs ?? Infinity),
      );
    });
    expect(this.world.idsOf(few), `${question}, of viewers`).toEqual(viewers);
    expect(this.#alongChains(leaf, atMs), `${question}, along chains`).toEqual(expected);
  }

  #alongChains(leaf: SequenceLeaf, atMs: number | undefined): string[] {
    const { data } = this.world;
    const bound = new ExpressionBinder(data, new CodeSelector(HASH_SEED, 1 << 20), { nowMs: NOW_MS, atMs }).bind(leaf);
    if (bound.kind !== 'sequence') return [];
    const sequence = new SequenceRow(bound, (table) => table.eventCount);
    const found: string[] = [];
    for (let row = 0; row < data.profiles.count; row++) {
      const events = sequence.find(row);
      expect(sequence.holds(row)).toBe(events !== undefined);
      if (events === undefined) continue;
      expect(events.map(({ table }) => table.name)).toEqual(leaf.sequence.map(({ event }) => event));
      const times = events.map(({ timeMs }) => timeMs);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      found.push(this.world.ids[row]);
    }
    return found.sort();
  }
}

const randomAt = (random: Random): number | undefined => (random(3) === 0 ? NOW_MS - random(10 * DAY_MS) : undefined);

const WAYS = [
  ['kept', 'thread', undefined],
  ['not kept', 'thread', 0],
  ['kept', 'workers', undefined],
] as const;

describe.each(WAYS)('sequences over runs that are %s, on the %s', (_, where, runSizeBytesMax) => {
  it('agree with the model as the history grows', async () => {
    for (const seed of where === 'workers' ? [11, 12] : [1, 2, 3, 4]) {
      const random = randomOf(seed);
      const history = new History();
      const query = new ShardQuery(history.world.data, where === 'workers' ? pool : undefined, {
        hashSeed: HASH_SEED,
        workerThresholdNs: 0,
        runSizeBytesMax,
      });
      for (const size of [120, 40, 3]) {
        history.add(randomEvents(random, 30, size));
        for (let i = 0; i < 40; i++) await history.check(query, randomSequence(random), randomAt(random), seed);
      }
      expect(history.world.data.memory.liveSnapshotCount).toBe(0);
      query.close();
    }
  });
});
