/**
 * The match weight of a pair: the prior, then the weights of its fields' levels in the order of the field tree. Hot. A pair is given up
 * as soon as the fields left cannot lift it to `least` any more; most pairs of a block are settled by two or three fields. At the end it
 * loses what the crowd explains (`crowd.ts`): the odds are against strangers and housemates together.
 */
import type { ComparisonData } from './comparison-data.ts';
import { LEVEL_COUNT_MAX, SAME } from './field-kind.ts';
import { rowStart } from './field-tree.ts';
import { fieldLevel } from './pair-levels.ts';
import type { Weights } from './weights.ts';

export const GIVEN_UP = Number.NEGATIVE_INFINITY;
/** Sums in another order may differ in the last bits; a pair on the edge must not be given up for that. */
const SLACK = 1e-9;

export class PairScorer {
  readonly #data: ComparisonData;
  readonly #order: Uint8Array;
  readonly #conditions: readonly Uint8Array[];
  readonly #byLevel: readonly Float64Array[];
  readonly #rarity: readonly Float64Array[];
  readonly #rarityShare: readonly Float64Array[];
  readonly #prior: number;
  /** By step: what the weight must have reached after it. */
  readonly #floors: Float64Array;
  readonly #levels: Uint8Array;
  readonly #crowdPrior: number;
  readonly #crowdByLevel: readonly Float64Array[];
  readonly #least: number;

  constructor(data: ComparisonData, { fields, order, prior, crowdPrior }: Weights, least: number) {
    this.#crowdPrior = crowdPrior;
    this.#crowdByLevel = fields.map(({ crowdByLevel }) => crowdByLevel);
    this.#least = least;
    this.#data = data;
    this.#order = order;
    this.#conditions = fields.map(({ conditions }) => conditions);
    this.#byLevel = fields.map(({ byLevel }) => byLevel);
    this.#rarity = fields.map(({ rarity }) => rarity);
    this.#rarityShare = fields.map(({ rarityShare }) => rarityShare);
    this.#prior = prior;
    this.#levels = new Uint8Array(fields.length);
    this.#floors = new Float64Array(fields.length);
    for (let step = order.length - 1, left = SLACK; step >= 0; step--) {
      this.#floors[step] = least - left;
      left += fields[order[step]].most;
    }
  }

  /** GIVEN_UP when it is below `least`. */
  score(a: number, b: number): number {
    const data = this.#data;
    const order = this.#order;
    const levels = this.#levels;
    const width = order.length;
    const aAt = a * width;
    const bAt = b * width;
    let weight = this.#prior;
    for (let step = 0; step < width; step++) {
      const field = order[step];
      const level = fieldLevel(data, field, aAt, bAt);
      levels[field] = level;
      const row = rowStart(this.#conditions[field], levels, 0);
      weight += this.#byLevel[field][row + level];
      if (level === SAME) {
        weight += this.#rarity[field][data.codes[aAt + field]] * this.#rarityShare[field][row / LEVEL_COUNT_MAX];
      }
      if (weight < this.#floors[step]) return GIVEN_UP;
    }
    if (this.#crowdPrior === GIVEN_UP) return weight;
    weight += this.#crowdWeight(aAt);
    return weight < this.#least ? GIVEN_UP : weight;
  }

  /** Of the pair whose levels were told last: 0 or below. */
  #crowdWeight(aAt: number): number {
    const levels = this.#levels;
    let shared = this.#crowdPrior;
    for (let step = 0; step < levels.length; step++) {
      const field = this.#order[step];
      const row = rowStart(this.#conditions[field], levels, 0);
      shared += this.#crowdByLevel[field][row + levels[field]];
      if (levels[field] === SAME) {
        shared += this.#rarity[field][this.#data.codes[aAt + field]] * this.#rarityShare[field][row / LEVEL_COUNT_MAX];
      }
    }
    return crowdPenalty(shared);
  }
}

/** What a pair loses because two people of the crowd explain it, from log2 of how much likelier they do so than strangers. */
export function crowdPenalty(shared: number): number {
  return shared > 500 ? -shared : -Math.log2(1 + 2 ** shared);
}
