/** Counts of one byte a row and the bits made of them, against plain counting; and the memory that is used again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wordCountOf } from '../../../../src/bitmap/portable-bitset.ts';
import type { RowSet } from '../../../../src/bitmap/row-set.ts';
import type { EventLeaf } from '../../../../src/model/expression.ts';
import { ExpressionBinder } from '../../../../src/query/binder/bind-expression.ts';
import { CodeSelector } from '../../../../src/query/binder/code-selector.ts';
import { newControl, WHOLE } from '../../../../src/query/execution/chunk-claim.ts';
import { type CountPack, foundCount, newProgress, packSteps } from '../../../../src/query/execution/count-pack.ts';
import { countByScan, rowsOfCounts } from '../../../../src/query/execution/count-rows.ts';
import { captureEventTest } from '../../../../src/query/execution/event-measure.ts';
import { ImageSet } from '../../../../src/query/execution/image-set.ts';
import { Pace } from '../../../../src/query/execution/pace.ts';
import { runScan } from '../../../../src/query/execution/scan.ts';
import { ScratchMemory } from '../../../../src/query/execution/scratch-memory.ts';
import { HASH_SEED, NOW_MS, track, World } from './world.ts';

const SEED = Number(process.env['KITH_ORACLE_SEED'] ?? 20_261_123);
const THREADS = 3;

function rowsOf(
  world: World,
  leaf: EventLeaf,
  scratch: ScratchMemory,
  isSizeEnough = false,
): readonly string[] | undefined {
  const rowCount = world.data.profiles.count;
  const moment = { nowMs: NOW_MS, atMs: undefined };
  const bound = new ExpressionBinder(world.data, new CodeSelector(HASH_SEED, 1 << 20), moment).bind(leaf);
  const test = bound.kind === 'not' ? bound.of : bound;
  if (test.kind !== 'events') return undefined;
  const counts = countByScan(captureEventTest(test, rowCount, new ImageSet(), true), test.measure);
  if (counts === undefined) return undefined;
  const evaluation = rowsOfCounts(counts, THREADS, scratch, new Pace(), isSizeEnough);
  let step = evaluation.next();
  while (step.done !== true) {
    if (step.value.kind !== 'pause') {
      runScan({ scan: step.value, slabs: world.data.memory.slabs, share: WHOLE });
    }
    step = evaluation.next();
  }
  const found: RowSet = step.value;
  const { cardinality } = found;
  expect(found.rowsFrom(0, rowCount).length).toBe(cardinality);
  return world.ids.filter((_, row) => found.has(row) !== (bound.kind === 'not'));
}

describe('counts by a scan', () => {
  it('are those of the naive model, up to thresholds that fit a byte', () => {
    const world = new World();
    const sizes = [0, 1, 2, 19, 20, 125, 126, 127, 128, 129, 254, 255, 256, 300];
    for (const [user, size] of sizes.entries()) {
      world.add(track(`u${user}`, 'Other', 1));
      for (let i = 0; i < size; i++) world.add(track(`u${user}`, 'Seen', 1 + ((i * 7) % 40) / 10));
    }
    const scratch = new ScratchMemory();
    let fastCount = 0;
    for (const window of [undefined, { last: '3d' }, { between: ['4d', '2d'] }, { last: '1h' }] as const) {
      for (const value of [1, 2, 20, 100, 126, 127, 128, 254, 255, 256]) {
        for (const op of ['gte', 'eq', 'lte'] as const) {
          const leaf: EventLeaf = { event: 'Seen', count: { op, value }, window };
          const found = rowsOf(world, leaf, scratch);
          if (found === undefined) continue;
          expect(rowsOf(world, leaf, scratch, true)).toEqual(found);
          fastCount += 1;
          const expected = world.naive.query(leaf, { nowMs: NOW_MS });
          expect({ leaf, found }).toEqual({ leaf, found: world.ids.filter((id) => expected.has(id)) });
        }
      }
    }
    expect(fastCount).toBeGreaterThan(40);
  });

  it(`pack sums of several workers and leave zeros (seed ${SEED})`, () => {
    const counts = fc.array(fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 127 })), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(fc.array(counts, { minLength: 1, maxLength: 4 }), fc.nat(127), fc.nat(126), (workers, min, top) => {
        const rowCount = Math.max(...workers.map((of) => of.length));
        const wordCount = wordCountOf(rowCount);
        const bytes = workers.map((of) => {
          const counters = new Uint8Array(wordCount * 32);
          counters.set(of);
          return counters;
        });
        const cap = Math.max(...workers.flat());
        for (const max of [Infinity, top]) {
          const pack: CountPack = {
            counters: bytes.map((of) => of.slice()),
            written: Int32Array.from(bytes, () => 1),
            min,
            max,
            rowCount,
            words: new Uint32Array(wordCount),
            progress: newProgress(),
            costNs: 0,
          };
          for (const _ of packSteps(pack, cap, newControl()));
          let count = 0;
          for (let row = 0; row < wordCount * 32; row++) {
            const sum = bytes.reduce((total, of) => total + of[row], 0);
            const isIn = row < rowCount && sum >= min && sum <= max;
            expect((pack.words[row >>> 5] >>> (row & 31)) & 1).toBe(isIn ? 1 : 0);
            count += isIn ? 1 : 0;
          }
          expect(foundCount(pack)).toBe(count);
          for (const left of pack.counters) expect(left.every((value) => value === 0)).toBe(true);
        }
      }),
      { seed: SEED, numRuns: 60 },
    );
  });
});

describe('scratch memory', () => {
  it('is given out again, all zero, and kept within its bound', () => {
    const scratch = new ScratchMemory(16_384);
    const memory = scratch.take(5_000);
    expect(memory.byteLength).toBe(8_192);
    scratch.give(memory);
    expect(scratch.sizeBytes).toBe(8_192);
    expect(scratch.take(8_000)).toBe(memory);
    expect(scratch.take(8_000)).not.toBe(memory);
    scratch.give(scratch.take(100_000));
    expect(scratch.sizeBytes).toBe(0);
  });
});
