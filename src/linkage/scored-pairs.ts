/** Pairs with their match weights: columns that grow, 16 bytes a pair. */

export interface ScoredPairs {
  readonly count: number;
  /** Rows, `a[i] < b[i]`. */
  readonly a: Uint32Array;
  readonly b: Uint32Array;
  /** log2 of the odds that they are one person, prior included. */
  readonly weights: Float64Array;
}

export class ScoredPairList {
  #a = new Uint32Array(1_024);
  #b = new Uint32Array(1_024);
  #weights = new Float64Array(1_024);
  #count = 0;

  add(a: number, b: number, weight: number): void {
    if (this.#count === this.#a.length) this.#grow(this.#count * 2);
    this.#a[this.#count] = a;
    this.#b[this.#count] = b;
    this.#weights[this.#count++] = weight;
  }

  addAll({ count, a, b, weights }: ScoredPairs): void {
    const total = this.#count + count;
    if (total > this.#a.length) this.#grow(Math.max(total, this.#a.length * 2));
    this.#a.set(a.subarray(0, count), this.#count);
    this.#b.set(b.subarray(0, count), this.#count);
    this.#weights.set(weights.subarray(0, count), this.#count);
    this.#count = total;
  }

  /** Copies, no longer than what was added. */
  finish(): ScoredPairs {
    const count = this.#count;
    return { count, a: this.#a.slice(0, count), b: this.#b.slice(0, count), weights: this.#weights.slice(0, count) };
  }

  #grow(length: number): void {
    const [a, b, weights] = [this.#a, this.#b, this.#weights];
    this.#a = new Uint32Array(length);
    this.#b = new Uint32Array(length);
    this.#weights = new Float64Array(length);
    this.#a.set(a);
    this.#b.set(b);
    this.#weights.set(weights);
  }
}

/** P(one person) of a match weight. */
export function probabilityOf(weight: number): number {
  return 1 / (1 + 2 ** -weight);
}

export function weightOfProbability(probability: number): number {
  return Math.log2(probability / (1 - probability));
}
