/** Plain data cut into messages and put together again: the same data, in messages of the size that was asked for. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Load, Parcel, unparcel } from '../../../../src/engine/answer/parcel.ts';
import type { Plain } from '../../../../src/engine/answer/part-kind.ts';

const SEED = 20_261_122;

const array = fc.oneof(
  fc.uint8Array({ maxLength: 3_000, size: 'max' }),
  fc.uint16Array({ maxLength: 1_000, size: 'max' }),
  fc.uint32Array({ maxLength: 1_000, size: 'max' }),
  fc.float64Array({ maxLength: 1_000, size: 'max' }),
);
const { plain } = fc.letrec<{ plain: Plain }>((tie) => ({
  plain: fc.oneof(
    { maxDepth: 4 },
    array,
    fc.integer(),
    fc.string(),
    fc.constant(null),
    fc.array(tie('plain'), { maxLength: 5 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('plain')),
  ),
}));

it(`whatever the data, they come out as they were (seed ${SEED})`, async () => {
  let cutCount = 0;
  const property = fc.asyncProperty(plain, fc.integer({ min: 8, max: 4_000 }), async (value, loadSizeBytes) => {
    const parcel = new Parcel(value, loadSizeBytes);
    cutCount += parcel.head.cuts.length;
    const fetched: number[] = [];
    const fetch = async (index: number): Promise<Load> => {
      fetched.push(index);
      const load = parcel.load(index);
      expect(load.reduce((sum, piece) => sum + piece.byteLength, 0)).toBeLessThanOrEqual(loadSizeBytes);
      return load.map((piece) => piece.slice());
    };
    expect(await unparcel(structuredClone(parcel.head), fetch)).toEqual(value);
    expect(fetched).toEqual(Array.from({ length: parcel.head.loadCount }, (_, index) => index));
  });
  await fc.assert(property, { seed: SEED, numRuns: 150 });
  expect(cutCount).toBeGreaterThan(100);
});

it('arrays that share a buffer with others are cut by their own bounds', async () => {
  const all = Float64Array.from({ length: 1_000 }, (_, i) => i);
  const parcel = new Parcel({ some: all.subarray(100, 900) }, 64);
  const back = await unparcel(parcel.head, async (index) => parcel.load(index));
  expect(back).toEqual({ some: all.slice(100, 900) });
});
