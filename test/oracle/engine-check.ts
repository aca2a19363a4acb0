/**
 * One world through one engine, compared with the naive model at every step: what became of each batch, every lookup, every
 * question; then again after a restart. Comparisons give a description of the first difference, or undefined.
 */
import type { Engine } from '../../src/engine/engine.ts';
import { EngineError } from '../../src/model/error.ts';
import type { IngestResult } from '../../src/model/ingest.ts';
import { canonicalProfile, canonicalText } from './canonical.ts';
import { type EngineHost, type ManualClock, manualClock } from './engine-host.ts';
import { frameOf } from './frame.ts';
import type { Batch } from './generate/batch.ts';
import type { Question, World } from './generate/world.ts';
import { NaiveModel } from './naive/naive-model.ts';
import { difference, momentOf } from './naive-world.ts';

const EVENT_COUNT = 1_000;

/** Shapes that an engine answers `query_unsupported` are counted, so that nobody takes silence for agreement. */
export interface EngineTally {
  questionCount: number;
  unsupportedCount: number;
}

export async function send(engine: Engine, batch: Batch, ref: number): Promise<IngestResult> {
  const { door, items, sentAtMs, isImport } = batch;
  if (door === 'json') return engine.ingest(items, { sentAt: sentAtMs, isImport, ack: 'applied' });
  const outcome = engine.ingestFrame(frameOf(batch, ref), { ack: 'applied' });
  if (outcome.kind !== 'ingest') throw new TypeError('the frame was not taken as a batch');
  return outcome.result;
}

/** The engine's answer as a set of ids; undefined when it says that it cannot. */
export async function askIds(engine: Engine, { where, at }: Question): Promise<Set<string> | undefined> {
  try {
    const answer = await engine.query({ where, at, as: 'ids', limit: 100_000 });
    if (!('ids' in answer)) throw new TypeError('asked for ids');
    const ids = new Set(answer.ids);
    if (ids.size !== answer.ids.length) throw new TypeError('an id twice');
    return ids;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'query_unsupported') return undefined;
    throw error;
  }
}

export async function askCount(engine: Engine, { where, at }: Question): Promise<number> {
  const answer = await engine.query({ where, at, as: 'count' });
  if (!('count' in answer)) throw new TypeError('asked for a count');
  return answer.count;
}

/** Feeds a world to an engine, stopping and opening it again half-way and at the end. */
export class EngineCheck {
  readonly #world: World;
  readonly #host: EngineHost;
  readonly #tally: EngineTally;
  readonly #clock: ManualClock = manualClock();
  readonly #naive = new NaiveModel();

  constructor(world: World, host: EngineHost, tally: EngineTally) {
    this.#world = world;
    this.#host = host;
    this.#tally = tally;
  }

  /** The first difference; undefined when there is none. `stateHash` is the engine's at the end. */
  async run(): Promise<{ readonly difference: string | undefined; readonly stateHash: string }> {
    const { batches } = this.#world;
    const half = Math.ceil(batches.length / 2);
    const early = await this.#withEngine((engine) => this.#feed(engine, 0, half));
    if (early.difference !== undefined) return early;
    const late = await this.#withEngine(async (engine) => {
      const found = await this.#feed(engine, half, half + 1);
      if (found !== undefined) return found;
      await engine.checkpoint();
      return (
        (await this.#feed(engine, half + 1, batches.length)) ?? (await this.#compareAll(engine, 'before the restart'))
      );
    });
    if (late.difference !== undefined) return late;
    const reopened = await this.#withEngine((engine) => this.#compareAll(engine, 'after the restart'));
    if (reopened.difference !== undefined || reopened.stateHash === late.stateHash) return reopened;
    return { ...reopened, difference: `${this.#host.name}: the state hash changed over the restart` };
  }

  async #withEngine(use: (engine: Engine) => Promise<string | undefined>) {
    const engine = await this.#host.open(this.#clock);
    try {
      return { difference: await use(engine), stateHash: engine.stateHash() };
    } finally {
      await this.#host.stop(engine);
    }
  }

  async #feed(engine: Engine, from: number, to: number): Promise<string | undefined> {
    for (const [index, batch] of this.#world.batches.slice(from, to).entries()) {
      this.#clock.time = batch.receivedAtMs;
      const { receivedAtMs, sentAtMs, isImport } = batch;
      const expected = this.#naive.ingest(batch.items, { receivedAtMs, sentAt: sentAtMs, isImport });
      const { accepted, duplicates, rejected } = await send(engine, batch, index);
      const actual = {
        accepted,
        duplicates,
        rejected: rejected.map(({ index, code }) => ({ index, code })).sort((a, b) => a.index - b.index),
      };
      const [said, wanted] = [canonicalText(actual), canonicalText(expected)];
      if (said !== wanted) return `batch ${from + index}: engine ${said}, naive ${wanted}`;
    }
    return undefined;
  }

  async #compareAll(engine: Engine, when: string): Promise<string | undefined> {
    this.#clock.time = this.#world.nowMs;
    const found = this.#compareLookups(engine) ?? (await this.#compareQuestions(engine));
    return found === undefined ? undefined : `${this.#host.name}, ${when}: ${found}`;
  }

  #compareLookups(engine: Engine): string | undefined {
    if (engine.lookup({ type: 'user_id', value: 'nobody' }) !== undefined)
      return 'an unknown identifier finds a profile';
    for (const identifier of this.#naive.profiles.flatMap((profile) => profile.identifiers)) {
      for (const events of [EVENT_COUNT, 2, 0]) {
        const actual = canonicalProfile(engine.lookup(identifier, { events }));
        const expected = canonicalProfile(this.#naive.lookup(identifier, events));
        if (actual !== expected)
          return `lookup of ${canonicalText(identifier)}:\n  engine ${actual}\n  naive  ${expected}`;
      }
    }
    return undefined;
  }

  async #compareQuestions(engine: Engine): Promise<string | undefined> {
    for (const question of this.#world.questions) {
      const expected = this.#naive.query(question.where, momentOf(this.#world, question));
      const text = JSON.stringify(question);
      try {
        const ids = await askIds(engine, question);
        this.#tally.questionCount += 1;
        if (ids === undefined) {
          this.#tally.unsupportedCount += 1;
          continue;
        }
        const found = difference(ids, expected);
        if (found !== '') return `${found} for ${text}`;
        const count = await askCount(engine, question);
        if (count !== expected.size) return `count ${count} instead of ${expected.size} for ${text}`;
      } catch (error) {
        return `${error instanceof Error ? `${error.name}: ${error.message}` : String(error)} for ${text}`;
      }
    }
    return undefined;
  }
}
