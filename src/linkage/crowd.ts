/**
 * The crowd: pairs of two people who share much for a reason, housemates or colleagues. Among many records two strangers share a street
 * by chance far more often than housemates do, so that no dependence of one field on another shows that surname, street, number and
 * suburb come together; a class of its own does (a third class as in Winkler 1993). Its fields are taken as independent.
 *
 * It counts only where it is one: in two fields at least its pairs are nearly always apart (given name, birthday). What agrees a
 * little everywhere may as well be bad copies of one person.
 */
import type { ComparedField } from './comparison-data.ts';
import { LEVELS, SAME } from './field-kind.ts';
import type { JointLevels } from './joint-levels.ts';
import type { LevelPopulation } from './level-population.ts';

export interface Crowd {
  /** By field and level: P(level | crowd), given that both have the field; of "missing" 0. */
  readonly levels: readonly Float64Array[];
  /** Its share of all pairs of records. */
  readonly share: number;
}

const PAIRS_MIN = 20;
const APART_SHARE_MIN = 0.75;
const APART_FIELDS_MIN = 2;
/** Pairs that even shares over the levels are worth. */
const LEANING = 2;

/** `pairs`: by pattern, those expected to be of the crowd. Undefined: there is none to speak of. */
export function crowdOf(
  fields: readonly ComparedField[],
  population: LevelPopulation,
  pairs: Float64Array,
  joint: JointLevels,
): Crowd | undefined {
  const total = pairs.reduce((sum, count) => sum + count, 0);
  if (total < PAIRS_MIN) return undefined;
  let apartFields = 0;
  const levels = fields.map(({ kind }, field) => {
    joint.sum(population, pairs, -1, field);
    const sums = joint.byLevel(LEVELS[kind].length);
    const present = sums.reduce((sum, count) => sum + count, 0);
    const even = LEANING / (sums.length - SAME);
    const shares = sums.map((sum, level) => (level < SAME ? 0 : (sum + even) / (present + LEANING)));
    const apart = shares.reduce((sum, share, level) => (LEVELS[kind][level].isAgreement ? sum : sum + share), 0);
    if (apart >= APART_SHARE_MIN) apartFields++;
    return shares;
  });
  return apartFields < APART_FIELDS_MIN ? undefined : { levels, share: total / Math.max(1, population.pairCount) };
}
