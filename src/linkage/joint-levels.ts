/** How often levels of two fields meet among weighted patterns, and how much evidence that is. */
import { LEVEL_COUNT_MAX, SAME } from './field-kind.ts';
import type { LevelPopulation } from './level-population.ts';

/** Reused: `sum` begins anew. */
export class JointLevels {
  /** Pairs at `parentLevel * LEVEL_COUNT_MAX + level`. */
  readonly pairs = new Float64Array(LEVEL_COUNT_MAX * LEVEL_COUNT_MAX);
  /** The same, each times the pairs that one observation stands for. */
  readonly squares = new Float64Array(LEVEL_COUNT_MAX * LEVEL_COUNT_MAX);

  /** `pairs` is by pattern. Without a parent (-1) all is in row 0. */
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

  /** Over all rows; of "missing" 0. */
  byLevel(levelCount: number): Float64Array {
    const sums = new Float64Array(levelCount);
    for (let cell = 0; cell < this.pairs.length; cell++) {
      const level = cell % LEVEL_COUNT_MAX;
      if (level >= SAME && level < levelCount) sums[level] += this.pairs[cell];
    }
    return sums;
  }
}
