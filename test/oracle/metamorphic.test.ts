/** Relations between the engine's own answers, over random worlds. */
import { test } from 'vitest';
import { saveSegments, send } from './engine-ask.ts';
import { crashing, manualClock } from './engine-host.ts';
import { identityOf, segmentsOf, type World } from './generate/world.ts';
import { brokenAnalysisLaw, brokenPartition, brokenSequenceLaw } from './laws.ts';
import { brokenRelation } from './metamorphic.ts';
import { runProperty, TIMEOUT_MS } from './property-run.ts';

function checkWorld(world: World): Promise<string | undefined> {
  return crashing(4, async (host) => {
    const clock = manualClock();
    const engine = await host.open(clock, identityOf(world));
    try {
      await saveSegments(engine, world.segments ?? []);
      for (const [index, batch] of world.batches.entries()) {
        clock.time = batch.receivedAtMs;
        await send(engine, batch, index);
      }
      clock.time = world.nowMs;
      const profileCount = engine.stats().profiles;
      for (const question of world.questions) {
        const broken = await brokenRelation(engine, question, profileCount, segmentsOf(world));
        if (broken !== undefined) return broken;
        if ('sequence' in question.where) {
          const law = await brokenSequenceLaw(engine, question.where);
          if (law !== undefined) return law;
        }
      }
      for (const analysis of world.analyses ?? []) {
        const law = await brokenAnalysisLaw(engine, analysis);
        if (law !== undefined) return law;
      }
      return brokenPartition(engine, profileCount);
    } finally {
      await host.stop(engine);
    }
  });
}

test(
  'for any world and question the engine keeps the laws of logic',
  async () => {
    await runProperty({ worldCount: 6, questionCount: 40, check: checkWorld });
  },
  TIMEOUT_MS,
);
