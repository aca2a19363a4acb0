/** What the numbers in each array of a dictionary add up to, by code, so that a scan need not open arrays; see `scalar-tables.ts`. */
import type { ByteDictionary } from '../../memory/byte-dictionary.ts';
import type { TextColumn } from '../../profile/text-column.ts';
import { type ArrayVisitor, ArrayWalk } from '../binder/array-walk.ts';
import type { DictionaryTable } from './dictionary-table.ts';

/** By code, in shared memory. Where `counts` is 0 there is no number. */
export interface ArraySummary {
  readonly sums: Float64Array;
  readonly counts: Float64Array;
  readonly mins: Float64Array;
  readonly maxs: Float64Array;
}

/** Of taking an array apart, besides the bytes that are read. */
const ARRAY_NS = 300;
/** As a guess of what is not looked at yet. */
const ARRAY_SIZE_BYTES = 20;

export class SummaryTable implements DictionaryTable {
  readonly dictionary: ByteDictionary;
  summary: ArraySummary = { sums: doubles(1), counts: doubles(1), mins: doubles(1), maxs: doubles(1) };
  readonly #column: TextColumn;
  readonly #walk: ArrayWalk;
  #count = 0;

  constructor(column: TextColumn, rest: readonly string[]) {
    this.dictionary = column.dictionary;
    this.#column = column;
    this.#walk = new ArrayWalk(rest);
  }

  get sizeBytes(): number {
    return 4 * this.summary.sums.byteLength;
  }

  get costNs(): number {
    return (this.dictionary.count - this.#count) * (ARRAY_NS + ARRAY_SIZE_BYTES);
  }

  extend(costNs: number): boolean {
    const { dictionary } = this;
    // Renumbered: its bytes may be gone.
    if (this.#column.dictionary !== dictionary) return true;
    const { count, heap } = dictionary;
    if (count >= this.summary.sums.length) this.#grow(count + (count >>> 2) + 1);
    const { sums, counts, mins, maxs } = this.summary;
    let code = this.#count;
    const visitor: ArrayVisitor = {
      ...IGNORANT,
      number: (value) => {
        mins[code] = counts[code] === 0 ? value : Math.min(mins[code], value);
        maxs[code] = counts[code] === 0 ? value : Math.max(maxs[code], value);
        counts[code] += 1;
        sums[code] += value;
        return false;
      },
    };
    for (let leftNs = costNs; code < count && leftNs > 0; ) {
      code += 1;
      this.#walk.run(dictionary, code, visitor);
      leftNs -= ARRAY_NS + heap.size;
    }
    this.#count = code;
    return code === count;
  }

  #grow(length: number): void {
    const grown = (from: Float64Array): Float64Array => {
      const to = doubles(length);
      to.set(from);
      return to;
    };
    const { sums, counts, mins, maxs } = this.summary;
    this.summary = { sums: grown(sums), counts: grown(counts), mins: grown(mins), maxs: grown(maxs) };
  }
}

const IGNORANT: ArrayVisitor = {
  present: () => false,
  number: () => false,
  boolean: () => false,
  text: () => false,
};

function doubles(length: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(length * 8));
}
