/** One world, two opinions: the naive evaluator and DuckDB. Counts the questions and how many told profiles apart. */
import { DuckDbModel } from './duckdb/duckdb-model.ts';
import { compareAnalysisSql } from './duckdb-analysis.ts';
import { ShapeCoverage } from './generate/coverage.ts';
import { segmentsOf, type World } from './generate/world.ts';
import type { NaiveModel } from './naive/naive-model.ts';
import { difference, momentOf, naiveModelOf } from './naive-world.ts';
import { hasTraitLeaf } from './unsupported.ts';

export class DuckDbCheck {
  readonly coverage = new ShapeCoverage();
  /** One analysis in so many is compared: in SQL they cost more than questions. */
  readonly #analysisStride: number;
  questionCount = 0;
  analysisCount = 0;
  /** Questions that were true of somebody and false of somebody. */
  tellingCount = 0;

  constructor(analysisStride = 1) {
    this.#analysisStride = analysisStride;
  }

  async check(world: World): Promise<string | undefined> {
    const naive = naiveModelOf(world);
    const models = new PastModels(naive);
    try {
      for (const question of world.questions) {
        const moment = momentOf(world, question);
        const expected = naive.query(question.where, moment);
        const readsTraits = hasTraitLeaf(question.where, segmentsOf(world));
        const duckdb = await models.open(readsTraits ? moment.atMs : undefined);
        const found = difference(await duckdb.query(question.where, moment), expected);
        if (found !== '') return `DuckDB against the naive model: ${found} for ${JSON.stringify(question)}`;
        this.coverage.record(question);
        this.questionCount += 1;
        if (expected.size > 0 && expected.size < naive.profiles.length) this.tellingCount += 1;
      }
      for (const [i, analysis] of (world.analyses ?? []).entries()) {
        if (i % this.#analysisStride !== 0) continue;
        const moment = momentOf(world, analysis);
        const found = await compareAnalysisSql(await models.open(moment.atMs), naive, analysis, moment);
        if (found !== undefined) return `${analysis.as}: ${found} for ${JSON.stringify(analysis)}`;
        this.coverage.recordAnalysis(analysis);
        this.analysisCount += 1;
      }
      // One value over all is the naive model's word; here it only counts as made.
      for (const measure of world.measures ?? []) this.coverage.recordMeasure(measure);
    } finally {
      models.close();
    }
    return undefined;
  }
}

/** A database a moment, since traits were others then. */
class PastModels {
  readonly #naive: NaiveModel;
  readonly #models = new Map<number | undefined, DuckDbModel>();

  constructor(naive: NaiveModel) {
    this.#naive = naive;
  }

  async open(atMs: number | undefined): Promise<DuckDbModel> {
    let model = this.#models.get(atMs);
    if (model === undefined) {
      model = await DuckDbModel.open(this.#naive.profilesAt(atMs));
      this.#models.set(atMs, model);
    }
    return model;
  }

  close(): void {
    for (const model of this.#models.values()) model.close();
  }
}
