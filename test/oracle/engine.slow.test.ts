/** The engine against the naive model, at length: the same check as in the fast part over many more worlds. */
import { test } from 'vitest';
import type { EngineTally } from './engine-check.ts';
import { checkWorld } from './engine-world.ts';
import { runProperty } from './property-run.ts';

test('for any of many worlds the engine and the naive model agree on batches, lookups and questions', async () => {
  const tally: EngineTally = { questionCount: 0, unsupportedCount: 0 };
  await runProperty({
    worldCount: 400,
    questionCount: 60,
    check: (world) => checkWorld(world, tally),
  });
  console.info(`${tally.questionCount} questions, ${tally.unsupportedCount} of them not supported`);
});
