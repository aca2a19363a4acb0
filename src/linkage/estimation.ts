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
 * half of the fields, there may be more of them than duplicates, and the likelihood alone would as soon have them.
 */

import { chanceTables } from './chance-tables.ts';
import { CoarsePatterns } from './coarse-patterns.ts';
import type { ComparedField } from './comparison-data.ts';
import { LEVEL_COUNT_MAX } from './field-kind.ts';
import { type FieldTree, fieldTree, rowStart } from './field-tree.ts';
import { firstGuess } from './first-guess.ts';
import { JointLevels } from './joint-levels.ts';
import type { LevelPopulation } from './level-population.ts';
import type { FieldTables } from './level-tables.ts';
import { keepOrder, type MatchTables, matchTables } from './match-tables.ts';

export interface Parameters {
  readonly tree: FieldTree;
  readonly m: readonly FieldTables[];
  readonly u: readonly FieldTables[];
  /** Expected number of filed pairs that are one person. */
  readonly matchCount: number;
  /** λ. */
  readonly matchShare: number;
  readonly iterationCount: number;
}

const ITERATIONS_MAX = 50;
/** Share of the matches that must still move for another iteration. */
const CHANGE_MIN = 1e-3;
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
  /** By pattern: pairs; those expected to be one person (none among those not filed); the others. */
  readonly #pairs: Float64Array;
  readonly #matched: Float64Array;
  readonly #different: Float64Array;

  constructor(fields: readonly ComparedField[], population: LevelPopulation, recordCount: number) {
    this.#fields = fields;
    this.#population = population;
    this.#pairs = population.seen.map((count, index) => count * population.each[index]);
    this.#coarse = new CoarsePatterns(fields, population, this.#pairs);
    this.#matched = firstGuess(fields, population, this.#pairs, this.#coarse, recordCount);
    this.#different = this.#pairs.map((count, index) => count - this.#matched[index]);
  }

  /** Once with the tree of what the first guess takes for two people, once with that of what is known then. */
  run(): Parameters {
    this.#maximise();
    return this.#maximise();
  }

  #maximise(): Parameters {
    const fields = this.#fields;
    const population = this.#population;
    const tree = fieldTree(fields, population, this.#different);
    for (let iterationCount = 1; ; iterationCount++) {
      const matchCount = this.#matched.reduce((sum, pairs) => sum + pairs, 0);
      const matchShare = Math.min(0.5, Math.max(MATCHES_MIN, matchCount) / Math.max(1, population.pairCount));
      const match = matchTables(fields, tree, population, this.#matched, this.#joint);
      const u = chanceTables(fields, tree, population, this.#matched, this.#different, this.#joint);
      fields.forEach(({ kind }, field) => {
        keepOrder(kind, tree.conditions[field], match.m[field], u[field]);
      });
      const moved = this.#expect(tree, match, u, matchCount, matchShare);
      if (moved <= CHANGE_MIN * Math.max(1, matchCount) || iterationCount === ITERATIONS_MAX) {
        return { tree, m: match.m, u, matchCount, matchShare, iterationCount };
      }
    }
  }

  /** Shares every filed pattern's pairs out between the classes; gives how many moved. */
  #expect(
    { conditions }: FieldTree,
    { m, agreement }: MatchTables,
    u: readonly FieldTables[],
    matchCount: number,
    matchShare: number,
  ): number {
    const { fieldCount, levels, filedCount } = this.#population;
    const ratios = m.map(({ given }, field) =>
      given.map((value, cell) => (cell % LEVEL_COUNT_MAX === 0 ? 1 : value / u[field].given[cell])),
    );
    const bounds = this.#coarse.bounds(agreement, conditions, matchCount);
    let moved = 0;
    for (let index = 0, at = 0; index < filedCount; index++, at += fieldCount) {
      let ratio = matchShare / (1 - matchShare);
      for (let field = 0; field < fieldCount; field++) {
        ratio *= ratios[field][rowStart(conditions[field], levels, at) + levels[at + field]];
      }
      // What the bound denies to the matches is two people's the more surely the more it denies; the rest is nobody's.
      const probability = ratio > 1e300 ? 1 : ratio / (1 + ratio);
      const bounded = Math.min(bounds[index], probability);
      moved += this.#pairs[index] * Math.abs(bounded - this.#matched[index] / this.#pairs[index]);
      this.#matched[index] = this.#pairs[index] * bounded;
      this.#different[index] = this.#pairs[index] * (1 - probability + (probability - bounded) * (1 - bounded));
    }
    return moved;
  }
}
