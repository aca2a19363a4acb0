/** The engine with no rest: a checkpoint after each batch, a restart before each question, everything else as ever. */
import { expect, test } from 'vitest';
import { askIds, saveSegments, send } from './engine-ask.ts';
import { crashing, type EngineHost, manualClock, onDisk } from './engine-host.ts';
import { identityOf, segmentsOf, type World } from './generate/world.ts';
import { NaiveModel } from './naive/naive-model.ts';
import { difference, momentOf } from './naive-world.ts';
import { runProperty, TIMEOUT_MS } from './property-run.ts';

const HOSTS = {
  'one shard on disk': (run: Run) => onDisk(1, run),
  'four shards that crash': (run: Run) => crashing(4, run),
};
type Run = (host: EngineHost) => Promise<string | undefined>;

let questionCount = 0;

async function checkRestless(world: World, host: EngineHost): Promise<string | undefined> {
  const clock = manualClock();
  const identity = identityOf(world);
  const naive = new NaiveModel(identity);
  let engine = await host.open(clock, identity);
  const restart = async (): Promise<void> => {
    await host.stop(engine);
    engine = await host.open(clock, identity);
    await saveSegments(engine, world.segments ?? []);
  };
  try {
    await saveSegments(engine, world.segments ?? []);
    for (const [index, batch] of world.batches.entries()) {
      const { receivedAtMs, sentAtMs, isImport, items } = batch;
      clock.time = receivedAtMs;
      naive.ingest(items, { receivedAtMs, sentAt: sentAtMs, isImport });
      await send(engine, batch, index);
      await engine.checkpoint();
    }
    clock.time = world.nowMs;
    for (const question of world.questions) {
      await restart();
      const ids = await askIds(engine, question, segmentsOf(world));
      questionCount += 1;
      if (ids === undefined) continue;
      const found = difference(ids, naive.query(question.where, momentOf(world, question)));
      if (found !== '') return `after a restart: ids ${found} for ${JSON.stringify(question)}`;
    }
    return undefined;
  } finally {
    await host.stop(engine);
  }
}

test.each(Object.entries(HOSTS))(
  'for any world %s agrees with the naive model after a checkpoint a batch and a restart a question',
  async (_, host) => {
    questionCount = 0;
    const check = (world: World): Promise<string | undefined> => host((each) => checkRestless(world, each));
    await runProperty({ worldCount: 3, questionCount: 12, salt: 70, check });
    expect(questionCount).toBeGreaterThan(3);
  },
  TIMEOUT_MS,
);
