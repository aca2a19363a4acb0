/**
 * Numbers on their way to be put in order. Money and the like has few distinct values however many events there are, so each value
 * is counted; when too many turn out to be distinct, all are kept one by one instead.
 */

import { TAG_NUMBER } from '../index/scalar-tag.ts';
import type { DistinctSource } from './distinct-input.ts';
import { NumberNumbering } from './group-numbering.ts';
import { sortSteps } from './number-sort.ts';
import type { SortedNumbers } from './sorted-numbers.ts';

/** Distinct values up to which they are counted, whatever their share: the tables then still lie in a cache. */
const COUNTED_MAX = 65_536;
/** Beyond that, numbers a distinct value on average. */
const REPETITION_MIN = 8;

export class GatheredNumbers {
  #numbering: NumberNumbering | undefined = new NumberNumbering();
  #counts = new Float64Array(1_024);
  /** One by one, once counting was given up. */
  #numbers = new Float64Array(0);
  #count = 0;

  /** The first `count` numbers of the list. */
  add(list: Float64Array, count: number): void {
    if (this.#numbering !== undefined) this.#tally(this.#numbering, list, count);
    else {
      this.#reserve(count);
      this.#numbers.set(list.subarray(0, count), this.#count);
    }
    this.#count += count;
    this.#giveUpCounting();
  }

  /** The numbers in the arrays with the first `count` codes of the list. */
  addLists(
    { starts, tags, values }: Extract<DistinctSource, { kind: 'array' }>,
    codes: Float64Array,
    count: number,
  ): void {
    let size = 0;
    for (let i = 0; i < count; i++) size += starts[codes[i] + 1] - starts[codes[i]];
    const list = new Float64Array(size);
    let at = 0;
    for (let i = 0; i < count; i++) {
      for (let s = starts[codes[i]]; s < starts[codes[i] + 1]; s++) if (tags[s] === TAG_NUMBER) list[at++] = values[s];
    }
    this.add(list, at);
  }

  #tally(numbering: NumberNumbering, list: Float64Array, count: number): void {
    for (let i = 0; i < count; i++) {
      const number = numbering.of(list[i]);
      if (number === this.#counts.length) {
        const larger = new Float64Array(number * 2);
        larger.set(this.#counts);
        this.#counts = larger;
      }
      this.#counts[number] += 1;
    }
  }

  #giveUpCounting(): void {
    const numbering = this.#numbering;
    if (numbering === undefined || numbering.count <= Math.max(COUNTED_MAX, this.#count / REPETITION_MIN)) return;
    const values = numbering.values();
    this.#numbering = undefined;
    const size = this.#count;
    this.#count = 0;
    this.#reserve(size);
    values.forEach((value, number) => {
      this.#numbers.fill(value, this.#count, this.#count + this.#counts[number]);
      this.#count += this.#counts[number];
    });
  }

  #reserve(extra: number): void {
    if (this.#count + extra <= this.#numbers.length) return;
    const larger = new Float64Array(Math.max(2 * this.#numbers.length, this.#count + extra));
    larger.set(this.#numbers.subarray(0, this.#count));
    this.#numbers = larger;
  }

  /** In shared memory. Yields what its parts are estimated to have cost. */
  *sortedSteps(): Generator<number, SortedNumbers, void> {
    if (this.#numbering === undefined) {
      const values = new Float64Array(new SharedArrayBuffer(this.#count * 8));
      values.set(this.#numbers.subarray(0, this.#count));
      yield* sortSteps(values);
      return { values, ends: undefined };
    }
    const numbering = this.#numbering;
    const distinct = numbering.values();
    const values = new Float64Array(new SharedArrayBuffer(distinct.length * 8));
    values.set(distinct);
    yield* sortSteps(values);
    const ends = new Float64Array(new SharedArrayBuffer(distinct.length * 8));
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      sum += this.#counts[numbering.of(values[i])];
      ends[i] = sum;
    }
    return { values, ends };
  }
}
