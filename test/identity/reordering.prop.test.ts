import fc from 'fast-check';
import { test } from 'vitest';
import { reordering } from './reordering-run.ts';

test('any order, with repetitions and in batches of any size, gives the same people', async () => {
  await fc.assert(reordering, { numRuns: 10, endOnFailure: true });
});
