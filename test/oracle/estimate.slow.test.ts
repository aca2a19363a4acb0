/** Estimates: of many different questions, whose samples are drawn by the question, the interval holds the exact count in nine of ten. */
import { expect, test } from 'vitest';
import type { Expression } from '../../src/model/expression.ts';
import type { CountBody } from '../../src/model/query.ts';
import { crashing, manualClock } from './engine-host.ts';

const PROFILE_COUNT = 24_000;
const PROFILES_PER_BATCH = 2_000;
const QUESTION_COUNT = 120;

/** Shares from nobody to nearly everybody. */
function question(i: number): Expression {
  const total: Expression = {
    event: 'Order Completed',
    where: [{ property: 'total', op: 'lt', value: (i * i) % 997 }],
  };
  return i % 3 === 0
    ? { and: [total, { event: 'Order Completed', aggregate: { fn: 'sum', property: 'total', op: 'gt', value: i } }] }
    : total;
}

test.each([1, 4])('over %i shards the interval holds the exact count in nine of ten questions', async (shardCount) => {
  await crashing(shardCount, async (host) => {
    const engine = await host.open(manualClock());
    try {
      for (let first = 0; first < PROFILE_COUNT; first += PROFILES_PER_BATCH) {
        const items = Array.from({ length: PROFILES_PER_BATCH }, (_, i) => ({
          type: 'track',
          userId: `u${first + i}`,
          event: 'Order Completed',
          properties: { total: (Math.imul(first + i, 2_654_435_761) >>> 0) % 1_000 },
        }));
        await engine.ingest(items, { ack: 'applied' });
      }
      let held = 0;
      let estimated = 0;
      for (let i = 0; i < QUESTION_COUNT; i++) {
        const exact = (await engine.query({ where: question(i) })) as CountBody;
        const { isExact, interval } = (await engine.query({ where: question(i), mode: 'estimate' })) as CountBody;
        if (isExact !== false || interval === undefined) continue;
        estimated += 1;
        if (interval[0] <= exact.count && exact.count <= interval[1]) held += 1;
      }
      expect(estimated).toBeGreaterThan(QUESTION_COUNT / 2);
      expect(held / estimated).toBeGreaterThanOrEqual(0.9);
    } finally {
      await host.stop(engine);
    }
  });
});
