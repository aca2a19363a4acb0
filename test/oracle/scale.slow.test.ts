/** The engine at a size where columns have several chunks and scans have several workers. */
import { test } from 'vitest';
import { runProperty } from './property-run.ts';
import { checkScaled } from './scale-check.ts';

test.each([1, 4])(
  'for any world lived by tens of thousands, %i shards and the naive model agree',
  async (shardCount) => {
    await runProperty({
      worldCount: 2,
      questionCount: 150,
      salt: 2_000 + shardCount,
      check: (world) => checkScaled(world, { copyCount: 6_000, strangerCount: 5_000, shardCount }),
      tryCount: 40,
    });
  },
);
