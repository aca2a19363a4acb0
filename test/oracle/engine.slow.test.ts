/** The engine against the naive model, at length: the same check as in the fast part over many more worlds. */
import { test } from 'vitest';
import { newTally } from './engine-check.ts';
import { checkWorld, PAIRS } from './engine-world.ts';
import { runProperty } from './property-run.ts';

const pairs = Object.entries(PAIRS);

test.each(pairs)('for any of many worlds %s agree with the naive model', async (name, pair) => {
  const tally = newTally();
  const salt = 1_000 + pairs.findIndex(([each]) => each === name);
  await runProperty({ worldCount: 150, questionCount: 80, salt, check: (world) => checkWorld(world, pair, tally) });
  console.info(
    `${tally.questionCount} questions, ${tally.unsupportedCount} refused; ${tally.analysisCount} analyses, ${tally.refusedAnalysisCount} refused`,
  );
});
