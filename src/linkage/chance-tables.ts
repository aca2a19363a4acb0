/**
 * u: P(level | two people), from the population less the expected matches. How often values are the same is counted from the values
 * themselves and not drawn; with few records and many duplicates the matches are most of that.
 */
import type { ComparedField } from './comparison-data.ts';
import { LEVELS, SAME } from './field-kind.ts';
import type { FieldTree } from './field-tree.ts';
import type { JointLevels } from './joint-levels.ts';
import type { LevelPopulation } from './level-population.ts';
import { type FieldTables, tablesOf } from './level-tables.ts';

/** `matched` and `different`: by pattern, the pairs expected to be one person, and the others. */
export function chanceTables(
  fields: readonly ComparedField[],
  { conditions }: FieldTree,
  population: LevelPopulation,
  matched: Float64Array,
  different: Float64Array,
  joint: JointLevels,
): readonly FieldTables[] {
  return fields.map(({ kind }, field) => {
    joint.sum(population, different, -1, field);
    const same = population.samePairs[field] - matchedSame(population, matched, field);
    const alone = overall(joint.byLevel(LEVELS[kind].length), same, population);
    return tablesOf(alone, conditions[field], population, different, field, joint);
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

function matchedSame(
  { fieldCount, levels, filedCount }: LevelPopulation,
  matched: Float64Array,
  field: number,
): number {
  let sum = 0;
  for (let index = 0, at = field; index < filedCount; index++, at += fieldCount) {
    if (levels[at] === SAME) sum += matched[index];
  }
  return sum;
}
