/**
 * P(level of a field | level of the field that it depends on) of one class of pairs. Thin evidence leans on the level's overall
 * probability, and what the evidence is too thin to see is not taken for impossible.
 */
import { LEVEL_COUNT_MAX, MISSING, SAME } from './field-kind.ts';
import { rowCount } from './field-tree.ts';
import type { JointLevels } from './joint-levels.ts';
import type { LevelPopulation } from './level-population.ts';

export interface FieldTables {
  /** By level, given that both have the field; of "missing" 0. */
  readonly alone: Float64Array;
  /** Row by row as in `rowStart`, LEVEL_COUNT_MAX wide; the last row is `alone`. */
  readonly given: Float64Array;
}

/** Observations that the overall probability is worth in a row of the table. */
const LEANING = 10;

/** `alone` sums to 1 over the levels from SAME; `pairs` is by pattern. */
export function tablesOf(
  alone: Float64Array,
  conditions: Uint8Array,
  population: LevelPopulation,
  pairs: Float64Array,
  field: number,
  joint: JointLevels,
): FieldTables {
  const given = new Float64Array(rowCount(conditions) * LEVEL_COUNT_MAX);
  conditions.forEach((condition, index) => {
    joint.sum(population, pairs, condition, field);
    for (let row = MISSING; row < LEVEL_COUNT_MAX; row++) {
      fillRow(given, (index * LEVEL_COUNT_MAX + row) * LEVEL_COUNT_MAX, alone, joint, row);
    }
  });
  given.set(alone, given.length - LEVEL_COUNT_MAX);
  return { alone, given };
}

function fillRow(
  given: Float64Array,
  at: number,
  alone: Float64Array,
  { pairs, squares }: JointLevels,
  row: number,
): void {
  let total = 0;
  let square = 0;
  for (let level = SAME; level < alone.length; level++) {
    total += pairs[row * LEVEL_COUNT_MAX + level];
    square += squares[row * LEVEL_COUNT_MAX + level];
  }
  if (row === MISSING || total === 0) {
    given.set(alone, at);
    return;
  }
  // What one observation of this row stands for.
  const each = square / total;
  let sum = 0;
  for (let level = SAME; level < alone.length; level++) {
    const value = (pairs[row * LEVEL_COUNT_MAX + level] + LEANING * each * alone[level]) / (total + LEANING * each);
    given[at + level] = Math.max(value, Math.min(alone[level], each / total));
    sum += given[at + level];
  }
  for (let level = SAME; level < alone.length; level++) given[at + level] /= sum;
}
