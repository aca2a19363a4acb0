import fc from 'fast-check';
import { test } from 'vitest';
import { crashRound } from './crash-round.ts';

test('for any long run with crashes, a client that sends everything again ends where no crash would have led', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.integer(),
        people: fc.integer({ min: 2, max: 60 }),
        batchCount: fc.integer({ min: 50, max: 250 }),
      }),
      crashRound,
    ),
    { numRuns: 60 },
  );
}, 600_000);
