/**
 * A check on what is called one person, against capture by a larger crowd. Patterns are made coarse (a field is missing, agrees or is
 * apart) and a coarse pattern gets few more matches than the match class itself foretells: if given name, birthday and id are each
 * apart in a tenth of duplicates, hardly a thousandth have all three apart, and a thousand pairs like that are housemates. People who
 * moved are foretold, as fields of an address hang together in the field tree.
 */
import type { ComparedField } from './comparison-data.ts';
import { type FieldKind, LEVEL_COUNT_MAX, LEVELS } from './field-kind.ts';
import type { JointLevels } from './joint-levels.ts';
import type { LevelPopulation } from './level-population.ts';

/** The match class may be wrong by this factor; also how quickly it may grow into a pattern from one iteration to the next. */
const GENEROSITY = 3;
/** A pattern of one pair shows no crowd. */
const ALWAYS_ALLOWED = 1;
/** Matches that the overall share of agreement is worth. */
const LEANING = 10;

/** P(agrees) of a field where both have it: for condition c and its state s (agreeing 1, apart 2) at `c * 3 + s`; last, without conditions. */
export type AgreementTable = Float64Array;

export class CoarsePatterns {
  readonly #fieldCount: number;
  /** 0 missing, 1 agrees, 2 apart; of pattern i and field f at `i * fieldCount + f`. */
  readonly #states: Uint8Array;
  /** By pattern: number of its coarse pattern. */
  readonly #coarseOf: Uint32Array;
  /** By coarse pattern: pairs, and one of its patterns. */
  readonly #pairs: number[] = [];
  readonly #examples: number[] = [];

  constructor(fields: readonly ComparedField[], { levels, filedCount }: LevelPopulation, pairs: Float64Array) {
    const width = fields.length;
    this.#fieldCount = width;
    this.#states = new Uint8Array(filedCount * width);
    this.#coarseOf = new Uint32Array(filedCount);
    const numbers = new Map<number, number>();
    const stateOf = fields.map(({ kind }) =>
      LEVELS[kind].map(({ isAgreement }, level) => (level === 0 ? 0 : isAgreement ? 1 : 2)),
    );
    for (let index = 0; index < filedCount; index++) {
      let key = 0;
      for (let field = 0; field < width; field++) {
        const state = stateOf[field][levels[index * width + field]];
        this.#states[index * width + field] = state;
        key = key * 3 + state;
      }
      let number = numbers.get(key);
      if (number === undefined) {
        number = this.#pairs.push(0) - 1;
        this.#examples.push(index);
        numbers.set(key, number);
      }
      this.#coarseOf[index] = number;
      this.#pairs[number] += pairs[index];
    }
  }

  /** By pattern: the greatest probability of being one person that `matchCount` matches of such agreement leave room for. */
  bounds(tables: readonly AgreementTable[], conditions: readonly Uint8Array[], matchCount: number): Float64Array {
    const width = this.#fieldCount;
    const byCoarse = this.#examples.map((example, number) => {
      let likelihood = 1;
      for (let field = 0; field < width; field++) {
        const state = this.#states[example * width + field];
        if (state === 0) continue;
        const agrees = tables[field][this.#cell(conditions[field], example * width)];
        likelihood *= state === 1 ? agrees : 1 - agrees;
      }
      return Math.max(ALWAYS_ALLOWED, GENEROSITY * matchCount * likelihood) / this.#pairs[number];
    });
    return Float64Array.from(this.#coarseOf, (number) => byCoarse[number]);
  }

  #cell(conditions: Uint8Array, at: number): number {
    for (let index = 0; index < conditions.length; index++) {
      const state = this.#states[at + conditions[index]];
      if (state !== 0) return index * 3 + state;
    }
    return conditions.length * 3;
  }
}

/** From the expected matches, by pattern; thin rows lean on the overall share. */
export function agreementTable(
  fields: readonly ComparedField[],
  field: number,
  conditions: Uint8Array,
  population: LevelPopulation,
  matched: Float64Array,
  joint: JointLevels,
): AgreementTable {
  const { kind } = fields[field];
  const table = new Float64Array(conditions.length * 3 + 1);
  joint.sum(population, matched, -1, field);
  const overall = agreeingShare(kind, joint, [0], expectedAgreement(fields[field]));
  conditions.forEach((condition, index) => {
    joint.sum(population, matched, condition, field);
    const rows = LEVELS[fields[condition].kind].map((_, row) => row).slice(1);
    const isAgreeing = (row: number): boolean => LEVELS[fields[condition].kind][row].isAgreement;
    table[index * 3 + 1] = agreeingShare(kind, joint, rows.filter(isAgreeing), overall);
    table[index * 3 + 2] = agreeingShare(
      kind,
      joint,
      rows.filter((row) => !isAgreeing(row)),
      overall,
    );
  });
  table[table.length - 1] = overall;
  return table;
}

function agreeingShare(kind: FieldKind, { pairs }: JointLevels, rows: readonly number[], expected: number): number {
  let [agreeing, all] = [LEANING * expected, LEANING];
  for (const row of rows) {
    LEVELS[kind].forEach(({ isAgreement }, level) => {
      if (level === 0) return;
      all += pairs[row * LEVEL_COUNT_MAX + level];
      if (isAgreement) agreeing += pairs[row * LEVEL_COUNT_MAX + level];
    });
  }
  return agreeing / all;
}

export function expectedAgreement({ kind }: Pick<ComparedField, 'kind'>): number {
  return LEVELS[kind].reduce((sum, { expected, isAgreement }) => (isAgreement ? sum + expected : sum), 0);
}
