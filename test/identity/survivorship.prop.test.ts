import fc from 'fast-check';
import { test } from 'vitest';
import { survivorship } from './survivorship-run.ts';

test('traits are those that the rules pick from the calls, and a trial tells what comes of a request and changes nothing', async () => {
  await fc.assert(survivorship, { numRuns: 10, endOnFailure: true });
});
