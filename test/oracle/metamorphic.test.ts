/** Relations between the engine's own answers, over random worlds. */
import { test } from 'vitest';
import { send } from './engine-check.ts';
import { inFolder, manualClock, openEngine } from './engine-factory.ts';
import type { World } from './generate/world.ts';
import { brokenRelation } from './metamorphic.ts';
import { runProperty } from './property-run.ts';

async function checkWorld(world: World): Promise<string | undefined> {
  return inFolder(async (folder) => {
    const clock = manualClock();
    const engine = await openEngine(folder, 4, clock);
    try {
      for (const [index, batch] of world.batches.entries()) {
        clock.time = batch.receivedAtMs;
        await send(engine, batch, index);
      }
      clock.time = world.nowMs;
      const profileCount = engine.stats().profiles;
      for (const question of world.questions) {
        const broken = await brokenRelation(engine, question, profileCount);
        if (broken !== undefined) return broken;
      }
      return undefined;
    } finally {
      await engine.close();
    }
  });
}

test('for any world and question the engine keeps the laws of logic', async () => {
  await runProperty({ worldCount: 10, questionCount: 40, check: checkWorld, shrinkCount: 100 });
});
