/** Numbers of events measured in ranges of rows, each by a worker of its own, against the naive model. */
import { describe, expect, it } from 'vitest';
import type { EventLeaf } from '../../../../src/model/expression.ts';
import { ExpressionBinder } from '../../../../src/query/binder/bind-expression.ts';
import { CodeSelector } from '../../../../src/query/binder/code-selector.ts';
import { captureEventTest, captureVerdict } from '../../../../src/query/execution/event-measure.ts';
import { ImageSet } from '../../../../src/query/execution/image-set.ts';
import { Pace } from '../../../../src/query/execution/pace.ts';
import { scanSteps } from '../../../../src/query/execution/scan.ts';
import { ScratchMemory } from '../../../../src/query/execution/scratch-memory.ts';
import { rowsOfValues, valueByScan } from '../../../../src/query/execution/value-rows.ts';
import { HASH_SEED, NOW_MS, track, World } from './world.ts';

const USERS = 150;
const COMPARISONS = [
  { op: 'gt', value: 4 },
  { op: 'lte', value: 2 },
  { op: 'between', value: [-1, 7.5] },
  { op: 'in', value: [0, 1, 4] },
  { op: 'exists' },
  { op: 'not_exists' },
] as const;

function rowsOf(world: World, leaf: EventLeaf, threadCount: number, scratch: ScratchMemory, isSizeEnough: boolean) {
  const rowCount = world.data.profiles.count;
  const moment = { nowMs: NOW_MS, atMs: undefined };
  const bound = new ExpressionBinder(world.data, new CodeSelector(HASH_SEED, 1 << 20), moment).bind(leaf);
  const test = bound.kind === 'not' ? bound.of : bound;
  // Some hold for all or for nobody.
  if (test.kind !== 'events') return undefined;
  const images = new ImageSet();
  const scan = captureEventTest(test, rowCount, images, true);
  const values = valueByScan(scan, test.measure, captureVerdict(test.measure, images), threadCount);
  if (values === undefined) return undefined;
  const evaluation = rowsOfValues(values, scratch, new Pace(), isSizeEnough);
  let step = evaluation.next();
  while (step.done !== true) {
    if (step.value.kind !== 'pause') {
      for (let index = threadCount - 1; index >= 0; index--) {
        const share = { index, count: threadCount };
        for (const _ of scanSteps({ scan: step.value, slabs: world.data.memory.slabs, share }));
      }
    }
    step = evaluation.next();
  }
  const found = step.value;
  const { cardinality } = found;
  expect(found.rowsFrom(0, rowCount).length).toBe(cardinality);
  return world.ids.filter((_, row) => found.has(row) !== (bound.kind === 'not'));
}

describe('numbers of events in ranges of rows', () => {
  const world = new World();
  for (let user = 0; user < USERS; user++) world.add(track(`u${user}`, 'Other', 1));
  for (let i = 0; i < 900; i++) {
    const total = i % 13 === 0 ? null : i % 17 === 0 ? 'text' : ((i * 37) % 101) / 4 - 5;
    const user = (i * i) % 97;
    world.add(track(`u${user}`, 'Bought', 1 + (i % 70) / 10, { total, sizes: [i % 5, 'x', i % 3] }));
  }

  it.each([1, 2, 4])('are those of the naive model with %i workers', (threadCount) => {
    const scratch = new ScratchMemory();
    let askedCount = 0;
    for (const window of [undefined, { last: '3d' }, { between: ['5d', '2d'] }, { last: '1h' }] as const) {
      for (const property of ['total', 'sizes']) {
        for (const fn of ['sum', 'avg', 'min', 'max'] as const) {
          for (const comparison of COMPARISONS) {
            const leaf: EventLeaf = { event: 'Bought', aggregate: { fn, property, ...comparison }, window };
            const found = rowsOf(world, leaf, threadCount, scratch, false);
            if (found === undefined) continue;
            const expected = world.naive.query(leaf, { nowMs: NOW_MS });
            expect({ leaf, found }).toEqual({ leaf, found: world.ids.filter((id) => expected.has(id)) });
            expect(rowsOf(world, leaf, threadCount, scratch, true)).toEqual(found);
            askedCount += 1;
          }
        }
      }
    }
    expect(askedCount).toBeGreaterThan(150);
  });

  it('are left to others where workers are many', () => {
    const leaf: EventLeaf = { event: 'Bought', aggregate: { fn: 'sum', property: 'total', op: 'gt', value: 4 } };
    expect(rowsOf(world, leaf, 5, new ScratchMemory(), false)).toBeUndefined();
  });
});
