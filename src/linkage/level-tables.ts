/**
 * P(level of a field | level of its parent) of one class of pairs, from weighted patterns. Thin evidence leans on the level's overall
 * probability; what the evidence is too thin to see is not taken for impossible. A missing parent tells nothing: the overall
 * probability holds.
 */
import { LEVEL_COUNT_MAX, SAME } from './field-kind.ts';
import type { LevelPopulation } from './level-population.ts';

export interface FieldTables {
  /** By level, given that both have the field; of "missing" 0. */
  readonly alone: Float64Array;
  /** P(level | parent's level) at `parentLevel * LEVEL_COUNT_MAX + level`. Without a parent every row is `alone`. */
  readonly given: Float64Array;
}

/** Observations that the overall probability is worth in a row of the table. */
const LEANING = 10;

/** Sums of pairs by (parent's level, level), and of the squares of what each stands for, in reused arrays. */
export class JointLevels {
  readonly pairs = new Float64Array(LEVEL_COUNT_MAX * LEVEL_COUNT_MAX);
  readonly squares = new Float64Array(LEVEL_COUNT_MAX * LEVEL_COUNT_MAX);

  /** Of weighted patterns; without a parent (-1) all is in row 0. `pairs` is by pattern. */
  sum({ fieldCount, levels, each }: LevelPopulation, pairs: Float64Array, parent: number, field: number): void {
    this.pairs.fill(0);
    this.squares.fill(0);
    for (let index = 0, at = 0; index < pairs.length; index++, at += fieldCount) {
      const count = pairs[index];
      if (count === 0) continue;
      const cell = (parent < 0 ? 0 : levels[at + parent] * LEVEL_COUNT_MAX) + levels[at + field];
      this.pairs[cell] += count;
      this.squares[cell] += count * each[index];
    }
  }
}

/** `alone` sums to 1 over the levels from SAME. */
export function tablesOf(alone: Float64Array, joint: JointLevels, hasParent: boolean): FieldTables {
  const given = new Float64Array(LEVEL_COUNT_MAX * LEVEL_COUNT_MAX);
  for (let row = 0; row < LEVEL_COUNT_MAX; row++) {
    const at = row * LEVEL_COUNT_MAX;
    let total = 0;
    let squares = 0;
    for (let level = SAME; level < alone.length; level++) {
      total += joint.pairs[at + level];
      squares += joint.squares[at + level];
    }
    const isKnown = hasParent && row !== 0 && total > 0;
    // What one observation of this row stands for.
    const each = isKnown ? squares / total : 1;
    let sum = 0;
    for (let level = SAME; level < alone.length; level++) {
      const overall = alone[level];
      let value = overall;
      if (isKnown) {
        const leaning = LEANING * each;
        value = (joint.pairs[at + level] + leaning * overall) / (total + leaning);
        value = Math.max(value, Math.min(overall, each / total));
      }
      given[at + level] = value;
      sum += value;
    }
    for (let level = SAME; level < alone.length; level++) given[at + level] /= sum;
  }
  return { alone, given };
}
