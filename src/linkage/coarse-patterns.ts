/**
 * A check on what is called one person, against capture by a larger crowd. Patterns are made coarse (a field is missing, agrees or is
 * apart) and a coarse pattern gets few more matches than the match class itself foretells: if given name, birthday and id are each
 * apart in a tenth of duplicates, hardly a thousandth have all three apart, and a thousand pairs like that are housemates. People who
 * moved are foretold, as fields of an address hang together in the field tree.
 */
import type { ComparedField } from './comparison-data.ts';
import { LEVEL_COUNT_MAX, LEVELS } from './field-kind.ts';
import type { LevelPopulation } from './level-population.ts';
import type { JointLevels } from './level-tables.ts';

/** The match class may be wrong by this factor; also how quickly it may grow into a pattern from one iteration to the next. */
const GENEROSITY = 3;
/** A pattern of one pair shows no crowd. */
const ALWAYS_ALLOWED = 1;

/** P(agrees) of a field where both have it, by the parent's state: missing or none, agreeing, apart. */
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
  bounds(tables: readonly AgreementTable[], parents: Int32Array, matchCount: number): Float64Array {
    const width = this.#fieldCount;
    const byCoarse = this.#examples.map((example, number) => {
      let likelihood = 1;
      for (let field = 0; field < width; field++) {
        const state = this.#states[example * width + field];
        if (state === 0) continue;
        const parent = parents[field];
        const agrees = tables[field][parent < 0 ? 0 : this.#states[example * width + parent]];
        likelihood *= state === 1 ? agrees : 1 - agrees;
      }
      return Math.max(ALWAYS_ALLOWED, GENEROSITY * matchCount * likelihood) / this.#pairs[number];
    });
    return Float64Array.from(this.#coarseOf, (number) => byCoarse[number]);
  }
}

/** From the matches' joint levels; thin rows lean on the overall share. */
export function agreementTable(
  field: ComparedField,
  parent: ComparedField | undefined,
  joint: JointLevels,
): AgreementTable {
  const sums = new Float64Array(3);
  const agreeing = new Float64Array(3);
  for (let row = 0; row < LEVEL_COUNT_MAX; row++) {
    const state = row === 0 || parent === undefined ? 0 : LEVELS[parent.kind][row]?.isAgreement ? 1 : 2;
    LEVELS[field.kind].forEach(({ isAgreement }, level) => {
      if (level === 0) return;
      const pairs = joint.pairs[row * LEVEL_COUNT_MAX + level];
      sums[state] += pairs;
      if (isAgreement) agreeing[state] += pairs;
    });
  }
  const expected = expectedAgreement(field);
  const overall =
    (agreeing[0] + agreeing[1] + agreeing[2] + LEANING * expected) / (sums[0] + sums[1] + sums[2] + LEANING);
  return sums.map((sum, state) => (state === 0 ? overall : (agreeing[state] + LEANING * overall) / (sum + LEANING)));
}

const LEANING = 10;

export function expectedAgreement({ kind }: Pick<ComparedField, 'kind'>): number {
  return LEVELS[kind].reduce((sum, { expected, isAgreement }) => (isAgreement ? sum + expected : sum), 0);
}
