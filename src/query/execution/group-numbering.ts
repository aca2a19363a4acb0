/** Numbers given out in the order of first sight, without objects: to doubles, and to pairs of such numbers. */
import { mix32 } from '../../base/hash.ts';

const FIRST_SLOTS = 1_024;
const SMALL_COUNT = 65_536;
const bits = new Float64Array(1);
const halves = new Uint32Array(bits.buffer);

/** Doubles ⇄ 0, 1, 2 … Whole numbers below 65,536 are found without hashing. −0 is 0. */
export class NumberNumbering {
  count = 0;
  #values = new Float64Array(FIRST_SLOTS);
  /** Number + 1, 0 = free. */
  #slots = new Uint32Array(2 * FIRST_SLOTS);
  readonly #small = new Uint32Array(SMALL_COUNT);

  of(value: number): number {
    const small = value >>> 0;
    if (small === value && small < SMALL_COUNT) {
      if (this.#small[small] === 0) this.#small[small] = this.#add(value) + 1;
      return this.#small[small] - 1;
    }
    const slot = this.#slotOf(value);
    if (this.#slots[slot] !== 0) return this.#slots[slot] - 1;
    const number = this.#add(value);
    if (this.count * 2 > this.#slots.length) this.#rehash();
    else this.#slots[slot] = number + 1;
    return number;
  }

  #add(value: number): number {
    if (this.count === this.#values.length) {
      const larger = new Float64Array(this.count * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.count] = value;
    return this.count++;
  }

  #slotOf(value: number): number {
    bits[0] = value;
    const mask = this.#slots.length - 1;
    let slot = mix32(mix32(halves[0]) ^ halves[1]) & mask;
    while (this.#slots[slot] !== 0 && this.#values[this.#slots[slot] - 1] !== value) slot = (slot + 1) & mask;
    return slot;
  }

  #rehash(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let number = 0; number < this.count; number++) {
      const value = this.#values[number];
      const small = value >>> 0;
      if (small === value && small < SMALL_COUNT) continue;
      this.#slots[this.#slotOf(value)] = number + 1;
    }
  }

  values(): Float64Array {
    return this.#values.slice(0, this.count);
  }
}

/** Pairs of whole numbers ⇄ 0, 1, 2 … */
export class PairNumbering {
  count = 0;
  #firsts = new Uint32Array(FIRST_SLOTS);
  #seconds = new Uint32Array(FIRST_SLOTS);
  /** Number + 1, 0 = free. */
  #slots = new Uint32Array(2 * FIRST_SLOTS);

  of(first: number, second: number): number {
    const mask = this.#slots.length - 1;
    let slot = mix32(mix32(first) ^ second) & mask;
    for (;;) {
      const number = this.#slots[slot] - 1;
      if (number < 0) break;
      if (this.#firsts[number] === first && this.#seconds[number] === second) return number;
      slot = (slot + 1) & mask;
    }
    if (this.count === this.#firsts.length) this.#grow();
    const number = this.count++;
    this.#firsts[number] = first;
    this.#seconds[number] = second;
    if (this.count * 2 > this.#slots.length) this.#rehash();
    else this.#slots[slot] = number + 1;
    return number;
  }

  firstOf(number: number): number {
    return this.#firsts[number];
  }

  secondOf(number: number): number {
    return this.#seconds[number];
  }

  #grow(): void {
    const firsts = new Uint32Array(this.count * 2);
    const seconds = new Uint32Array(this.count * 2);
    firsts.set(this.#firsts);
    seconds.set(this.#seconds);
    this.#firsts = firsts;
    this.#seconds = seconds;
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let number = 0; number < this.count; number++) {
      let slot = mix32(mix32(this.#firsts[number]) ^ this.#seconds[number]) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
    this.#slots = slots;
  }
}
