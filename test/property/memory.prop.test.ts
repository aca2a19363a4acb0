import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SUBJECTS } from './memory-subject.ts';
import { MemoryWorld, operations } from './memory-world.ts';

const RUNS = 60;

for (const [name, kind] of Object.entries(SUBJECTS)) {
  test(`for any writes, snapshots, checkpoints and restarts, ${name} agrees with its model and leaks nothing`, () => {
    fc.assert(
      fc.property(operations, (list) => {
        const world = new MemoryWorld(kind);
        for (const operation of list) world.run(operation);
        world.finish();
      }),
      { numRuns: RUNS },
    );
  });

  test(`for any writes, a second checkpoint of ${name} writes no page, and one after a write does`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 40, max: 300 }), fc.integer(), (count, seed) => {
        const world = new MemoryWorld(kind);
        world.run({ kind: 'write', count, seed });
        world.checkpoint(0, 0);
        expect(world.writtenPageCount).toBeGreaterThan(0);
        world.checkpoint(0, 0);
        expect(world.writtenPageCount).toBe(0);
        world.run({ kind: 'restart' });
        world.checkpoint(0, 0);
        expect(world.writtenPageCount).toBe(0);
        world.finish();
      }),
      { numRuns: 20 },
    );
  });
}
