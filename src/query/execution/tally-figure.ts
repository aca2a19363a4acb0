/** The further figure of a breakdown's group, as far as one worker sees it. */
import { TAG_NUMBER } from '../index/scalar-tag.ts';
import { DistinctSet } from './distinct-set.ts';
import { sortSteps } from './number-sort.ts';
import type { ListedValues } from './value-list.ts';

export type TallyFunction = 'sum' | 'avg' | 'min' | 'max' | 'ranks' | 'count_distinct' | 'first' | 'last';

/** One group's figure, as far as this worker saw it. `numbers` are in order. */
export interface Figure {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly numbers: Float64Array | undefined;
  readonly distinct: { readonly tags: Uint8Array; readonly values: Float64Array } | undefined;
  /** Of the first or last: when, and what. */
  readonly edge:
    | { readonly timeMs: number; readonly index: number; readonly tag: number; readonly value: number }
    | undefined;
}

/** Values of one group on their way to its figure. */
export class FigureCollector {
  readonly #fn: TallyFunction;
  readonly #distinct: DistinctSet | undefined;
  #numbers = new Float64Array(0);
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;
  #timeMs = Number.NaN;
  #index = 0;
  #tag = 0;
  #value = 0;

  constructor(fn: TallyFunction) {
    this.#fn = fn;
    this.#distinct = fn === 'count_distinct' ? new DistinctSet() : undefined;
  }

  add({ tags, values, times, indexes }: ListedValues, v: number): void {
    const value = values[v];
    if (this.#fn === 'count_distinct') this.#distinct!.add(0, tags[v], value);
    else if (this.#fn === 'first' || this.#fn === 'last') this.#addEdge(times[v], indexes[v], tags[v], value);
    else if (tags[v] === TAG_NUMBER) this.#addNumber(value);
  }

  #addNumber(value: number): void {
    if (this.#fn === 'ranks') {
      if (this.#count === this.#numbers.length) {
        const larger = new Float64Array(Math.max(16, this.#count * 2));
        larger.set(this.#numbers);
        this.#numbers = larger;
      }
      this.#numbers[this.#count] = value;
    }
    this.#count += 1;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** The first scalar of the earliest or latest event: of one event's several, the first that comes stays. */
  #addEdge(timeMs: number, index: number, tag: number, value: number): void {
    if (this.#count > 0) {
      const order = timeMs - this.#timeMs || index - this.#index;
      if (this.#fn === 'first' ? order >= 0 : order <= 0) return;
    }
    this.#count = 1;
    this.#timeMs = timeMs;
    this.#index = index;
    this.#tag = tag;
    this.#value = value;
  }

  /** Yields what its parts are estimated to have cost. */
  *figure(): Generator<number, Figure, void> {
    const isEdge = this.#fn === 'first' || this.#fn === 'last';
    const numbers = this.#fn === 'ranks' ? this.#numbers.slice(0, this.#count) : undefined;
    if (numbers !== undefined) yield* sortSteps(numbers);
    const edge = { timeMs: this.#timeMs, index: this.#index, tag: this.#tag, value: this.#value };
    return {
      count: this.#count,
      sum: this.#sum,
      min: this.#min,
      max: this.#max,
      numbers,
      distinct: this.#distinct?.entries(),
      edge: isEdge && this.#count > 0 ? edge : undefined,
    };
  }
}
