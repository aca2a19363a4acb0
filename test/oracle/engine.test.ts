/** The engine against the naive model: random worlds, one shard and four, before and after restarts. */
import { expect, test } from 'vitest';
import type { EngineTally } from './engine-check.ts';
import { checkWorld } from './engine-world.ts';
import { runProperty } from './property-run.ts';
import { regressions } from './regression.ts';

test('every world that once failed gets the same answers from the engine and the naive model', async () => {
  for (const { file, world } of regressions()) {
    expect(await checkWorld(world, { questionCount: 0, unsupportedCount: 0 }), file).toBeUndefined();
  }
});

test('for any world the engine and the naive model agree on batches, lookups and questions', async () => {
  const tally: EngineTally = { questionCount: 0, unsupportedCount: 0 };
  await runProperty({
    worldCount: 25,
    questionCount: 60,
    check: (world) => checkWorld(world, tally),
  });
  console.info(`${tally.questionCount} questions, ${tally.unsupportedCount} of them not supported`);
});
