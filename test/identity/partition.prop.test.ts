import fc from 'fast-check';
import { test } from 'vitest';
import { partition } from './partition-run.ts';

test('for any run, any number of shards gives the partition, traits and events of the naive world, each event once', async () => {
  // A run costs half a second: the commands as they are say more than minutes of shrinking.
  await fc.assert(partition, { numRuns: 14, endOnFailure: true });
});
