/** Each pass of the optimizer by example, on bound expressions of a small world. */
import { describe, expect, it } from 'vitest';
import type { Expression } from '../../../../src/model/expression.ts';
import { PASS_NAMES, type PassName } from '../../../../src/model/optimizer.ts';
import { ExpressionBinder } from '../../../../src/query/binder/bind-expression.ts';
import { CodeSelector } from '../../../../src/query/binder/code-selector.ts';
import { and, type Formula, not, or } from '../../../../src/query/binder/formula.ts';
import { Estimator } from '../../../../src/query/planner/estimate.ts';
import type { LogicalPlan } from '../../../../src/query/planner/logical-plan.ts';
import { optimize, passesWithout } from '../../../../src/query/planner/optimizer.ts';
import { ALL_OFF } from '../../../../src/query/planner/pass.ts';
import { ValueIndexes } from '../../../../src/query/planner/value-index.ts';
import { HASH_SEED, identify, NOW_MS, track, World } from '../execution/world.ts';

const world = new World();
for (let i = 0; i < 100; i++) {
  world.apply([
    identify(`u${i}`, { plan: i % 10 === 0 ? 'pro' : 'free', age: i, score: i / 2, note: `text ${i}` }),
    track(`u${i}`, 'Order', i % 50, { total: i }),
  ]);
}
const rowCount = world.data.profiles.count;

const PRO: Expression = { trait: 'plan', op: 'eq', value: 'pro' };
const ADULT: Expression = { trait: 'age', op: 'gte', value: 18 };
const OLD: Expression = { trait: 'age', op: 'lte', value: 65 };
const RECENT: Expression = { event: 'Order', window: { last: '7d' } };
const EVER: Expression = { event: 'Order', count: { op: 'gte', value: 2 } };

function bound(expression: Expression): LogicalPlan {
  const selector = new CodeSelector(HASH_SEED, 1 << 20);
  return new ExpressionBinder(world.data, selector, { nowMs: NOW_MS, atMs: undefined }).bind(expression);
}

/** The plan after these passes only. */
function withPasses(plan: LogicalPlan, ...names: PassName[]) {
  const off = PASS_NAMES.filter((name) => !names.includes(name));
  const context = { indexes: new ValueIndexes(1 << 20), estimator: new Estimator(rowCount), rowCount };
  return optimize(plan, passesWithout(off), context);
}

/** The tree by kinds, without what leaves hold. */
function shape(plan: LogicalPlan): string {
  if (plan.kind === 'and' || plan.kind === 'or') return `${plan.kind}(${plan.of.map(shape).join()})`;
  if (plan.kind === 'not') return `not(${shape(plan.of)})`;
  if (plan.kind === 'constant') return String(plan.value);
  return plan.kind === 'scan' ? `scan:${shape(plan.formula)}` : plan.kind;
}

describe('the passes', () => {
  it('are all described and all have a name of the list', () => {
    const passes = passesWithout([]);
    expect(passes.map((pass) => pass.name)).toEqual([...PASS_NAMES]);
    for (const pass of passes) expect(pass.doc.length).toBeGreaterThan(20);
    expect(passesWithout(['flatten'])).toHaveLength(PASS_NAMES.length - 1);
  });

  it('push_down_not: de Morgan', () => {
    const plan: LogicalPlan = {
      kind: 'not',
      of: { kind: 'and', of: [bound(PRO), { kind: 'not', of: bound(RECENT) }] },
    };
    expect(shape(withPasses(plan, 'push_down_not').root)).toBe('or(not(codes),events)');
    expect(shape(withPasses(plan).root)).toBe('not(and(codes,not(events)))');
  });

  it('flatten: nested parts, double negation, constants', () => {
    const plan: LogicalPlan = {
      kind: 'and',
      of: [
        { kind: 'and', of: [bound(PRO), { kind: 'constant', value: true }] },
        { kind: 'and', of: [bound(RECENT), { kind: 'not', of: { kind: 'not', of: bound(ADULT) } }] },
      ],
    };
    expect(shape(withPasses(plan, 'flatten').root)).toBe('and(codes,events,numbers)');
    const settled: LogicalPlan = {
      kind: 'or',
      of: [bound(PRO), { kind: 'not', of: { kind: 'constant', value: false } }],
    };
    expect(shape(withPasses(settled, 'flatten').root)).toBe('true');
    expect(shape(withPasses({ kind: 'and', of: [] }, 'flatten').root)).toBe('true');
    expect(shape(withPasses({ kind: 'or', of: [] }, 'flatten').root)).toBe('false');
  });

  it('merge_ranges: bounds of one column meet, also inside the where of events', () => {
    const joined = withPasses(bound({ and: [ADULT, OLD] }), 'merge_ranges').root;
    expect(joined).toMatchObject({ kind: 'numbers', selection: { kind: 'range', min: 18, max: 65 } });
    const wide = withPasses(bound({ or: [ADULT, OLD] }), 'merge_ranges').root;
    expect(wide).toMatchObject({ selection: { kind: 'range', min: -Infinity, max: Infinity } });
    const apart = bound({
      or: [
        { trait: 'age', op: 'lt', value: 5 },
        { trait: 'age', op: 'gt', value: 90 },
      ],
    });
    expect(shape(withPasses(apart, 'merge_ranges').root)).toBe('or(numbers,numbers)');
    const none = bound({
      and: [
        { trait: 'age', op: 'lt', value: 5 },
        { trait: 'age', op: 'gt', value: 90 },
      ],
    });
    expect(shape(withPasses(none, 'merge_ranges').root)).toBe('false');
    const listed = bound({ and: [{ trait: 'age', op: 'in', value: [1, 20, 30] }, ADULT] });
    expect(withPasses(listed, 'merge_ranges').root).toMatchObject({ selection: { values: Float64Array.of(20, 30) } });
    const where = [
      { property: 'total', op: 'gte', value: 10 },
      { property: 'total', op: 'lte', value: 20 },
    ] as const;
    const events = withPasses(bound({ event: 'Order', where, window: { last: '7d' } }), 'merge_ranges').root;
    expect(events).toMatchObject({ kind: 'events', where: { kind: 'numbers', selection: { min: 10, max: 20 } } });
  });

  it('deduplicate: equal parts once, contradictions settled, equal leaves one object', () => {
    const twice: LogicalPlan = { kind: 'and', of: [bound(PRO), bound(RECENT), bound(RECENT)] };
    expect(shape(withPasses(twice, 'deduplicate').root)).toBe('and(codes,events)');
    const either: LogicalPlan = { kind: 'or', of: [bound(PRO), { kind: 'not', of: bound(PRO) }] };
    expect(shape(withPasses(either, 'deduplicate').root)).toBe('true');
    const both: LogicalPlan = { kind: 'and', of: [bound(RECENT), { kind: 'not', of: bound(RECENT) }] };
    expect(shape(withPasses(both, 'deduplicate').root)).toBe('false');
    const apart: LogicalPlan = {
      kind: 'or',
      of: [
        { kind: 'and', of: [bound(PRO), bound(RECENT)] },
        { kind: 'and', of: [bound(ADULT), bound(RECENT)] },
      ],
    };
    const { root } = withPasses(apart, 'deduplicate');
    if (root.kind !== 'or' || root.of[0].kind !== 'and' || root.of[1].kind !== 'and') throw new Error(shape(root));
    expect(root.of[0].of[1]).toBe(root.of[1].of[1]);
    const other: LogicalPlan = { kind: 'and', of: [bound(RECENT), bound({ event: 'Order', window: { last: '8d' } })] };
    expect(shape(withPasses(other, 'deduplicate').root)).toBe('and(events,events)');
  });

  it('answer_from_bitmaps: also negated, and a part without rows settles the and', () => {
    const plan = withPasses(bound({ and: [PRO, RECENT] }), 'answer_from_bitmaps').root;
    expect(shape(plan)).toBe('and(rows,events)');
    const negated = withPasses(bound({ trait: 'plan', op: 'neq', value: 'pro' }), 'answer_from_bitmaps').root;
    expect(negated).toMatchObject({ kind: 'rows', isNegated: true });
    expect(negated.kind === 'rows' && negated.rows.cardinality).toBe(90);
  });

  it('answer_from_participants: counts of all time without where', () => {
    expect(withPasses(bound(EVER), 'answer_from_participants').root).toMatchObject({ kind: 'participants', min: 2 });
    expect(shape(withPasses(bound(RECENT), 'answer_from_participants').root)).toBe('events');
    const sum = bound({ event: 'Order', aggregate: { fn: 'sum', property: 'total', op: 'gt', value: 1 } });
    expect(shape(withPasses(sum, 'answer_from_participants').root)).toBe('events');
  });

  it('fuse_scans: what meets in an and or or is one scan', () => {
    const half: Expression = { trait: 'score', op: 'gt', value: 3 };
    expect(shape(withPasses(bound({ and: [ADULT, RECENT, half] }), 'fuse_scans').root)).toBe(
      'and(scan:and(numbers,numbers),events)',
    );
    expect(shape(withPasses(bound({ or: [ADULT, half] }), 'fuse_scans').root)).toBe('scan:or(numbers,numbers)');
  });

  it('order_by_selectivity: cheap and selective first; in an or what finds most', () => {
    const plan = bound({ and: [RECENT, { trait: 'note', op: 'contains', value: '7' }, EVER, PRO] });
    const passes: PassName[] = ['answer_from_bitmaps', 'answer_from_participants', 'fuse_scans'];
    const before = withPasses(plan, ...passes).root;
    const { root } = withPasses(plan, ...passes, 'order_by_selectivity');
    expect(shape(before)).toBe('and(events,rows,participants,rows)');
    expect(shape(root)).toBe('and(rows,rows,participants,events)');
    expect(root.kind === 'and' && root.of[0].kind === 'rows' && root.of[0].rows.cardinality).toBe(10);
    const free: Expression = { trait: 'plan', op: 'eq', value: 'free' };
    const either = withPasses(bound({ or: [PRO, free] }), ...passes, 'order_by_selectivity').root;
    expect(either.kind === 'or' && either.of[0].kind === 'rows' && either.of[0].rows.cardinality).toBe(90);
  });

  it('push_candidates, skip_chunks and probe_chains are switches', () => {
    expect(withPasses(bound(PRO)).switches).toEqual(ALL_OFF);
    expect(withPasses(bound(PRO), 'push_candidates', 'skip_chunks', 'probe_chains').switches).toEqual({
      pushCandidates: true,
      skipChunks: true,
      probeChains: true,
    });
  });
});

describe('the builders of formulas', () => {
  it('agree with flatten', () => {
    const [a, b] = [bound(ADULT), bound(OLD)] as Formula[];
    expect(shape(and<Formula>([a, and<Formula>([b, not<Formula>(or<Formula>([]))])]))).toBe('and(numbers,numbers)');
  });
});
