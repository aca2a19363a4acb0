import fc from 'fast-check';
import { test } from 'vitest';
import { SUBJECTS } from './memory-subject.ts';
import { MemoryWorld, operations } from './memory-world.ts';

for (const [name, kind] of Object.entries(SUBJECTS)) {
  test(`for any long run of writes, snapshots, checkpoints and restarts, ${name} agrees with its model`, () => {
    fc.assert(
      fc.property(fc.array(operations, { maxLength: 6 }), (lists) => {
        const world = new MemoryWorld(kind);
        for (const operation of lists.flat()) world.run(operation);
        world.finish();
      }),
      { numRuns: 400 },
    );
  }, 600_000);
}
