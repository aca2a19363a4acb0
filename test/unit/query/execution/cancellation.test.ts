/**
 * Work stops when the caller leaves or the time is over, and the shard's thread is never held for long: turns are counted and given
 * by the test, and the clock plays no part.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Expression } from '../../../../src/model/expression.ts';
import { Admission } from '../../../../src/query/execution/admission.ts';
import { ShardQuery, type ShardQueryOptions } from '../../../../src/query/execution/shard-query.ts';
import { WorkerPool } from '../../../../src/runtime/worker-pool.ts';
import { HASH_SEED, type Item, identify, NOW_MS, track, World } from './world.ts';

const ROW_COUNT = 40_000;
const world = new World();
let pool: WorkerPool;
beforeAll(() => {
  pool = new WorkerPool(1);
  const items: Item[] = [];
  for (let i = 0; i < ROW_COUNT; i++) {
    items.push(identify(`u${i}`, { note: `note number ${i}`, city: `city ${i % 500}`, tags: [`tag ${i}`] }));
  }
  for (let i = 0; i < ROW_COUNT; i++) items.push(track(`u${i % 20_000}`, 'Order', i % 90, { total: i % 50 }));
  world.apply(items);
}, 120_000);
afterAll(() => pool.close());

/** Turns that the test counts; `onTurn` may end the question. */
class Turns {
  count = 0;
  onTurn: (() => void) | undefined;

  readonly next = async (): Promise<void> => {
    this.count += 1;
    this.onTurn?.();
    await Promise.resolve();
  };
}

function queryOf(turns: Turns, options: ShardQueryOptions = {}): ShardQuery {
  return new ShardQuery(world.data, pool, { hashSeed: HASH_SEED, yieldTurn: turns.next, ...options });
}

/** What is done on the shard's thread, in slices. */
const LONG: Readonly<Record<string, Expression>> = {
  'a text of a large dictionary': { trait: 'note', op: 'contains', value: '77' },
  'a pattern over a large dictionary': { trait: 'note', op: 'matches', value: '7+$' },
  'arrays of a large dictionary': { trait: 'tags', op: 'contains', value: 'tag 7' },
  'dates of a large dictionary': { trait: 'note', op: 'after', value: '2024-01-01' },
  'texts of instants': { trait: 'first_seen', op: 'contains', value: '12:00' },
  'chains of few profiles': {
    and: [
      { trait: 'city', op: 'in', value: Array.from({ length: 25 }, (_, i) => `city ${i}`) },
      ...[60, 61, 62, 63].map(
        (days): Expression => ({
          event: 'Order',
          where: [{ property: 'total', op: 'in', value: [1, 2, 3, days % 50] }],
          count: { op: 'lte', value: 5 },
          window: { last: `${days}d` },
        }),
      ),
    ],
  },
};

describe('work on the shard’s thread', () => {
  for (const [name, expression] of Object.entries(LONG)) {
    it(`${name}: in slices, with the answer that it has in one go`, async () => {
      const turns = new Turns();
      const query = queryOf(turns, { workerThresholdNs: 1e12 });
      const rows = await query.select(expression, { nowMs: NOW_MS });
      expect(turns.count).toBeGreaterThan(0);
      const atOnce = new ShardQuery(world.data, undefined, { hashSeed: HASH_SEED });
      const expected = await atOnce.select(expression, { nowMs: NOW_MS });
      expect([...rows.rowsFrom(0, ROW_COUNT)]).toEqual([...expected.rowsFrom(0, ROW_COUNT)]);
      if ('trait' in expression && expression.trait !== 'first_seen') {
        // The second question may build an index; from the third on nothing is left to prepare.
        await query.select(expression, { nowMs: NOW_MS });
        const before = turns.count;
        await query.select(expression, { nowMs: NOW_MS });
        expect(turns.count).toBe(before);
      }
    });

    it(`${name}: stops when the caller leaves`, async () => {
      const turns = new Turns();
      const caller = new AbortController();
      turns.onTurn = () => caller.abort();
      const query = queryOf(turns, { workerThresholdNs: 1e12 });
      const answer = query.select(expression, { nowMs: NOW_MS, signal: caller.signal });
      await expect(answer).rejects.toMatchObject({ code: 'query_cancelled' });
      expect(turns.count).toBe(1);
    });

    it(`${name}: stops when the time is over`, async () => {
      const turns = new Turns();
      const caller = new AbortController();
      turns.onTurn = () => caller.abort(new DOMException('over', 'TimeoutError'));
      const answer = queryOf(turns).select(expression, { nowMs: NOW_MS, signal: caller.signal });
      await expect(answer).rejects.toMatchObject({ code: 'query_timeout' });
    });
  }

  it('goes on where a question that was given up had stopped', async () => {
    const turns = new Turns();
    const caller = new AbortController();
    const expression = LONG['a pattern over a large dictionary'];
    const whole = new Turns();
    await queryOf(whole).select(expression, { nowMs: NOW_MS });
    const query = queryOf(turns);
    turns.onTurn = () => turns.count === 10 && caller.abort();
    await expect(query.select(expression, { nowMs: NOW_MS, signal: caller.signal })).rejects.toThrow();
    await query.select(expression, { nowMs: NOW_MS });
    expect(turns.count).toBeLessThanOrEqual(whole.count + 2);
  });

  it('builds bitmaps in slices while the shard goes on writing', async () => {
    const mine = new World();
    const rowCount = 140_000;
    mine.apply(Array.from({ length: rowCount }, (_, i) => identify(`u${i}`, { city: `city ${i % 50}` })));
    const turns = new Turns();
    const query = new ShardQuery(mine.data, pool, { hashSeed: HASH_SEED, yieldTurn: turns.next });
    turns.onTurn = () => {
      mine.apply([
        identify('u7', { city: `city ${20 + turns.count}` }),
        identify(`u${rowCount - 1}`, { city: 'city 7' }),
        identify(`new ${turns.count}`, { city: 'city 7' }),
      ]);
    };
    const rows = await query.select({ trait: 'city', op: 'eq', value: 'city 7' }, { nowMs: NOW_MS });
    expect(turns.count).toBeGreaterThan(1);
    // u7 left it, the last one came, and one more in each turn.
    expect(rows.cardinality).toBe(rowCount / 50 + turns.count);
    expect([rows.has(7), rows.has(rowCount - 1)]).toEqual([false, true]);
  });

  it('sees one instant, however many turns it takes', async () => {
    const mine = new World();
    const rowCount = 20_000;
    for (let i = 0; i < rowCount; i++) mine.apply([track(`u${i}`, 'Order', 1)]);
    const turns = new Turns();
    const query = new ShardQuery(mine.data, pool, { hashSeed: HASH_SEED, yieldTurn: turns.next });
    turns.onTurn = () => mine.apply([track(`u${rowCount - 1}`, 'Order', 0), track(`new ${turns.count}`, 'Order', 0)]);
    const twice: Expression = { event: 'Order', count: { op: 'gte', value: 2 }, window: { last: '7d' } };
    const rows = await query.select(
      { or: [twice, { trait: 'first_seen', op: 'contains', value: 'x' }] },
      { nowMs: NOW_MS },
    );
    expect(turns.count).toBeGreaterThan(1);
    expect(rows.cardinality).toBe(0);
  });
});

describe('admission', () => {
  const large: Expression = { event: 'Order', where: [{ property: 'total', op: 'gt', value: 10 }] };
  const small: Expression = { trait: 'city', op: 'eq', value: 'city 7' };

  it('lets so many in, makes others wait in order, and refuses the rest', async () => {
    const admission = new Admission(2, 2);
    const entered: number[] = [];
    const enter = (n: number): Promise<void> => admission.enter(undefined).then(() => void entered.push(n));
    const first = [enter(1), enter(2), enter(3), enter(4)];
    await expect(admission.enter(undefined)).rejects.toMatchObject({ code: 'overloaded', status: 503 });
    await Promise.all(first.slice(0, 2));
    expect(entered).toEqual([1, 2]);
    admission.leave();
    await first[2];
    admission.leave();
    await first[3];
    expect(entered).toEqual([1, 2, 3, 4]);
    admission.leave();
    admission.leave();
    await enter(5);
    expect(admission.waitingCount).toBe(0);
  });

  it('lets go of who waits when the caller leaves', async () => {
    const admission = new Admission(1, 1);
    await admission.enter(undefined);
    const caller = new AbortController();
    const waiting = admission.enter(caller.signal);
    caller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'query_cancelled' });
    expect(admission.waitingCount).toBe(0);
  });

  it('keeps large questions waiting, small ones never, and gives its places back', async () => {
    const admission = new Admission(1, 1);
    const query = queryOf(new Turns(), { admission, workerThresholdNs: 1_000 });
    await query.select(small, { nowMs: NOW_MS });
    await admission.enter(undefined);
    const waiting = query.select(large, { nowMs: NOW_MS });
    await expect(query.select(large, { nowMs: NOW_MS })).rejects.toMatchObject({ code: 'overloaded' });
    await query.select(small, { nowMs: NOW_MS });
    admission.leave();
    await waiting;
    const caller = new AbortController();
    const given = query.select(large, { nowMs: NOW_MS, signal: caller.signal });
    caller.abort();
    await expect(given).rejects.toThrow();
    await admission.enter(undefined);
    admission.leave();
  });
});
