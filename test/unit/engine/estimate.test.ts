/** Counts from a sample: deterministic, near the truth, with an interval that holds it; exact where that is as fast. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wilsonInterval } from '../../../src/engine/answer/estimate.ts';
import type { Expression } from '../../../src/model/expression.ts';
import type { CountBody, QueryRequest } from '../../../src/model/query.ts';
import { drawRows } from '../../../src/query/execution/sample.ts';
import { openForm, type TestEngine } from '../../helpers/test-engine.ts';

const PROFILE_COUNT = 24_000;
let engine: TestEngine;
beforeAll(async () => {
  engine = await openForm({ data: ':memory:', shards: 2, workers: 1 });
  for (let first = 0; first < PROFILE_COUNT; first += 2_000) {
    const items: unknown[] = [];
    for (let i = first; i < first + 2_000; i++) {
      items.push({
        type: 'identify',
        userId: `u${i}`,
        traits: { score: (i % 1_000) / 8, plan: i % 4 === 0 ? 'pro' : 'free' },
      });
      if (i % 3 === 0) items.push({ type: 'track', userId: `u${i}`, event: 'Order', properties: { total: i % 90 } });
    }
    await engine.ingest(items);
  }
}, 120_000);
afterAll(() => engine.close());

async function count(request: QueryRequest): Promise<CountBody> {
  return (await engine.query(request)) as CountBody;
}

const ORDERS: Expression = { event: 'Order', where: [{ property: 'total', op: 'gte', value: 30 }] };
const CASES: readonly Expression[] = [
  ORDERS,
  { and: [{ trait: 'plan', op: 'eq', value: 'pro' }, ORDERS] },
  { not: ORDERS },
  { event: 'Order', aggregate: { fn: 'sum', property: 'total', op: 'gt', value: 88 } },
  { event: 'Nothing', window: { last: '7d' } },
];

describe('an estimate', () => {
  it('is near the truth, with a narrow interval, and the same when asked again', async () => {
    for (const where of CASES) {
      const exact = await count({ where });
      const estimate = await count({ where, mode: 'estimate' });
      const again = await count({ where, mode: 'estimate' });
      expect([again.count, again.interval]).toEqual([estimate.count, estimate.interval]);
      if (estimate.isExact === undefined) {
        expect(estimate.count).toBe(exact.count);
        continue;
      }
      expect(estimate).toMatchObject({ isExact: false, confidence: 0.95, sampleSize: 10_000 });
      const [low, high] = estimate.interval!;
      expect(low).toBeLessThanOrEqual(estimate.count);
      expect(high).toBeGreaterThanOrEqual(estimate.count);
      expect(high - low).toBeLessThan(0.025 * PROFILE_COUNT);
      expect(Math.abs(estimate.count - exact.count)).toBeLessThan(0.02 * PROFILE_COUNT);
    }
    expect((await count({ where: ORDERS, mode: 'estimate' })).isExact).toBe(false);
  });

  it('is exact where bitmaps answer', async () => {
    const where: Expression = { trait: 'plan', op: 'eq', value: 'pro' };
    const answer = await count({ where, mode: 'estimate' });
    expect(answer).toMatchObject({ count: PROFILE_COUNT / 4 });
    expect(answer.isExact).toBeUndefined();
  });

  it('is for counts only, and can be given up', async () => {
    await expect(engine.query({ as: 'ids', mode: 'estimate' })).rejects.toMatchObject({ code: 'query_invalid' });
    const caller = new AbortController();
    const answer = engine.query({ where: ORDERS, mode: 'estimate' }, caller.signal);
    caller.abort();
    await expect(answer).rejects.toMatchObject({ code: 'query_cancelled' });
  });
});

describe('drawing rows', () => {
  it('gives different rows, all of them when all are wanted, and the same for the same seed', () => {
    const rows = drawRows(1_000, 400, 7);
    expect(new Set(rows).size).toBe(400);
    expect(Math.max(...rows)).toBeLessThan(1_000);
    expect(drawRows(1_000, 400, 7)).toEqual(rows);
    expect(drawRows(1_000, 400, 8)).not.toEqual(rows);
    expect([...drawRows(50, 80, 1)].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it('draws each row about as often as every other', () => {
    const counts = new Array<number>(20).fill(0);
    for (let seed = 0; seed < 4_000; seed++) for (const row of drawRows(20, 5, seed * 7_919)) counts[row] += 1;
    for (const drawn of counts) expect(Math.abs(drawn - 1_000)).toBeLessThan(150);
  });
});

describe('Wilson’s interval', () => {
  it('holds the truth in 95 of 100 samples', () => {
    const [rowCount, sampleSize] = [12_000, 5_000];
    const fits = (row: number): boolean => (Math.imul(row, 0x9e37_79b1) >>> 0) % 9 < 2;
    const truth = Array.from({ length: rowCount }, (_, row) => row).filter(fits).length / rowCount;
    let heldCount = 0;
    for (let seed = 0; seed < 200; seed++) {
      const fitCount = drawRows(rowCount, sampleSize, Math.imul(seed, 0x85eb_ca6b)).filter(fits).length;
      const [low, high] = wilsonInterval(fitCount, sampleSize);
      if (low <= truth && truth <= high) heldCount += 1;
    }
    expect(heldCount).toBeGreaterThan(185);
  });

  it('agrees with published figures and stays within 0 and 1', () => {
    // Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    const expected = {
      '81/263': [0.2553, 0.3662],
      '15/148': [0.0624, 0.1605],
      '0/20': [0, 0.1611],
      '1/29': [0.0061, 0.1718],
    };
    for (const [name, [low, high]] of Object.entries(expected)) {
      const [fit, size] = name.split('/').map(Number);
      const found = wilsonInterval(fit, size);
      expect(found[0]).toBeCloseTo(low, 4);
      expect(found[1]).toBeCloseTo(high, 4);
    }
    expect(wilsonInterval(20, 20)[1]).toBe(1);
  });
});
