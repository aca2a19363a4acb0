/** The engine against the naive model: random worlds, one shard and four, closed in order and struck down. */
import { expect, test } from 'vitest';
import { newTally } from './engine-check.ts';
import { checkWorld, PAIRS } from './engine-world.ts';
import { runProperty, TIMEOUT_MS } from './property-run.ts';
import { regressions } from './regression.ts';

const pairs = Object.entries(PAIRS);

test('every world that once failed gets the same answers from the engine and the naive model', async () => {
  for (const { file, world } of regressions()) {
    for (const [name, pair] of pairs) {
      expect(await checkWorld(world, pair, newTally()), `${file}, ${name}`).toBeUndefined();
    }
  }
});

test.each(pairs)(
  'for any world %s agree with the naive model on batches, lookups and questions',
  async (name, pair) => {
    const tally = newTally();
    const salt = pairs.findIndex(([each]) => each === name);
    await runProperty({ worldCount: 4, questionCount: 80, salt, check: (world) => checkWorld(world, pair, tally) });
    console.info(
      `${tally.questionCount} questions, ${tally.unsupportedCount} refused; ${tally.analysisCount} analyses, ${tally.refusedAnalysisCount} refused`,
    );
    expect(tally.unsupportedCount / tally.questionCount).toBeLessThan(0.2);
  },
  TIMEOUT_MS,
);
