/**
 * Counter-based randomness: every draw is a hash of (key, position), so any user's data can be made alone, in any
 * order, on any machine. Only 32-bit integer operations and IEEE + − × ÷ √ are used here and in the whole folder:
 * `Math.log`, `exp`, `sin` and `pow` may differ between engines in the last bit, and a checksum would then differ.
 */

const TWO_POW_32 = 4_294_967_296;

/** A bijection on u32 whose output bits all depend on all input bits. Source: "lowbias32", C. Wellons. */
export function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x7feb352d);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Key of a stream of draws from a parent key and a number (a user, a session, a purpose). */
export function deriveKey(key: number, number: number): number {
  return mix(mix(key) + Math.imul(number, 0x9e3779b1));
}

/** Any integer up to 2^53 as a u32 key. */
export function seedKey(seed: number): number {
  return deriveKey(Math.floor(seed / TWO_POW_32) >>> 0, seed >>> 0);
}

/** A stream of draws. Reusable: `reset` costs nothing, so a loop over users makes no garbage. */
export class Random {
  #key = 0;
  #position = 0;

  reset(key: number): this {
    this.#key = key;
    this.#position = 0;
    return this;
  }

  /** Uniform u32. */
  next(): number {
    this.#position = (this.#position + 0x9e3779b9) | 0;
    return mix(this.#key ^ mix(this.#position));
  }

  /** Uniform in [0, 1). */
  fraction(): number {
    return this.next() / TWO_POW_32;
  }

  /** Uniform integer in [0, count). */
  below(count: number): number {
    return Math.floor((this.next() / TWO_POW_32) * count);
  }

  isWithin(probability: number): boolean {
    return this.next() < probability * TWO_POW_32;
  }

  /** Near to standard normal (sum of 12 uniforms of 16 bits), within ±6. */
  normal(): number {
    let sum = 0;
    for (let draw = 0; draw < 6; draw++) {
      const bits = this.next();
      sum += (bits & 0xffff) + (bits >>> 16);
    }
    return sum / 65_536 - 6;
  }
}

/** e^x for |x| ≤ 20 as (1 + x/65536)^65536: 16 squarings, relative error below 0.4 %, the same bits everywhere. */
export function exponential(x: number): number {
  let power = 1 + x / 65_536;
  for (let squaring = 0; squaring < 16; squaring++) power *= power;
  return power;
}
