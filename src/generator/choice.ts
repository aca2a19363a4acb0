/**
 * Draws an index by weight in O(1) (alias method, Walker 1977, built as Vose 1991). Built once from plain weights with
 * + − × ÷ only, so that the table is the same on every machine.
 */
import type { Random } from './random.ts';

export class Choice {
  readonly #share: Float64Array;
  readonly #alias: Uint32Array;

  constructor(weights: readonly number[]) {
    const count = weights.length;
    let total = 0;
    for (const weight of weights) total += weight;
    const share = Float64Array.from(weights, (weight) => (weight * count) / total);
    this.#share = new Float64Array(count).fill(1);
    this.#alias = new Uint32Array(count);
    const poor: number[] = [];
    const rich: number[] = [];
    for (let index = 0; index < count; index++) (share[index] < 1 ? poor : rich).push(index);
    while (poor.length > 0 && rich.length > 0) {
      const taker = poor.pop()!;
      const giver = rich[rich.length - 1];
      this.#share[taker] = share[taker];
      this.#alias[taker] = giver;
      share[giver] -= 1 - share[taker];
      if (share[giver] < 1) poor.push(rich.pop()!);
    }
  }

  draw(random: Random): number {
    const position = random.fraction() * this.#share.length;
    const index = Math.floor(position);
    return position - index < this.#share[index] ? index : this.#alias[index];
  }
}

/** Weights 1, 1/2, 1/3 … 1/count. */
export function zipfWeights(count: number): number[] {
  return Array.from({ length: count }, (_, index) => 1 / (index + 1));
}
