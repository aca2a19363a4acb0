/** A hash set of (row, type, value), for counts of distinct values per row: 13 bytes an entry at a fill of one half, no objects. */
import { mix32 } from '../../base/hash.ts';

const FIRST_SLOTS = 1_024;
const bits = new Float64Array(1);
const halves = new Uint32Array(bits.buffer);

export class DistinctSet {
  count = 0;
  #rows = new Uint32Array(FIRST_SLOTS);
  /** 0 = free. */
  #tags = new Uint8Array(FIRST_SLOTS);
  #values = new Float64Array(FIRST_SLOTS);

  /** Whether it was new. */
  add(row: number, tag: number, value: number): boolean {
    if (this.count * 2 >= this.#tags.length) this.#grow();
    const slot = this.#slotOf(row, tag, value);
    if (this.#tags[slot] !== 0) return false;
    this.#rows[slot] = row;
    this.#tags[slot] = tag;
    this.#values[slot] = value;
    this.count += 1;
    return true;
  }

  /** The slot of the entry or the free one for it. −0 is 0. */
  #slotOf(row: number, tag: number, value: number): number {
    bits[0] = value + 0;
    const mask = this.#tags.length - 1;
    let slot = mix32(mix32(mix32(row) ^ halves[0] ^ tag) ^ halves[1]) & mask;
    while (
      this.#tags[slot] !== 0 &&
      (this.#rows[slot] !== row || this.#tags[slot] !== tag || this.#values[slot] !== value)
    ) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #grow(): void {
    const rows = this.#rows;
    const tags = this.#tags;
    const values = this.#values;
    const size = tags.length * 2;
    this.#rows = new Uint32Array(size);
    this.#tags = new Uint8Array(size);
    this.#values = new Float64Array(size);
    for (let i = 0; i < tags.length; i++) {
      if (tags[i] === 0) continue;
      const slot = this.#slotOf(rows[i], tags[i], values[i]);
      this.#rows[slot] = rows[i];
      this.#tags[slot] = tags[i];
      this.#values[slot] = values[i];
    }
  }

  /** The values, whatever their rows. */
  entries(): { readonly tags: Uint8Array; readonly values: Float64Array } {
    const tags = new Uint8Array(this.count);
    const values = new Float64Array(this.count);
    let at = 0;
    for (let slot = 0; slot < this.#tags.length; slot++) {
      if (this.#tags[slot] === 0) continue;
      tags[at] = this.#tags[slot];
      values[at] = this.#values[slot];
      at += 1;
    }
    return { tags, values };
  }
}
