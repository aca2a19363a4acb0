/** Numbers keys 1, 2, 3 … in order of first sight. Keys are whole numbers up to 2^53: open addressing, 12 bytes a slot. */
import { mix } from './seeded-random.ts';

const TWO_POW_32 = 4_294_967_296;

export class KeyNumbering {
  #keys: Float64Array;
  #numbers: Uint32Array;
  #mask: number;
  #count = 0;

  constructor(expectedCount: number) {
    let slots = 1_024;
    while (slots < expectedCount * 2) slots *= 2;
    this.#keys = new Float64Array(slots);
    this.#numbers = new Uint32Array(slots);
    this.#mask = slots - 1;
  }

  get count(): number {
    return this.#count;
  }

  numberOf(key: number): number {
    const slot = this.#slotOf(key);
    const known = this.#numbers[slot];
    if (known !== 0) return known;
    this.#keys[slot] = key;
    const number = ++this.#count;
    this.#numbers[slot] = number;
    if (number * 2 > this.#mask) this.#grow();
    return number;
  }

  #slotOf(key: number): number {
    let slot = mix((key >>> 0) ^ mix(Math.floor(key / TWO_POW_32))) & this.#mask;
    while (this.#numbers[slot] !== 0 && this.#keys[slot] !== key) slot = (slot + 1) & this.#mask;
    return slot;
  }

  #grow(): void {
    const keys = this.#keys;
    const numbers = this.#numbers;
    this.#keys = new Float64Array(keys.length * 2);
    this.#numbers = new Uint32Array(keys.length * 2);
    this.#mask = keys.length * 2 - 1;
    for (let slot = 0; slot < keys.length; slot++) {
      if (numbers[slot] === 0) continue;
      const to = this.#slotOf(keys[slot]);
      this.#keys[to] = keys[slot];
      this.#numbers[to] = numbers[slot];
    }
  }
}
