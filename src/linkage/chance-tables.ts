/**
 * u: P(level | two people), from the population less the expected matches and the crowd. How often values are the same is counted from the values
 * themselves and not drawn; with few records and many duplicates the matches are most of that.
 */
import type { ComparedField } from './comparison-data.ts';
import { LEVELS, SAME } from './field-kind.ts';
import type { FieldTree } from './field-tree.ts';
import type { JointLevels } from './joint-levels.ts';
import type { LevelPopulation } from './level-population.ts';
import { type FieldTables, tablesOf } from './level-tables.ts';

/** `strangers` and `others`: by pattern, the pairs that chance is told from, and all the rest. */
export function chanceTables(
  fields: readonly ComparedField[],
  { conditions }: FieldTree,
  population: LevelPopulation,
  others: Float64Array,
  strangers: Float64Array,
  joint: JointLevels,
): readonly FieldTables[] {
  return fields.map(({ kind }, field) => {
    joint.sum(population, strangers, -1, field);
    const same = population.samePairs[field] - sameAmong(population, others, field);
    const alone = overall(joint.byLevel(LEVELS[kind].length), same, population);
    return tablesOf(alone, conditions[field], population, strangers, field, joint);
  });
}

/** `sums` by level. A level that was never seen is rare, not impossible: half an observation. */
function overall(sums: Float64Array, same: number, { each }: LevelPopulation): Float64Array {
  // The last pattern is a drawn one where there are any.
  const least = each.length === 0 ? 0.5 : 0.5 * each[each.length - 1];
  let total = 0;
  for (let level = SAME; level < sums.length; level++) {
    sums[level] = level === SAME ? Math.max(0.5, same) : Math.max(least, sums[level]);
    total += sums[level];
  }
  return sums.map((sum) => sum / total);
}

function sameAmong({ fieldCount, levels, filedCount }: LevelPopulation, others: Float64Array, field: number): number {
  let sum = 0;
  for (let index = 0, at = field; index < filedCount; index++, at += fieldCount) {
    if (levels[at] === SAME) sum += others[index];
  }
  return sum;
}
