/** Several workers on one scan of counts, in every order of their steps: who waits for whom, and what they find together. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventLeaf } from '../../../../src/model/expression.ts';
import { ExpressionBinder } from '../../../../src/query/binder/bind-expression.ts';
import { CodeSelector } from '../../../../src/query/binder/code-selector.ts';
import { stop } from '../../../../src/query/execution/chunk-claim.ts';
import { countByScan, rowsOfCounts } from '../../../../src/query/execution/count-rows.ts';
import { captureEventTest } from '../../../../src/query/execution/event-measure.ts';
import { ImageSet } from '../../../../src/query/execution/image-set.ts';
import { Pace } from '../../../../src/query/execution/pace.ts';
import { type Scan, scanSteps } from '../../../../src/query/execution/scan.ts';
import { ScratchMemory } from '../../../../src/query/execution/scratch-memory.ts';
import { HASH_SEED, NOW_MS, track, World } from './world.ts';

const SEED = Number(process.env['KITH_ORACLE_SEED'] ?? 20_261_124);
const THREADS = 3;
const USERS = 40;

function worldOf(eventCount: number): World {
  const world = new World();
  for (let user = 0; user < USERS; user++) world.apply([track(`u${user}`, 'Other', 1)]);
  world.apply(
    Array.from({ length: eventCount }, (_, i) => track(`u${(i * i + 3 * i) % USERS}`, 'Seen', 1 + (i % 90) / 10)),
  );
  return world;
}

function begun(world: World, leaf: EventLeaf) {
  const rowCount = world.data.profiles.count;
  const moment = { nowMs: NOW_MS, atMs: undefined };
  const bound = new ExpressionBinder(world.data, new CodeSelector(HASH_SEED, 1 << 20), moment).bind(leaf);
  if (bound.kind !== 'events') throw new Error('not a leaf of events');
  const counts = countByScan(captureEventTest(bound, rowCount, new ImageSet(), true), bound.measure)!;
  const evaluation = rowsOfCounts(counts, THREADS, new ScratchMemory(), new Pace(), true);
  return { evaluation, scan: evaluation.next().value as Scan };
}

describe('workers that count together', () => {
  // More than one chunk, so that there are pieces for all.
  const world = worldOf(140_000);
  const leaf: EventLeaf = { event: 'Seen', count: { op: 'gte', value: 100 }, window: { last: '4d' } };

  it(`find the same in any order, and when some never come (seed ${SEED})`, () => {
    const alone = begun(world, leaf);
    const steps = scanSteps({ scan: alone.scan, slabs: world.data.memory.slabs, share: { index: 0, count: THREADS } });
    for (const _ of steps);
    const ended = alone.evaluation.next();
    const expected = ended.done === true ? ended.value.cardinality : -1;
    expect(expected).toBeGreaterThan(0);
    expect(expected).toBeLessThan(USERS);
    fc.assert(
      fc.property(fc.array(fc.nat(THREADS - 1), { maxLength: 40 }), fc.nat(THREADS - 1), (order, last) => {
        const { evaluation, scan } = begun(world, leaf);
        const slabs = world.data.memory.slabs;
        const workers = [0, 1, 2].map((index) => scanSteps({ scan, slabs, share: { index, count: THREADS } }));
        for (const worker of order) workers[worker].next();
        // One is always there to the end; then the others find nothing left.
        for (const worker of [workers[last], ...workers]) for (const _ of worker);
        const end = evaluation.next();
        expect(end.done === true && end.value.cardinality).toBe(expected);
      }),
      { seed: SEED, numRuns: 40 },
    );
  });

  it('do not wait for what was stopped', () => {
    const { scan } = begun(world, leaf);
    const slabs = world.data.memory.slabs;
    const [one, two] = [0, 1].map((index) => scanSteps({ scan, slabs, share: { index, count: THREADS } }));
    one.next();
    stop(scan.control);
    expect(two.next().done).toBe(true);
    expect(one.next().done).toBe(true);
  });
});
