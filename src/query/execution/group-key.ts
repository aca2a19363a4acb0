/**
 * The slots of several dimensions as one number, the _key_. One dimension: its slot. Few combinations: counted through like digits.
 * Else pairs are numbered, dimension by dimension, as they are met.
 */
import { PairNumbering } from './group-numbering.ts';

/** Combinations up to which keys are counted through: a table by key then takes 4 MiB. */
const DENSE_COUNT_MAX = 1 << 20;

export class KeySpace {
  readonly #sizes: readonly number[] | undefined;
  readonly #pairs: readonly PairNumbering[];
  readonly #dimensionCount: number;

  /** `sizes`: slots of each dimension, undefined where it is not known beforehand. */
  constructor(sizes: readonly (number | undefined)[]) {
    this.#dimensionCount = sizes.length;
    const product = sizes.reduce<number>((all, size) => all * (size ?? Infinity), 1);
    this.#sizes = sizes.length > 1 && product <= DENSE_COUNT_MAX ? (sizes as readonly number[]) : undefined;
    const pairCount = sizes.length > 1 && this.#sizes === undefined ? sizes.length - 1 : 0;
    this.#pairs = Array.from({ length: pairCount }, () => new PairNumbering());
  }

  /** Takes in the slots of dimension `d`: `keys` go from those of the dimensions before to those with it. */
  extend(keys: Uint32Array, slots: Uint32Array, count: number, d: number): void {
    if (this.#sizes !== undefined) {
      const size = this.#sizes[d];
      for (let n = 0; n < count; n++) keys[n] = keys[n] * size + slots[n];
      return;
    }
    const pairs = this.#pairs[d - 1];
    for (let n = 0; n < count; n++) keys[n] = pairs.of(keys[n], slots[n]);
  }

  /** Combinations met so far, where they are numbered. */
  get pairCount(): number {
    return this.#pairs.length === 0 ? 0 : this.#pairs[this.#pairs.length - 1].count;
  }

  /** Writes the key's slots at `at`. */
  decode(key: number, slots: Uint32Array, at: number): void {
    let rest = key;
    for (let d = this.#dimensionCount - 1; d > 0; d--) {
      if (this.#sizes !== undefined) {
        slots[at + d] = rest % this.#sizes[d];
        rest = Math.floor(rest / this.#sizes[d]);
      } else {
        slots[at + d] = this.#pairs[d - 1].secondOf(rest);
        rest = this.#pairs[d - 1].firstOf(rest);
      }
    }
    slots[at] = rest;
  }
}
