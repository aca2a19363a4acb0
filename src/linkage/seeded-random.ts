/** Draws from a seed: the same everywhere. Source of the mixing: "lowbias32", C. Wellons. */

const TWO_POW_32 = 4_294_967_296;

/** A bijection on u32 whose output bits all depend on all input bits. */
export function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x7feb352d);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

export class SeededRandom {
  readonly #key: number;
  #position = 0;

  constructor(seed: number) {
    this.#key = mix(seed >>> 0) ^ mix(Math.floor(seed / TWO_POW_32) >>> 0);
  }

  /** Uniform in [0, 1). */
  fraction(): number {
    this.#position = (this.#position + 0x9e3779b9) | 0;
    return mix(this.#key ^ mix(this.#position)) / TWO_POW_32;
  }

  /** Uniform integer in [0, count). */
  below(count: number): number {
    return Math.floor(this.fraction() * count);
  }
}
