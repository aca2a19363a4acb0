/** The explained plan: its shape, estimates against true rows, times by a clock of the test, and plans of shards added up. */
import { describe, expect, it } from 'vitest';
import type { Expression } from '../../../../src/model/expression.ts';
import type { PlanNode, QueryPlan } from '../../../../src/model/query.ts';
import { type ExplainedSelection, mergePlans } from '../../../../src/query/execution/explain.ts';
import { ShardQuery } from '../../../../src/query/execution/shard-query.ts';
import { HASH_SEED, identify, NOW_MS, track, World } from './world.ts';

const world = new World();
for (let i = 0; i < 1_000; i++) {
  world.apply([identify(`u${i}`, { plan: i % 10 === 1 ? 'pro' : 'free', age: i % 100 })]);
  for (let e = 0; e < i % 5; e++) world.apply([track(`u${i}`, 'Order', (i + e) % 100, { total: e })]);
}
const PRO: Expression = { trait: 'plan', op: 'eq', value: 'pro' };
const YOUNG: Expression = { trait: 'age', op: 'lt', value: 20 };

/** A clock that goes on by a millisecond each time it is read. */
function ticking(): () => number {
  let nowMs = 0;
  return () => nowMs++;
}

async function explained(expression: Expression, passesOff: readonly string[] = []): Promise<QueryPlan> {
  const query = new ShardQuery(world.data, undefined, { hashSeed: HASH_SEED, monotonicMs: ticking() });
  let found: ExplainedSelection | undefined;
  const explain = (selection: ExplainedSelection): void => {
    found = selection;
  };
  await query.select(expression, { nowMs: NOW_MS, explain, passesOff });
  return found!.plan();
}

describe('an explained plan', () => {
  it('has the operators in the order of execution, with estimated and true rows', async () => {
    const { root, passes } = await explained({ and: [{ event: 'Order', window: { last: '30d' } }, YOUNG, PRO] });
    expect(passes).toContain('fuse_scans');
    expect(root).toMatchObject({ operator: 'and', rows: 20 });
    expect(root.children.map((child) => child.operator)).toEqual(['bitmap', 'profile scan', 'events']);
    const [bitmap, scan, events] = root.children;
    expect(bitmap).toMatchObject({ detail: 'plan = "pro"', estimatedRows: 100, rows: 100 });
    expect(scan).toMatchObject({ detail: 'age < 20', rows: 20 });
    expect(scan.estimatedRows).toBeGreaterThan(150);
    expect(scan.estimatedRows).toBeLessThan(250);
    expect(events.detail).toContain('"Order" from 2024-05-16T12:00:00.000Z');
  });

  it('counts time with the parts inside, and leaves out what was not needed', async () => {
    const nobody: Expression = { trait: 'age', op: 'gt', value: 98.5 };
    const late: Expression = { event: 'Order', window: { last: '3d' } };
    const { root } = await explained({ and: [PRO, { and: [nobody, YOUNG] }, late] }, ['merge_ranges', 'fuse_scans']);
    const inside = root.children.reduce((sum, child) => sum + child.tookMs, 0);
    expect(root.tookMs).toBeGreaterThan(inside);
    expect(root.rows).toBe(0);
    expect(root.children.at(-1)).toMatchObject({ rows: null, tookMs: 0 });
  });

  it('shows what passes are worth when they are left out', async () => {
    const all = ['answer_from_bitmaps', 'answer_from_participants', 'fuse_scans'];
    const { root, passes } = await explained({ and: [PRO, YOUNG, { event: 'Order' }] }, all);
    expect(passes).not.toContain('fuse_scans');
    expect(root.children.map((child) => child.operator).sort()).toEqual(['events', 'profile scan', 'profile scan']);
  });

  it('is not far off for counts of events', async () => {
    for (const [expression, share] of [
      [{ event: 'Order' }, 0.8],
      [{ event: 'Order', count: { op: 'gte', value: 3 } }, 0.4],
      [{ event: 'Order', count: { op: 'eq', value: 0 } }, 0.2],
    ] as const) {
      const { root } = await explained(expression);
      expect(root.rows).toBe(share * 1_000);
      expect(Math.abs(root.estimatedRows - share * 1_000)).toBeLessThan(200);
    }
  });
});

describe('plans of several shards', () => {
  const leaf = (rows: number | null, operator = 'bitmap'): PlanNode => {
    return { operator, detail: 'x', estimatedRows: 5, rows, tookMs: 1.000_04, children: [] };
  };
  const planOf = (...children: PlanNode[]): QueryPlan => {
    return { passes: ['flatten'], root: { ...leaf(3, 'and'), children } };
  };

  it('of the same shape are added up', () => {
    const merged = mergePlans([planOf(leaf(1), leaf(null)), planOf(leaf(2), leaf(null))]);
    expect(merged.root).toMatchObject({ operator: 'and', estimatedRows: 10, rows: 6, tookMs: 2 });
    expect(merged.root.children.map((child) => child.rows)).toEqual([3, null]);
  });

  it('of different shapes stand side by side', () => {
    const { root } = mergePlans([planOf(leaf(1)), planOf(leaf(1), leaf(2))]);
    expect(root).toMatchObject({ operator: 'shards', rows: 6, estimatedRows: 10 });
    expect(root.children.map((child) => child.children.length)).toEqual([1, 2]);
  });
});
