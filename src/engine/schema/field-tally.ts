/** What is known of one field (a trait, or a property of one event): of one column while it is read, then of all that were added. */
import { formatIsoDate } from '../../base/iso-date.ts';
import type { FieldSchema, ValueType } from '../../model/schema.ts';
import { DistinctCounter, type DistinctPart } from './distinct-counter.ts';
import type { Slices } from './slices.ts';
import { type ExampleValue, TopValues } from './top-values.ts';

const EXAMPLE_COUNT = 5;

/** A tally as plain data. Times are infinite where none is known. */
export interface FieldPart {
  readonly name: string;
  readonly types: readonly (readonly [type: ValueType, count: number])[];
  readonly distinct: DistinctPart;
  readonly distinctInDictionaries: number;
  readonly values: readonly (readonly [value: ExampleValue, count: number])[];
  readonly areAllDates: boolean;
  readonly sources: readonly string[];
  readonly firstMs: number;
  readonly lastMs: number;
  readonly isSampled: boolean;
  readonly isInside: boolean;
}

export class FieldTally {
  readonly name: string;
  /** Met inside arrays; nothing has its name as a column of its own. */
  readonly isInside: boolean;
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

  constructor(name: string, isInside = false) {
    this.name = name;
    this.isInside = isInside;
  }

  /** What another column, maybe of another shard, has of the field. */
  async add(part: FieldPart, slices: Slices): Promise<void> {
    for (const [type, count] of part.types) this.count(type, count);
    this.distinctInDictionaries += part.distinctInDictionaries;
    for (const [value, count] of part.values) this.values.add(value, count);
    this.areAllDates &&= part.areAllDates;
    for (const source of part.sources) this.sources.add(source);
    this.see(part.firstMs, part.lastMs);
    this.isSampled ||= part.isSampled;
    await this.distinct.add(part.distinct, slices);
  }

  toPart(): FieldPart {
    return {
      name: this.name,
      types: [...this.#counts],
      distinct: this.distinct.toPart(),
      distinctInDictionaries: this.distinctInDictionaries,
      values: this.values.entries(),
      areAllDates: this.areAllDates,
      sources: [...this.sources],
      firstMs: this.firstMs,
      lastMs: this.lastMs,
      isSampled: this.isSampled,
      isInside: this.isInside,
    };
  }

  count(type: ValueType, count: number): void {
    if (count > 0) this.#counts.set(type, (this.#counts.get(type) ?? 0) + count);
  }

  see(firstMs: number, lastMs: number): void {
    if (firstMs < this.firstMs) this.firstMs = firstMs;
    if (lastMs > this.lastMs) this.lastMs = lastMs;
  }

  /** Those of some of the arrays are not those of all. */
  #timeText(ms: number): string | null {
    return Number.isFinite(ms) && !this.isSampled ? formatIsoDate(ms) : null;
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
      firstAt: this.#timeText(this.firstMs),
      lastAt: this.#timeText(this.lastMs),
      sources: [...this.sources],
      examples: this.values.top(EXAMPLE_COUNT).map(([value]) => value),
    };
  }
}
