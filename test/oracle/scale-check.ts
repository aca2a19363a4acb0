/** A world times so many that scans cross chunks and go to workers, against the naive model of the world itself. */
import type { Engine } from '../../src/engine/engine.ts';
import { askCount, askIds, saveSegments, send } from './engine-ask.ts';
import { crashing, manualClock } from './engine-host.ts';
import { identityOf, type Question, segmentsOf, type World } from './generate/world.ts';
import { copyName, multipliedBatches, strangerBatches, withOwnIdsOnly } from './multiplied-world.ts';
import { NaiveModel } from './naive/naive-model.ts';
import { difference, momentOf, naiveModelOf } from './naive-world.ts';
import { someLeaf } from './unsupported.ts';

export interface Scale {
  readonly copyCount: number;
  readonly strangerCount: number;
  readonly shardCount: number;
}

/** Batches stay below the engine's limit of items and of bytes. */
const COPIES_PER_BATCH = 20;

export async function checkScaled(generated: World, scale: Scale): Promise<string | undefined> {
  const world = withOwnIdsOnly(generated);
  const answers = new ScaledAnswers(world, scale);
  return crashing(scale.shardCount, async (host) => {
    const clock = manualClock();
    const engine = await host.open(clock, identityOf(world));
    try {
      await saveSegments(engine, world.segments ?? []);
      let ref = 0;
      for (const batch of multipliedBatches(world, scale.copyCount, COPIES_PER_BATCH)) {
        clock.time = batch.receivedAtMs;
        await send(engine, batch, ref++);
      }
      for (const batch of strangerBatches(world.nowMs, scale.strangerCount)) await send(engine, batch, ref++);
      clock.time = world.nowMs;
      return await compareAll(engine, world, answers);
    } finally {
      await host.stop(engine);
    }
  });
}

/** What the naive model says of the world and of the strangers, with every person of the world times the copies. */
class ScaledAnswers {
  readonly #world: World;
  readonly #originals: NaiveModel;
  readonly #strangers = new NaiveModel();
  readonly #copyCount: number;

  constructor(world: World, { copyCount, strangerCount }: Scale) {
    this.#world = world;
    this.#originals = naiveModelOf(world);
    this.#copyCount = copyCount;
    for (const { items, receivedAtMs } of strangerBatches(world.nowMs, strangerCount)) {
      this.#strangers.ingest(items, { receivedAtMs });
    }
  }

  get profileCount(): number {
    return this.#originals.profiles.length * this.#copyCount + this.#strangers.profiles.length;
  }

  ids(question: Question): Set<string> {
    const moment = momentOf(this.#world, question);
    const ids = this.#strangers.query(question.where, moment);
    for (const id of this.#originals.query(question.where, moment)) {
      for (let copy = 0; copy < this.#copyCount; copy++) ids.add(copyName(id, copy));
    }
    return ids;
  }
}

async function compareAll(engine: Engine, world: World, answers: ScaledAnswers): Promise<string | undefined> {
  const { profiles } = engine.stats();
  if (profiles !== answers.profileCount) return `${profiles} profiles, not ${answers.profileCount}`;
  for (const question of world.questions) {
    // A copy has another id, and so another bucket.
    if (someLeaf(question.where, segmentsOf(world), (leaf) => 'random' in leaf)) continue;
    const ids = await askIds(engine, question, segmentsOf(world));
    if (ids === undefined) continue;
    const text = JSON.stringify(question);
    const expected = answers.ids(question);
    const found = difference(ids, expected);
    if (found !== '') return `ids ${found.slice(0, 200)} for ${text}`;
    const count = await askCount(engine, question);
    if (count !== expected.size) return `count ${count}, not ${expected.size} for ${text}`;
  }
  return undefined;
}
