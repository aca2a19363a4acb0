/**
 * Numbers in ascending order, as several lists that need not be merged: the number at a position, and how many are below one, are found
 * by halving. So the parts of workers and shards are asked together, in microseconds, however long they are.
 */

/** `ends`: values are distinct, and value i stands for `ends[i] − ends[i − 1]` numbers. Absent: each stands for itself. */
export interface SortedNumbers {
  readonly values: Float64Array;
  readonly ends: Float64Array | undefined;
}

export class SortedLists {
  readonly count: number;
  readonly #lists: readonly SortedNumbers[];

  constructor(lists: readonly SortedNumbers[]) {
    this.#lists = lists.filter(({ values }) => values.length > 0);
    this.count = this.#lists.reduce((sum, list) => sum + countUntil(list, list.values.length), 0);
  }

  /** The number at a 0-based position below `count`. */
  at(position: number): number {
    const lows = this.#lists.map(() => 0);
    const highs = this.#lists.map(({ values }) => values.length);
    for (;;) {
      let widest = 0;
      for (let l = 1; l < lows.length; l++) if (highs[l] - lows[l] > highs[widest] - lows[widest]) widest = l;
      const pivot = this.#lists[widest].values[(lows[widest] + highs[widest]) >>> 1];
      if (position < this.countBelow(pivot)) {
        this.#lists.forEach(({ values }, l) => {
          highs[l] = Math.min(highs[l], lowerBound(values, pivot));
        });
      } else if (position >= this.#countUpTo(pivot)) {
        this.#lists.forEach(({ values }, l) => {
          lows[l] = Math.max(lows[l], upperBound(values, pivot));
        });
      } else {
        return pivot + 0;
      }
    }
  }

  countBelow(value: number): number {
    return this.#lists.reduce((sum, list) => sum + countUntil(list, lowerBound(list.values, value)), 0);
  }

  #countUpTo(value: number): number {
    return this.#lists.reduce((sum, list) => sum + countUntil(list, upperBound(list.values, value)), 0);
  }

  /** The least number above; infinity when there is none. */
  above(value: number): number {
    const least = this.#lists.reduce((found, { values }) => {
      const at = upperBound(values, value);
      return at < values.length ? Math.min(found, values[at]) : found;
    }, Infinity);
    return least + 0;
  }

  /** The one at position ⌈p ÷ 100 × count⌉, counted from 1; null of none. */
  percentile(p: number): number | null {
    if (this.count === 0) return null;
    return this.at(Math.min(this.count, Math.max(1, Math.ceil((p * this.count) / 100))) - 1);
  }
}

function countUntil({ ends }: SortedNumbers, index: number): number {
  return ends === undefined ? index : index === 0 ? 0 : ends[index - 1];
}

/** First index whose value is not below. */
function lowerBound(values: Float64Array, value: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** First index whose value is above. */
function upperBound(values: Float64Array, value: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
