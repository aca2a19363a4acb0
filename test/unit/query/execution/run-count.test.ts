/** Counts in a window by runs, against the naive model: late events, equal times, events that came after the runs were made. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowSet } from '../../../../src/bitmap/row-set.ts';
import type { CountCondition, EventLeaf, Window } from '../../../../src/model/expression.ts';
import { ExpressionBinder } from '../../../../src/query/binder/bind-expression.ts';
import { CodeSelector } from '../../../../src/query/binder/code-selector.ts';
import { WHOLE } from '../../../../src/query/execution/chunk-claim.ts';
import type { Evaluation } from '../../../../src/query/execution/evaluation.ts';
import { ImageSet } from '../../../../src/query/execution/image-set.ts';
import { Pace } from '../../../../src/query/execution/pace.ts';
import {
  captureRunCount,
  isRunCountBetter,
  measureCostNs,
  rowsOfRunCount,
} from '../../../../src/query/execution/run-count-rows.ts';
import { runScan } from '../../../../src/query/execution/scan.ts';
import { ScratchMemory } from '../../../../src/query/execution/scratch-memory.ts';
import { RunStore } from '../../../../src/query/index/event-runs.ts';
import { HASH_SEED, NOW_MS, track, World } from './world.ts';

const SEED = Number(process.env['KITH_ORACLE_SEED'] ?? 20_261_122);

const WINDOWS: readonly Window[] = [
  { last: '5d' },
  { between: ['9d', '2d'] },
  { from: '2024-06-10' },
  { to: '2024-06-12' },
  { from: '2024-06-08', to: '2024-06-13T12:00:00Z' },
];
const count: fc.Arbitrary<CountCondition> = fc.oneof(
  fc.nat(4).map((value): CountCondition => ({ op: 'gte', value: value + 1 })),
  fc.nat(4).map((value): CountCondition => ({ op: 'eq', value })),
  fc.nat(4).map((value): CountCondition => ({ op: 'lte', value })),
  fc.tuple(fc.nat(3), fc.nat(3)).map(([a, b]): CountCondition => ({ op: 'between', value: [a, a + b] })),
);
const event = fc.record({ user: fc.nat(12), daysAgo: fc.integer({ min: -2, max: 48 }).map((n) => n / 4) });

function run(evaluation: Evaluation, world: World): RowSet {
  let step = evaluation.next();
  while (step.done !== true) {
    if (step.value.kind !== 'pause') runScan({ scan: step.value, slabs: world.data.memory.slabs, share: WHOLE });
    step = evaluation.next();
  }
  return step.value;
}

function answerOf(
  world: World,
  leaf: EventLeaf,
  runs: RunStore,
  longShare: number,
  candidates?: RowSet,
): readonly number[] {
  const rowCount = world.data.profiles.count;
  const binder = new ExpressionBinder(world.data, new CodeSelector(HASH_SEED, 1 << 20), {
    nowMs: NOW_MS,
    atMs: undefined,
  });
  const bound = binder.bind(leaf);
  const isNegated = bound.kind === 'not';
  const test = bound.kind === 'not' ? bound.of : bound;
  if (test.kind === 'constant') return test.value !== isNegated ? all(rowCount) : [];
  if (test.kind !== 'events') throw new Error(`not a test of events: ${test.kind}`);
  const captured = { ...captureRunCount(test, rowCount, new ImageSet(runs))!, longShare };
  const rows = run(rowsOfRunCount(captured, candidates, new Pace(), new ScratchMemory()), world);
  return [...rows.rowsFrom(0, rowCount)];
}

const all = (rowCount: number): number[] => Array.from({ length: rowCount }, (_, row) => row);

describe('counts by runs', () => {
  it(`are those of the naive model (seed ${SEED})`, () => {
    fc.assert(
      fc.property(
        fc.array(event, { minLength: 1, maxLength: 60, size: 'max' }),
        fc.array(event, { maxLength: 20 }),
        fc.array(fc.tuple(count, fc.constantFrom(...WINDOWS)), { minLength: 1, maxLength: 6 }),
        (first, later, questions) => {
          const world = new World();
          const runs = new RunStore(1 << 24);
          const check = (): void => {
            for (const [condition, window] of questions) {
              const leaf: EventLeaf = { event: 'Seen', count: condition, window };
              const expected = world.naive.query(leaf, { nowMs: NOW_MS });
              const found = answerOf(world, leaf, runs, 0);
              expect(answerOf(world, leaf, runs, 1)).toEqual(found);
              expect(found.map((row) => world.ids[row])).toEqual(world.ids.filter((id) => expected.has(id)));
              const some = RowSet.of(Uint32Array.from(all(world.data.profiles.count).filter((row) => row % 2 === 0)));
              expect(answerOf(world, leaf, runs, 0, some)).toEqual(found.filter((row) => row % 2 === 0));
            }
          };
          for (const { user, daysAgo } of first) world.add(track(`u${user}`, 'Seen', daysAgo));
          check();
          for (const { user, daysAgo } of later) world.add(track(`u${user}`, 'Seen', daysAgo));
          check();
        },
      ),
      { seed: SEED, numRuns: 60 },
    );
  });

  it('are made once the scans they would have spared would have paid for them', () => {
    const world = new World();
    world.apply(Array.from({ length: 2_000 }, (_, i) => track(`u${i % 5}`, 'Seen', 10 - i / 200)));
    const images = new ImageSet(new RunStore(1 << 24));
    const bound = new ExpressionBinder(world.data, new CodeSelector(HASH_SEED, 1 << 20), {
      nowMs: NOW_MS,
      atMs: undefined,
    }).bind({ event: 'Seen', count: { op: 'gte', value: 3 }, window: { last: '9d' } });
    if (bound.kind !== 'events') throw new Error('not a test of events');
    const captured = captureRunCount(bound, 5, images)!;
    const verdicts = Array.from({ length: 8 }, () => isRunCountBetter(captured, measureCostNs(2_000, 5), 5));
    expect(verdicts[0]).toBe(false);
    expect(verdicts.at(-1)).toBe(true);
    expect(isRunCountBetter(captured, measureCostNs(1, 5), 5)).toBe(false);
  });
});
