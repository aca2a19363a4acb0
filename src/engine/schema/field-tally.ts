/** What is known of one field (a trait, or a property of one event) while its columns are read, shard after shard. */
import { formatIsoDate } from '../../base/iso-date.ts';
import type { FieldSchema, ValueType } from '../../model/schema.ts';
import { DistinctCounter } from './distinct-counter.ts';
import { TopValues } from './top-values.ts';

const EXAMPLE_COUNT = 5;

export class FieldTally {
  readonly name: string;
  readonly distinct = new DistinctCounter();
  /** Distinct texts and arrays where dictionaries told it. */
  distinctInDictionaries = 0;
  readonly values = new TopValues();
  /** Strings that came by; while all of them are dates, the type is date. */
  areAllDates = true;
  readonly #counts = new Map<ValueType, number>();
  readonly sources = new Set<string>();
  firstMs = Number.POSITIVE_INFINITY;
  lastMs = Number.NEGATIVE_INFINITY;
  /** Read from some of the arrays: counts are estimates. */
  isSampled = false;

  constructor(name: string) {
    this.name = name;
  }

  count(type: ValueType, count: number): void {
    if (count > 0) this.#counts.set(type, (this.#counts.get(type) ?? 0) + count);
  }

  see(firstMs: number, lastMs: number): void {
    if (firstMs < this.firstMs) this.firstMs = firstMs;
    if (lastMs > this.lastMs) this.lastMs = lastMs;
  }

  toSchema(): FieldSchema {
    const types = [...this.#counts]
      .map(([type, count]) => ({ type: type === 'string' && this.areAllDates ? ('date' as const) : type, count }))
      .sort((a, b) => b.count - a.count);
    let count = 0;
    for (const one of types) if (one.type !== 'null') count += one.count;
    return {
      name: this.name,
      types,
      count,
      distinct: this.distinctInDictionaries + this.distinct.count,
      isDistinctExact: this.distinct.isExact && !this.isSampled,
      ...(this.isSampled ? { isSampled: true as const } : {}),
      firstAt: Number.isFinite(this.firstMs) ? formatIsoDate(this.firstMs) : null,
      lastAt: Number.isFinite(this.lastMs) ? formatIsoDate(this.lastMs) : null,
      sources: [...this.sources],
      examples: this.values.top(EXAMPLE_COUNT).map(([value]) => value),
    };
  }
}
