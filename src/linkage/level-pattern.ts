/**
 * The levels of all fields of a pair as one number, three bits a field, and how often each occurs. Estimation works on these counts:
 * millions of pairs make some thousands of patterns.
 */
import type { ComparisonData } from './comparison-data.ts';
import { LEVEL_COUNT_MAX } from './field-kind.ts';
import { KeyNumbering } from './key-numbering.ts';
import { fieldLevel } from './pair-levels.ts';

export interface PatternCounts {
  /** In order of first sight. */
  readonly patterns: Float64Array;
  readonly counts: Float64Array;
}

export function levelPattern(data: ComparisonData, a: number, b: number): number {
  const width = data.fields.length;
  let pattern = 0;
  for (let field = width - 1; field >= 0; field--) {
    pattern = pattern * LEVEL_COUNT_MAX + fieldLevel(data, field, a * width, b * width);
  }
  return pattern;
}

/** By field. */
export function levelsOfPattern(pattern: number, fieldCount: number): Uint8Array {
  const levels = new Uint8Array(fieldCount);
  for (let field = 0, left = pattern; field < fieldCount; field++) {
    levels[field] = left % LEVEL_COUNT_MAX;
    left = Math.floor(left / LEVEL_COUNT_MAX);
  }
  return levels;
}

export class PatternTally {
  readonly #numbering = new KeyNumbering(4_096);
  #patterns: Float64Array = new Float64Array(4_096);
  #counts: Float64Array = new Float64Array(4_096);

  add(pattern: number, count = 1): void {
    const number = this.#numbering.numberOf(pattern) - 1;
    if (number === this.#patterns.length) {
      this.#patterns = grown(this.#patterns);
      this.#counts = grown(this.#counts);
    }
    this.#patterns[number] = pattern;
    this.#counts[number] += count;
  }

  addAll({ patterns, counts }: PatternCounts): void {
    for (let index = 0; index < patterns.length; index++) this.add(patterns[index], counts[index]);
  }

  finish(): PatternCounts {
    const count = this.#numbering.count;
    return { patterns: this.#patterns.slice(0, count), counts: this.#counts.slice(0, count) };
  }
}

function grown(values: Float64Array): Float64Array {
  const larger = new Float64Array(values.length * 2);
  larger.set(values);
  return larger;
}
