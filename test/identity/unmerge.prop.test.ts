import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unmergeWith } from './unmerge-run.ts';

test('after any unmerges, and with what comes later, people are as if the pairs had been cut before the first item', async () => {
  let cutCount = 0;
  const unmerge = unmergeWith(() => {
    cutCount += 1;
  });
  await fc.assert(unmerge, { numRuns: 7, endOnFailure: true });
  expect(cutCount).toBeGreaterThan(3);
});
