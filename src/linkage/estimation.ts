/**
 * Parameters of the Fellegi–Sunter model by expectation and maximisation over counted patterns (Dempster, Laird & Rubin 1977; Winkler
 * 1988). m = P(level | one person), u = P(level | two people), both given the level of the field that it
 * depends on (`field-tree.ts`) and that both have it; λ = P(one person) of two records drawn at random.
 *
 * The population is all pairs of records. Pairs that no rule files together are taken as two people, so the expectation runs over
 * filed pairs alone, under the λ and u of the whole: no rule's own fields need be left out, as filing is a function of the values
 * and not of who they belong to. u is what is left of the population when the expected matches are taken out.
 *
 * Which bundle of agreements it calls "one person" is decided by where it starts and by `CoarsePatterns`: a household's pairs agree on
 * half of the fields, there may be more of them than duplicates, and the likelihood alone would as soon have them. They are a class
 * of their own where there are enough (`crowd.ts`).
 */

import { chanceTables } from './chance-tables.ts';
import { type AgreementTable, CoarsePatterns } from './coarse-patterns.ts';
import type { ComparedField } from './comparison-data.ts';
import { type Crowd, crowdOf } from './crowd.ts';
import { LEVEL_COUNT_MAX } from './field-kind.ts';
import { type FieldTree, fieldTree, rowStart } from './field-tree.ts';
import { firstGuess } from './first-guess.ts';
import { JointLevels } from './joint-levels.ts';
import type { LevelPopulation } from './level-population.ts';
import type { FieldTables } from './level-tables.ts';
import { keepOrder, matchTables } from './match-tables.ts';

export interface Parameters {
  readonly tree: FieldTree;
  readonly m: readonly FieldTables[];
  readonly u: readonly FieldTables[];
  readonly crowd: Crowd | undefined;
  /** Expected number of filed pairs that are one person. */
  readonly matchCount: number;
  /** λ. */
  readonly matchShare: number;
  readonly iterationCount: number;
}

const ITERATIONS_MAX = 50;
/** Share of the matches that must still move for another iteration. */
const CHANGE_MIN = 1e-3;
/** Beyond this a product of ratios may overflow. */
const RATIO_MAX = 1e200;
/** Half a pair: with none expected a match is unlikely, not impossible. */
const MATCHES_MIN = 0.5;

export function estimateParameters(
  fields: readonly ComparedField[],
  population: LevelPopulation,
  recordCount: number,
): Parameters {
  return new Estimation(fields, population, recordCount).run();
}

class Estimation {
  readonly #fields: readonly ComparedField[];
  readonly #population: LevelPopulation;
  readonly #coarse: CoarsePatterns;
  readonly #joint = new JointLevels();
  /** By pattern: pairs; those expected to be one person and of the crowd (none among those not filed); the rest. */
  readonly #pairs: Float64Array;
  readonly #matched: Float64Array;
  readonly #crowd: Float64Array;
  readonly #strangers: Float64Array;

  constructor(fields: readonly ComparedField[], population: LevelPopulation, recordCount: number) {
    this.#fields = fields;
    this.#population = population;
    this.#pairs = population.seen.map((count, index) => count * population.each[index]);
    this.#coarse = new CoarsePatterns(fields, population, this.#pairs);
    const { matched, crowd } = firstGuess(fields, population, this.#pairs, this.#coarse, recordCount);
    this.#matched = matched;
    this.#crowd = crowd;
    this.#strangers = this.#pairs.map((count, index) => count - matched[index] - crowd[index]);
  }

  /** Once with the tree of what the first guess takes for two people, once with that of what is known then. */
  run(): Parameters {
    this.#maximise();
    return this.#maximise();
  }

  #maximise(): Parameters {
    const fields = this.#fields;
    const population = this.#population;
    const tree = fieldTree(
      fields,
      population,
      this.#split(crowdOf(fields, population, this.#crowd, this.#joint)).strangers,
    );
    for (let iterationCount = 1; ; iterationCount++) {
      const matchCount = this.#matched.reduce((sum, pairs) => sum + pairs, 0);
      const matchShare = Math.min(0.5, Math.max(MATCHES_MIN, matchCount) / Math.max(1, population.pairCount));
      const match = matchTables(fields, tree, population, this.#matched, this.#joint);
      const crowd = crowdOf(fields, population, this.#crowd, this.#joint);
      const { strangers, others } = this.#split(crowd);
      const u = chanceTables(fields, tree, population, others, strangers, this.#joint);
      fields.forEach(({ kind }, field) => {
        keepOrder(kind, tree.conditions[field], match.m[field], u[field]);
      });
      const found: Parameters = { tree, m: match.m, u, crowd, matchCount, matchShare, iterationCount };
      const moved = this.#expect(found, match.agreement);
      if (moved <= CHANGE_MIN * Math.max(1, matchCount) || iterationCount === ITERATIONS_MAX) return found;
    }
  }

  /** Without a crowd to speak of, its pairs are strangers too. */
  #split(crowd: Crowd | undefined): { readonly strangers: Float64Array; readonly others: Float64Array } {
    if (crowd === undefined) {
      return { strangers: this.#strangers.map((pairs, index) => pairs + this.#crowd[index]), others: this.#matched };
    }
    return { strangers: this.#strangers, others: this.#matched.map((pairs, index) => pairs + this.#crowd[index]) };
  }

  /** Shares every filed pattern's pairs out between the classes; gives how many matches moved. */
  #expect(
    { tree: { conditions }, m, u, crowd, matchCount, matchShare }: Parameters,
    agreement: readonly AgreementTable[],
  ): number {
    const { fieldCount, levels, filedCount } = this.#population;
    const matchRatios = m.map(({ given }, field) => ratiosTo(u[field], (cell) => given[cell]));
    const crowdRatios = u.map((own, field) =>
      ratiosTo(own, (cell) => crowd?.levels[field][cell % LEVEL_COUNT_MAX] ?? 0),
    );
    const bounds = this.#coarse.bounds(agreement, conditions, matchCount);
    let moved = 0;
    for (let index = 0, at = 0; index < filedCount; index++, at += fieldCount) {
      let match = matchShare;
      let shared = crowd?.share ?? 0;
      for (let field = 0; field < fieldCount; field++) {
        const cell = rowStart(conditions[field], levels, at) + levels[at + field];
        match *= matchRatios[field][cell];
        shared *= crowdRatios[field][cell];
      }
      const total = 1 + match + shared;
      const probability = match > RATIO_MAX ? 1 : match / total;
      const bounded = Math.min(bounds[index], probability);
      // What the bound denies to the matches is two people's the more surely the more it denies; the rest is nobody's.
      const denied = (probability - bounded) * (1 - bounded);
      const crowdPart = crowd === undefined ? 1 : shared / (1 + shared);
      const unmatched = 1 - probability;
      const pairs = this.#pairs[index];
      moved += Math.abs(pairs * bounded - this.#matched[index]);
      this.#matched[index] = pairs * bounded;
      this.#crowd[index] = pairs * (denied + (crowd === undefined ? 0 : unmatched)) * crowdPart;
      this.#strangers[index] = pairs * (unmatched + denied) - this.#crowd[index];
    }
    return moved;
  }
}

/** By cell of the tables: how much likelier than by chance; 1 where the field is missing. */
function ratiosTo({ given }: FieldTables, probabilityOf: (cell: number) => number): Float64Array {
  return given.map((chance, cell) =>
    cell % LEVEL_COUNT_MAX === 0 ? 1 : chance === 0 ? 0 : probabilityOf(cell) / chance,
  );
}
