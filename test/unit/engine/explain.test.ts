/** `explain` and `optimizer` through the engine: the plan is in the answer, over all shards, and passes can be left out by name. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Expression } from '../../../src/model/expression.ts';
import { PASS_NAMES } from '../../../src/model/optimizer.ts';
import { CLUSTER_SHARDS, isClusterForm, openForm, type TestEngine } from '../../helpers/test-engine.ts';

const WHERE: Expression = {
  and: [
    { event: 'Order', window: { last: '7d' } },
    { trait: 'plan', op: 'eq', value: 'pro' },
  ],
};
let engine: TestEngine;
beforeAll(async () => {
  engine = await openForm({ data: ':memory:', shards: 2, workers: 1 });
  const items: unknown[] = [];
  for (let i = 0; i < 200; i++) {
    items.push({ type: 'identify', userId: `u${i}`, traits: { plan: i % 2 === 0 ? 'pro' : 'free' } });
    if (i % 4 === 0) items.push({ type: 'track', userId: `u${i}`, event: 'Order' });
  }
  await engine.ingest(items);
});
afterAll(() => engine.close());

it('the plan of all shards comes with the answer when it is asked for', async () => {
  expect(await engine.query({ where: WHERE })).not.toHaveProperty('plan');
  const { plan, watermark } = await engine.query({ where: WHERE, explain: true });
  expect(plan!.passes).toEqual([...PASS_NAMES]);
  expect(plan!.root).toMatchObject({ operator: 'and', rows: 50 });
  expect(plan!.root.children[0]).toMatchObject({
    operator: 'bitmap',
    detail: 'plan = "pro"',
    rows: 100,
    estimatedRows: 100,
  });
  expect(watermark).toHaveLength(isClusterForm() ? CLUSTER_SHARDS : 2);
});

it('passes that are left out are not in the plan, and the answer is the same', async () => {
  const optimizer = { off: [...PASS_NAMES] };
  const answer = await engine.query({ where: WHERE, explain: true, optimizer });
  expect(answer).toMatchObject({ count: 50 });
  expect(answer.plan!.passes).toEqual([]);
  const leaves = answer.plan!.root.children.map((child) => child.operator);
  expect(leaves).toEqual(['events', 'profile scan']);
});

it('a name that is no pass is refused with the names that are', async () => {
  const answer = engine.query({ where: WHERE, optimizer: { off: ['flatten', 'magic'] } });
  await expect(answer).rejects.toMatchObject({ code: 'query_invalid' });
  await expect(answer).rejects.toThrow(/push_down_not.*probe_chains/);
});
