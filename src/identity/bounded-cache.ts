/**
 * What was worked out lately, by text. Two generations: when the young one is full it becomes the old one and the old one is
 * dropped, so that an entry costs no order to keep and memory is bounded by twice `capacity` entries. Long texts are not kept.
 */
const TEXT_LENGTH_MAX = 256;

export class BoundedCache<Value> {
  readonly #capacity: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** What was put in, or what `make` gives; `make` must depend on nothing but the text. */
  get(text: string, make: (text: string) => Value): Value {
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    if (text.length > TEXT_LENGTH_MAX) return make(text);
    const value = this.#old.get(text) ?? make(text);
    if (this.#young.size >= this.#capacity) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, value);
    return value;
  }
}
