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

/** Groups that are put in order in one go. */
const FRESH_COUNT_MAX = 1_024;
const COMPARE_NS = 60;

/** The first `limit` groups of those with a size, largest first, then by their values. */
export class TopGroups {
  readonly #index: GroupIndex;
  readonly #sizes: Float64Array;
  readonly #limit: number;
  /** In order. */
  #kept: readonly number[] = [];
  #fresh: number[] = [];

  constructor(index: GroupIndex, sizes: Float64Array, limit: number) {
    this.#index = index;
    this.#sizes = sizes;
    this.#limit = limit;
  }

  /** Answers what it is estimated to have cost (ns). */
  add(group: number): number {
    const last = this.#kept.length < this.#limit ? undefined : this.#kept[this.#limit - 1];
    if (last !== undefined && this.#compare(group, last) > 0) return COMPARE_NS;
    this.#fresh.push(group);
    return this.#fresh.length < FRESH_COUNT_MAX ? COMPARE_NS : this.#settle();
  }

  sorted(): readonly number[] {
    this.#settle();
    return this.#kept;
  }

  #settle(): number {
    const fresh = this.#fresh.sort((a, b) => this.#compare(a, b));
    const kept = this.#kept;
    const merged: number[] = [];
    for (let k = 0, f = 0; merged.length < this.#limit && (k < kept.length || f < fresh.length); ) {
      const isKept = f === fresh.length || (k < kept.length && this.#compare(kept[k], fresh[f]) <= 0);
      merged.push(isKept ? kept[k++] : fresh[f++]);
    }
    this.#kept = merged;
    this.#fresh = [];
    return COMPARE_NS * (fresh.length * Math.ceil(Math.log2(fresh.length + 1)) + merged.length);
  }

  #compare(a: number, b: number): number {
    return this.#sizes[b] - this.#sizes[a] || compareValueLists(this.#index.values[a], this.#index.values[b]);
  }
}
