/** Values that belong to groups, one after another in growing arrays: key, type, value, and where edges are asked for time and index. */

import { TAG_BOOLEAN, TAG_NUMBER, TAG_TEXT } from '../index/scalar-tag.ts';
import type { DistinctSource } from './distinct-input.ts';

/** Plain data in shared memory, each `count` long; `times` and `indexes` are empty unless asked for. */
export interface ListedValues {
  readonly keys: Uint32Array;
  readonly tags: Uint8Array;
  readonly values: Float64Array;
  readonly times: Float64Array;
  readonly indexes: Uint32Array;
}

const FIRST_CAPACITY = 1_024;
const TAGS = { numbers: TAG_NUMBER, texts: TAG_TEXT, booleans: TAG_BOOLEAN } as const;

export class ValueList {
  count = 0;
  readonly #isTimed: boolean;
  #keys: Uint32Array = new Uint32Array(FIRST_CAPACITY);
  #tags: Uint8Array = new Uint8Array(FIRST_CAPACITY);
  #values: Float64Array = new Float64Array(FIRST_CAPACITY);
  #times: Float64Array = new Float64Array(0);
  #indexes: Uint32Array = new Uint32Array(0);

  constructor(isTimed: boolean) {
    this.#isTimed = isTimed;
    if (!isTimed) return;
    this.#times = new Float64Array(FIRST_CAPACITY);
    this.#indexes = new Uint32Array(FIRST_CAPACITY);
  }

  add(key: number, tag: number, value: number, timeMs: number, index: number): void {
    if (this.count === this.#keys.length) this.#grow();
    this.#keys[this.count] = key;
    this.#tags[this.count] = tag;
    this.#values[this.count] = value;
    if (this.#isTimed) {
      this.#times[this.count] = timeMs;
      this.#indexes[this.count] = index;
    }
    this.count += 1;
  }

  /** What a source holds where it says `stored`: a number, a text's number, a boolean's code, or the scalars of an array. */
  addStored(source: DistinctSource, stored: number, key: number, timeMs: number, index: number): void {
    if (source.kind === 'array') {
      const { starts, tags, values } = source;
      for (let s = starts[stored]; s < starts[stored + 1]; s++) this.add(key, tags[s], values[s], timeMs, index);
      return;
    }
    const { kind, numberOf } = source;
    this.add(key, TAGS[kind], numberOf === undefined ? stored : numberOf[stored], timeMs, index);
  }

  #grow(): void {
    const capacity = this.#keys.length * 2;
    this.#keys = enlarged(this.#keys, new Uint32Array(capacity));
    this.#tags = enlarged(this.#tags, new Uint8Array(capacity));
    this.#values = enlarged(this.#values, new Float64Array(capacity));
    if (!this.#isTimed) return;
    this.#times = enlarged(this.#times, new Float64Array(capacity));
    this.#indexes = enlarged(this.#indexes, new Uint32Array(capacity));
  }

  listed(): ListedValues {
    const { count } = this;
    const timed = this.#isTimed ? count : 0;
    return {
      keys: enlarged(this.#keys.subarray(0, count), new Uint32Array(new SharedArrayBuffer(count * 4))),
      tags: enlarged(this.#tags.subarray(0, count), new Uint8Array(new SharedArrayBuffer(count))),
      values: enlarged(this.#values.subarray(0, count), new Float64Array(new SharedArrayBuffer(count * 8))),
      times: enlarged(this.#times.subarray(0, timed), new Float64Array(new SharedArrayBuffer(timed * 8))),
      indexes: enlarged(this.#indexes.subarray(0, timed), new Uint32Array(new SharedArrayBuffer(timed * 4))),
    };
  }
}

function enlarged<T extends Uint8Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
