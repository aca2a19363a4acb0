/** A world times so many that scans cross chunks and go to workers, against the naive model of the world itself. */
import type { Engine } from '../../src/engine/engine.ts';
import { askCount, askIds, send } from './engine-ask.ts';
import { crashing, manualClock } from './engine-host.ts';
import type { World } from './generate/world.ts';
import { copyName, multipliedBatches } from './multiplied-world.ts';
import type { NaiveModel } from './naive/naive-model.ts';
import { difference, momentOf, naiveModelOf } from './naive-world.ts';

export interface Scale {
  readonly copyCount: number;
  readonly shardCount: number;
}

/** Batches stay below the engine's limit of items and of bytes. */
const COPIES_PER_BATCH = 20;

export async function checkScaled(world: World, { copyCount, shardCount }: Scale): Promise<string | undefined> {
  const naive = naiveModelOf(world);
  return crashing(shardCount, async (host) => {
    const clock = manualClock();
    const engine = await host.open(clock);
    try {
      let ref = 0;
      for (const batch of multipliedBatches(world, copyCount, COPIES_PER_BATCH)) {
        clock.time = batch.receivedAtMs;
        await send(engine, batch, ref++);
      }
      clock.time = world.nowMs;
      return await compareAll(engine, world, naive, copyCount);
    } finally {
      await host.stop(engine);
    }
  });
}

async function compareAll(
  engine: Engine,
  world: World,
  naive: NaiveModel,
  copyCount: number,
): Promise<string | undefined> {
  const { profiles } = engine.stats();
  if (profiles !== naive.profiles.length * copyCount)
    return `${profiles} profiles, not ${naive.profiles.length} × ${copyCount}`;
  for (const question of world.questions) {
    const ids = await askIds(engine, question);
    if (ids === undefined) continue;
    const originals = [...naive.query(question.where, momentOf(world, question))];
    const count = await askCount(engine, question);
    const text = JSON.stringify(question);
    if (count !== originals.length * copyCount)
      return `count ${count}, not ${originals.length} × ${copyCount} for ${text}`;
    const expected = originals.flatMap((id) => Array.from({ length: copyCount }, (_, copy) => copyName(id, copy)));
    const found = difference(ids, new Set(expected));
    if (found !== '') return `ids ${found.slice(0, 200)} for ${text}`;
  }
  return undefined;
}
