/**
 * A text for each tree such that equal texts mean equal trees: plain data by content, everything else (columns, tables of codes,
 * functions) by identity. Knows no kinds of nodes, so new ones need nothing here.
 */

/** Typed arrays up to this long are written out; longer ones count by identity. */
const WRITTEN_LENGTH_MAX = 64;

export class StructuralKeys {
  readonly #identities = new WeakMap<object, number>();
  readonly #keys = new WeakMap<object, string>();
  #count = 0;

  keyOf(value: unknown): string {
    if (typeof value === 'function') return this.#identity(value);
    if (typeof value !== 'object' || value === null)
      return Object.is(value, -0) ? '-0' : `${typeof value} ${String(value)}`;
    let key = this.#keys.get(value);
    if (key === undefined) {
      key = this.#write(value);
      this.#keys.set(value, key);
    }
    return key;
  }

  #write(value: object): string {
    if (Array.isArray(value)) return `[${value.map((part) => this.keyOf(part)).join()}]`;
    if (value instanceof Float64Array && value.length <= WRITTEN_LENGTH_MAX) return `numbers ${value.join()}`;
    if (Object.getPrototypeOf(value) !== Object.prototype) return this.#identity(value);
    const entries = Object.entries(value).map(([name, part]) => `${name}:${this.#quoted(part)}`);
    return `{${entries.join()}}`;
  }

  #quoted(value: unknown): string {
    return typeof value === 'string' ? JSON.stringify(value) : this.keyOf(value);
  }

  #identity(value: object): string {
    let identity = this.#identities.get(value);
    if (identity === undefined) {
      identity = this.#count++;
      this.#identities.set(value, identity);
    }
    return `#${identity}`;
  }
}
