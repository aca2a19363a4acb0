/**
 * Events of few profiles: instead of a scan, each profile's chain of events is followed back from its last one. A step is a
 * cache miss or two (about 60 ns), a scan passes over an event in 1–3 ns, so the planner weighs the two. Reads the columns as
 * they are now, but no event beyond `eventCount`: what is there never changes.
 */
import { NONE } from '../../profile/event-table.ts';
import type { EventTest, Measure } from '../binder/bound-expression.ts';
import { type NumberSource, numberSources } from '../binder/value-source.ts';
import { fitsNumber } from '../binder/value-test.ts';
import { compileIndexTest, type IndexTest } from './index-test.ts';

export class EventProbe {
  readonly #test: EventTest;
  readonly #eventCount: number;
  readonly #where: IndexTest;
  readonly #inputs: readonly { readonly guard: IndexTest; readonly source: NumberSource }[];
  readonly #present: IndexTest;
  readonly #fits: IndexTest;
  /** Events of the profile at hand that count, newest arrival first. */
  readonly #found: number[] = [];

  constructor(test: EventTest, eventCount: number) {
    const { measure } = test;
    this.#test = test;
    this.#eventCount = eventCount;
    this.#where = compileIndexTest(test.where);
    const sources = measure.kind === 'number' ? numberSources(measure.sources) : [];
    this.#inputs = sources.map((source) => ({ guard: compileIndexTest(source.guard), source }));
    this.#present = compileIndexTest(measure.kind === 'edge' ? measure.present : { kind: 'constant', value: true });
    this.#fits = compileIndexTest(measure.kind === 'edge' ? measure.fits : { kind: 'constant', value: true });
  }

  /** Whether the participant's events satisfy the measure. */
  fits(slot: number): boolean {
    const { measure } = this.#test;
    if (measure.kind === 'count') return this.#fitsCount(slot, measure);
    this.#collect(slot, Infinity);
    if (measure.kind === 'edge') return this.#fitsEdge(measure.fn === 'first');
    const value = this.#aggregate(measure.fn);
    return value !== undefined && fitsNumber(measure.selection, value);
  }

  #fitsCount(slot: number, { min, max }: Extract<Measure, { kind: 'count' }>): boolean {
    const enough = max === Infinity ? min : max + 1;
    this.#collect(slot, enough);
    const count = this.#found.length;
    return count >= min && count <= max;
  }

  /** Stops at `enough` events, and where the chain has gone past the window in order of time. */
  #collect(slot: number, enough: number): void {
    const { table, range } = this.#test;
    const found = this.#found;
    found.length = 0;
    const isOrdered = table.isOrdered(slot);
    const { times, previous } = table;
    let index = table.participantLasts.get(slot);
    while (index !== NONE) {
      if (index < this.#eventCount) {
        const timeMs = times.get(index);
        if (timeMs >= range.fromMs) {
          if (timeMs < range.untilMs && this.#where(index)) {
            found.push(index);
            if (found.length >= enough) return;
          }
        } else if (isOrdered) {
          return;
        }
      }
      index = previous.get(index);
    }
  }

  #fitsEdge(isFirst: boolean): boolean {
    const { times } = this.#test.table;
    let best = NONE;
    let bestMs = 0;
    // Oldest arrival first, so that a tie goes to the earlier one for `first` and to the later one for `last`.
    for (let i = this.#found.length - 1; i >= 0; i--) {
      const index = this.#found[i];
      if (!this.#present(index)) continue;
      const timeMs = times.get(index);
      if (best !== NONE && (isFirst ? timeMs >= bestMs : timeMs < bestMs)) continue;
      best = index;
      bestMs = timeMs;
    }
    return best !== NONE && this.#fits(best);
  }

  #aggregate(fn: 'sum' | 'avg' | 'min' | 'max' | 'count_distinct'): number | undefined {
    let sum = 0;
    let count = 0;
    let min = Infinity;
    let max = -Infinity;
    for (let i = this.#found.length - 1; i >= 0; i--) {
      const index = this.#found[i];
      for (const { guard, source } of this.#inputs) {
        if (!guard(index)) continue;
        if (source.kind === 'plain') {
          const value = source.numbers.get(index);
          if (Number.isNaN(value)) continue;
          sum += value;
          count += 1;
          min = Math.min(min, value);
          max = Math.max(max, value);
        } else {
          const code = source.arrays.codes.get(index);
          const { sums, counts, mins, maxs } = source.summary;
          if (counts[code] === 0) continue;
          sum += sums[code];
          count += counts[code];
          min = Math.min(min, mins[code]);
          max = Math.max(max, maxs[code]);
        }
      }
    }
    if (fn === 'sum') return sum;
    if (count === 0) return undefined;
    return fn === 'avg' ? sum / count : fn === 'min' ? min : max;
  }
}
