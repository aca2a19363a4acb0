/**
 * One world through one engine, compared with the naive model at every step: what became of each batch, every lookup, every
 * question; then again after a restart. Comparisons give a description of the first difference, or undefined.
 */
import type { Engine } from '../../src/engine/engine.ts';
import { canonicalText } from './canonical.ts';
import { compareAnalysis } from './engine-analysis.ts';
import { compareMeasure, comparePages, compareProfiles } from './engine-answer.ts';
import { askCount, askIds, saveSegments, send } from './engine-ask.ts';
import { type EngineHost, type ManualClock, manualClock } from './engine-host.ts';
import { compareLookups } from './engine-lookup.ts';
import { compareWhy } from './engine-why.ts';
import type { Analysis } from './generate/analysis.ts';
import { identityOf, type Question, segmentsOf, type World } from './generate/world.ts';
import type { Moment, Segments } from './naive/event-choice.ts';
import { NaiveModel } from './naive/naive-model.ts';
import { difference, momentOf } from './naive-world.ts';
import { PLAIN, variantsOf } from './variant.ts';

/** So many of the questions are asked after every batch too, to see indexes that are kept up under writes. */
const LIVE_QUESTION_COUNT = 6;

/** So many are asked about one profile each. */
const WHY_QUESTION_COUNT = 20;

/** Shapes that an engine answers `query_unsupported` are counted, so that nobody takes silence for agreement. */
export interface EngineTally {
  questionCount: number;
  unsupportedCount: number;
  analysisCount: number;
  refusedAnalysisCount: number;
  whyCount: number;
}

export function newTally(): EngineTally {
  return { questionCount: 0, unsupportedCount: 0, analysisCount: 0, refusedAnalysisCount: 0, whyCount: 0 };
}

/** Feeds a world to an engine, stopping and opening it again half-way and at the end. */
export class EngineCheck {
  readonly #world: World;
  readonly #host: EngineHost;
  readonly #tally: EngineTally;
  readonly #clock: ManualClock = manualClock();
  readonly #naive: NaiveModel;
  readonly #segments: Segments;

  constructor(world: World, host: EngineHost, tally: EngineTally) {
    this.#world = world;
    this.#host = host;
    this.#tally = tally;
    this.#naive = new NaiveModel(identityOf(world));
    this.#segments = segmentsOf(world);
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
        (await this.#feed(engine, half + 1, batches.length)) ??
        (await this.#compareAll(engine, 'before the restart', true))
      );
    });
    if (late.difference !== undefined) return late;
    const reopened = await this.#withEngine((engine) => this.#compareAll(engine, 'after the restart', false));
    if (reopened.difference !== undefined || reopened.stateHash === late.stateHash) return reopened;
    return { ...reopened, difference: `${this.#host.name}: the state hash changed over the restart` };
  }

  async #withEngine(use: (engine: Engine) => Promise<string | undefined>) {
    const engine = await this.#host.open(this.#clock, identityOf(this.#world));
    try {
      await saveSegments(engine, this.#world.segments ?? []);
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
      const live = await this.#compareQuestions(engine, this.#world.questions.slice(0, LIVE_QUESTION_COUNT));
      if (live !== undefined) return `${this.#host.name}, live: ${live}`;
    }
    return undefined;
  }

  async #compareAll(engine: Engine, when: string, isVaried: boolean): Promise<string | undefined> {
    this.#clock.time = this.#world.nowMs;
    const found =
      (await compareLookups(engine, this.#naive)) ??
      (await this.#compareQuestions(engine, this.#world.questions, isVaried)) ??
      (await this.#compareOtherAnswers(engine));
    return found === undefined ? undefined : `${this.#host.name}, ${when}: ${found}`;
  }

  /** At the clock's time; `isVaried`: by other plans too. */
  async #compareQuestions(
    engine: Engine,
    questions: readonly Question[],
    isVaried = false,
  ): Promise<string | undefined> {
    for (const question of questions) {
      const moment = { ...momentOf(this.#world, question), nowMs: this.#clock.time };
      const expected = this.#naive.query(question.where, moment);
      const text = JSON.stringify(question);
      try {
        const ids = await askIds(engine, question, this.#segments);
        this.#tally.questionCount += 1;
        if (ids === undefined) {
          this.#tally.unsupportedCount += 1;
          continue;
        }
        const found = difference(ids, expected);
        if (found !== '') return `ids ${found} for ${text}`;
        const [count, ...others] = [PLAIN, ...(isVaried ? variantsOf(question) : [])];
        const size = await askCount(engine, question, count);
        if (size !== expected.size) return `count ${size} instead of ${expected.size} for ${text}`;
        for (const options of others) {
          const same = difference((await askIds(engine, question, this.#segments, options)) ?? ids, expected);
          if (same !== '') return `ids ${same} with ${JSON.stringify(options)} for ${text}`;
        }
      } catch (error) {
        return `thrown ${error instanceof Error ? error.stack : String(error)} for ${text}`;
      }
    }
    return undefined;
  }

  async #compareOtherAnswers(engine: Engine): Promise<string | undefined> {
    const moment = { nowMs: this.#clock.time, segments: this.#segments };
    for (const measure of this.#world.measures ?? []) {
      const found = await compareMeasure(engine, this.#naive, measure, moment);
      if (found !== undefined) return `value ${found} for ${JSON.stringify(measure)}`;
    }
    for (const [index, { where, at }] of this.#world.questions.slice(0, WHY_QUESTION_COUNT).entries()) {
      const profile = this.#naive.profiles[index % Math.max(1, this.#naive.profiles.length)];
      if (at !== undefined || profile === undefined) continue;
      const found = await compareWhy(engine, where, profile, moment);
      this.#tally.whyCount += 1;
      if (found !== undefined) return `why ${found} of ${profile.id} for ${JSON.stringify(where)}`;
    }
    for (const analysis of this.#world.analyses ?? []) {
      const { atMs } = momentOf(this.#world, analysis);
      const found = await this.#compareAnalysis(engine, analysis, { ...moment, atMs });
      if (found !== undefined) return found;
    }
    for (const question of this.#world.questions.slice(0, LIVE_QUESTION_COUNT)) {
      const { atMs } = momentOf(this.#world, question);
      const found =
        (await comparePages(engine, question, this.#segments)) ??
        (await compareProfiles(engine, this.#naive, question, { ...moment, atMs }));
      if (found !== undefined) return `page or profiles ${found} for ${JSON.stringify(question)}`;
    }
    return undefined;
  }

  async #compareAnalysis(engine: Engine, analysis: Analysis, moment: Moment): Promise<string | undefined> {
    const text = JSON.stringify(analysis);
    try {
      const found = await compareAnalysis(engine, this.#naive, analysis, moment);
      this.#tally.analysisCount += 1;
      if (found !== 'unsupported') return found === undefined ? undefined : `${analysis.as} ${found} for ${text}`;
      this.#tally.refusedAnalysisCount += 1;
      return undefined;
    } catch (error) {
      return `${analysis.as} thrown ${error instanceof Error ? error.stack : String(error)} for ${text}`;
    }
  }
}
