/**
 * Which fields depend on which. Suburb, postcode and state agree together, and a household shares surname, address and telephone: taken
 * as independent, two housemates would look like one person many times over. So fields form a tree (Chow & Liu 1968; as tree-augmented
 * naive Bayes, Friedman 1997), and a field's level is judged given another field's level, for one person and for two.
 *
 * Where the parent is missing, the next best of the fields before stands in for it: without that, two housemates whose second line of
 * the address is blank would agree on the house number as if by miracle.
 *
 * The edges are those where agreement on both is most in excess of chance among two people, measured in the number of pairs times bits.
 */
import type { ComparedField } from './comparison-data.ts';
import { LEVEL_COUNT_MAX, LEVELS, MISSING, SAME } from './field-kind.ts';
import { JointLevels } from './joint-levels.ts';
import type { LevelPopulation } from './level-population.ts';

export interface FieldTree {
  /** Every field after those that it is judged given. */
  readonly order: Uint8Array;
  /** By field: fields that it depends on, the strongest first; the first of them that a pair has is its condition. */
  readonly conditions: readonly Uint8Array[];
}

/** How many stand by for a missing parent, itself included. */
const CONDITIONS_MAX = 3;

/** Between siblings there is always an edge: exchanged fields are exchanged both. */
const SIBLING_EXCESS = Number.MAX_VALUE;

/** `different`: by pattern, the pairs (of `seen × each`) that are two people. */
export function fieldTree(
  fields: readonly ComparedField[],
  population: LevelPopulation,
  different: Float64Array,
): FieldTree {
  const width = fields.length;
  const excess = excessOf(fields, population, different);
  fields.forEach(({ sibling }, field) => {
    if (sibling >= 0) excess[field * width + sibling] = SIBLING_EXCESS;
  });
  const order: number[] = [];
  const conditions: Uint8Array[] = fields.map(() => new Uint8Array(0));
  const isIn = new Uint8Array(width);
  while (order.length < width) {
    let [child, most] = [-1, 0];
    for (const known of order) {
      for (let field = 0; field < width; field++) {
        if (isIn[field] === 1 || excess[known * width + field] <= most) continue;
        [child, most] = [field, excess[known * width + field]];
      }
    }
    // Nothing hangs on what is there: the field that agrees least by chance begins a tree of its own.
    if (child < 0) child = rarest(population, isIn);
    const strongest = order
      .filter((known) => excess[known * width + child] > 0)
      .sort((one, other) => excess[other * width + child] - excess[one * width + child] || one - other);
    conditions[child] = Uint8Array.from(strongest.slice(0, CONDITIONS_MAX));
    isIn[child] = 1;
    order.push(child);
  }
  return { order: Uint8Array.from(order), conditions };
}

/**
 * Where the row of a field's tables begins that holds for a pair whose levels begin at `at`: for condition c at level l it is row
 * `c * LEVEL_COUNT_MAX + l`, and the last row when it has none of them.
 */
export function rowStart(conditions: Uint8Array, levels: Uint8Array, at: number): number {
  const count = conditions.length;
  for (let index = 0; index < count; index++) {
    const level = levels[at + conditions[index]];
    if (level !== MISSING) return (index * LEVEL_COUNT_MAX + level) * LEVEL_COUNT_MAX;
  }
  return count * LEVEL_COUNT_MAX * LEVEL_COUNT_MAX;
}

/** Rows of the tables of a field with these conditions. */
export function rowCount(conditions: Uint8Array): number {
  return conditions.length * LEVEL_COUNT_MAX + 1;
}

function rarest({ samePairs }: LevelPopulation, isIn: Uint8Array): number {
  let best = -1;
  for (let field = 0; field < isIn.length; field++) {
    if (isIn[field] === 0 && (best < 0 || samePairs[field] < samePairs[best])) best = field;
  }
  return best;
}

/** By field and field: pairs at both levels, times log2 of how many more they are than by chance, over all levels but the farthest; noise is 0. */
function excessOf(
  fields: readonly ComparedField[],
  population: LevelPopulation,
  different: Float64Array,
): Float64Array {
  const width = fields.length;
  const excess = new Float64Array(width * width);
  const joint = new JointLevels();
  for (let one = 0; one < width; one++) {
    for (let other = one + 1; other < width; other++) {
      joint.sum(population, different, one, other);
      const found = pairExcess(joint, LEVELS[fields[one].kind].length - 1, LEVELS[fields[other].kind].length - 1);
      excess[one * width + other] = found;
      excess[other * width + one] = found;
    }
  }
  return excess;
}

/** `rowEnd` and `columnEnd` are the farthest levels, which are left out: differing together is no evidence of anything. */
function pairExcess({ pairs, squares }: JointLevels, rowEnd: number, columnEnd: number): number {
  const rows = new Float64Array(LEVEL_COUNT_MAX);
  const columns = new Float64Array(LEVEL_COUNT_MAX);
  let total = 0;
  for (let row = SAME; row <= rowEnd; row++) {
    for (let column = SAME; column <= columnEnd; column++) {
      const count = pairs[row * LEVEL_COUNT_MAX + column];
      rows[row] += count;
      columns[column] += count;
      total += count;
    }
  }
  let excess = 0;
  for (let row = SAME; row < rowEnd; row++) {
    for (let column = SAME; column < columnEnd; column++) {
      const cell = row * LEVEL_COUNT_MAX + column;
      // Two standard errors down, so that a chance few of drawn pairs make no edge.
      const sure = pairs[cell] - 2 * Math.sqrt(squares[cell]);
      const byChance = (rows[row] * columns[column]) / Math.max(1, total);
      if (sure > byChance && byChance > 0) excess += sure * Math.log2(sure / byChance) ** 2;
    }
  }
  return excess;
}
