/** What each code of a dictionary stands for, written code by code as far as it was asked for; see `scalar-tables.ts`. */
import type { ByteDictionary } from '../../memory/byte-dictionary.ts';
import type { TextColumn } from '../../profile/text-column.ts';
import { BOOLEAN_FALSE, BOOLEAN_TRUE } from '../../profile/value-column.ts';
import { type ArrayVisitor, ArrayWalk } from '../binder/array-walk.ts';
import { TAG_BOOLEAN, TAG_NUMBER, TAG_TEXT } from './scalar-tag.ts';
import type { TextNumbers } from './text-numbers.ts';

/** Of looking a text up in the numbering; of taking an array apart; of one more scalar. A byte that is read counts a nanosecond. */
const TEXT_NS = 250;
const ARRAY_NS = 300;
const SCALAR_NS = 20;
/** As a guess of what is not looked at yet. */
const TEXT_SIZE_BYTES = 20;
const FIRST_SCALARS = 1_024;

export interface DictionaryTable {
  readonly dictionary: ByteDictionary;
  readonly sizeBytes: number;
  /** What is left to do; 0 = all codes are there. */
  readonly costNs: number;
  /** Works for about `costNs`; true when nothing is left. */
  extend(costNs: number): boolean;
}

/** Of each text its number. */
export class TextTable implements DictionaryTable {
  readonly dictionary: ByteDictionary;
  /** By code. */
  numbers = new Float64Array(new SharedArrayBuffer(8));
  readonly #column: TextColumn;
  readonly #texts: TextNumbers;
  #count = 0;

  constructor(column: TextColumn, texts: TextNumbers) {
    this.dictionary = column.dictionary;
    this.#column = column;
    this.#texts = texts;
  }

  get sizeBytes(): number {
    return this.numbers.byteLength;
  }

  get costNs(): number {
    return (this.dictionary.count - this.#count) * (TEXT_NS + TEXT_SIZE_BYTES);
  }

  extend(costNs: number): boolean {
    const { dictionary } = this;
    // Renumbered: its bytes may be gone.
    if (this.#column.dictionary !== dictionary) return true;
    const { count, heap } = dictionary;
    if (count >= this.numbers.length) {
      this.numbers = copied(this.numbers, new Float64Array(new SharedArrayBuffer(capacityFor(count + 1) * 8)));
    }
    let code = this.#count;
    for (let leftNs = costNs; code < count && leftNs > 0; ) {
      code += 1;
      dictionary.locate(code);
      this.numbers[code] = this.#texts.number(heap.block, heap.start, heap.size);
      leftNs -= TEXT_NS + heap.size;
    }
    this.#count = code;
    return code === count;
  }
}

/** Of each array its scalars at the end of a path: those of code k are `[starts[k], starts[k + 1])`. */
export class ScalarTable implements DictionaryTable {
  readonly dictionary: ByteDictionary;
  starts = new Uint32Array(new SharedArrayBuffer(8));
  tags = new Uint8Array(new SharedArrayBuffer(FIRST_SCALARS));
  /** A number, a text's number, or a boolean as columns keep it. */
  values = new Float64Array(new SharedArrayBuffer(FIRST_SCALARS * 8));
  readonly #column: TextColumn;
  readonly #walk: ArrayWalk;
  readonly #visitor: ArrayVisitor;
  #count = 0;
  #scalarCount = 0;
  #spentNs = 0;

  constructor(column: TextColumn, rest: readonly string[], texts: TextNumbers) {
    this.dictionary = column.dictionary;
    this.#column = column;
    this.#walk = new ArrayWalk(rest);
    this.#visitor = {
      present: () => false,
      number: (value) => this.#push(TAG_NUMBER, value),
      boolean: (value) => this.#push(TAG_BOOLEAN, value ? BOOLEAN_TRUE : BOOLEAN_FALSE),
      text: (bytes, start, size) => {
        this.#spentNs += TEXT_NS;
        return this.#push(TAG_TEXT, texts.number(bytes, start, size));
      },
    };
  }

  get sizeBytes(): number {
    return this.starts.byteLength + this.tags.byteLength + this.values.byteLength;
  }

  get costNs(): number {
    return (this.dictionary.count - this.#count) * (ARRAY_NS + TEXT_NS + TEXT_SIZE_BYTES);
  }

  extend(costNs: number): boolean {
    const { dictionary } = this;
    if (this.#column.dictionary !== dictionary) return true;
    const { count, heap } = dictionary;
    if (count + 2 > this.starts.length) {
      this.starts = copied(this.starts, new Uint32Array(new SharedArrayBuffer(capacityFor(count + 2) * 4)));
    }
    let code = this.#count;
    this.#spentNs = 0;
    while (code < count && this.#spentNs < costNs) {
      code += 1;
      this.#walk.run(dictionary, code, this.#visitor);
      this.starts[code + 1] = this.#scalarCount;
      this.#spentNs += ARRAY_NS + heap.size;
    }
    this.#count = code;
    return code === count;
  }

  #push(tag: number, value: number): false {
    if (this.#scalarCount === this.tags.length) {
      const capacity = 2 * this.#scalarCount;
      this.tags = copied(this.tags, new Uint8Array(new SharedArrayBuffer(capacity)));
      this.values = copied(this.values, new Float64Array(new SharedArrayBuffer(capacity * 8)));
    }
    this.tags[this.#scalarCount] = tag;
    this.values[this.#scalarCount++] = value;
    this.#spentNs += SCALAR_NS;
    return false;
  }
}

function capacityFor(count: number): number {
  return count + (count >>> 2);
}

function copied<T extends Uint8Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
