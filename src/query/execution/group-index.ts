/** The groups of a breakdown over all shards: a number for each list of values, and their order. */
import type { GroupValue } from '../../model/analysis.ts';
import { EngineError } from '../../model/error.ts';
import { compareValues } from './value-order.ts';

/** Groups of one question. Each is an entry here; past it an answer is of no use to anybody. */
export const GROUP_COUNT_MAX = 1_000_000;

export class GroupIndex {
  readonly values: (readonly GroupValue[])[] = [];
  readonly #numbers = new Map<GroupValue, number>();

  get count(): number {
    return this.values.length;
  }

  /** Errors: query_too_large. */
  of(values: readonly GroupValue[]): number {
    // Of several values the JSON text is the key; a single one is its own.
    const key = values.length === 1 ? values[0] : JSON.stringify(values);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.values.length === GROUP_COUNT_MAX) throw tooManyGroups();
    this.#numbers.set(key, this.values.length);
    this.values.push(values);
    return this.values.length - 1;
  }
}

export function tooManyGroups(): EngineError {
  return new EngineError(
    'query_too_large',
    `the breakdown has more than ${GROUP_COUNT_MAX} groups; narrow "where", or break down by something with fewer values`,
  );
}

function compareValueLists(a: readonly GroupValue[], b: readonly GroupValue[]): number {
  for (let d = 0; d < a.length; d++) {
    const order = compareValues(a[d], b[d]);
    if (order !== 0) return order;
  }
  return 0;
}

/** The first `limit` groups of those with a size, largest first, then by their values. */
export class TopGroups {
  readonly #index: GroupIndex;
  readonly #sizes: Float64Array;
  readonly #limit: number;
  #kept: number[] = [];
  /** None that comes after this one is kept. */
  #last: number | undefined;

  constructor(index: GroupIndex, sizes: Float64Array, limit: number) {
    this.#index = index;
    this.#sizes = sizes;
    this.#limit = limit;
  }

  add(group: number): void {
    if (this.#last !== undefined && this.#compare(group, this.#last) > 0) return;
    this.#kept.push(group);
    if (this.#kept.length >= 2 * this.#limit + 64) this.#cut();
  }

  sorted(): readonly number[] {
    this.#cut();
    return this.#kept;
  }

  #cut(): void {
    this.#kept.sort((a, b) => this.#compare(a, b));
    if (this.#kept.length < this.#limit) return;
    this.#kept.length = this.#limit;
    this.#last = this.#kept[this.#limit - 1];
  }

  #compare(a: number, b: number): number {
    return this.#sizes[b] - this.#sizes[a] || compareValueLists(this.#index.values[a], this.#index.values[b]);
  }
}
