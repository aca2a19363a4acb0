/**
 * Which fields depend on which. Suburb, postcode and state agree together, and a household shares surname, address and telephone: taken
 * as independent, two housemates would look like one person many times over. So fields form a tree (Chow & Liu 1968; as tree-augmented
 * naive Bayes, Friedman 1997), and a field's level is judged given its parent's level, for one person and for two.
 *
 * The edges are those where agreement on both is most in excess of chance among two people, measured in the number of pairs times bits.
 */
import type { ComparedField } from './comparison-data.ts';
import { LEVEL_COUNT_MAX, LEVELS, SAME } from './field-kind.ts';
import type { LevelPopulation } from './level-population.ts';
import { JointLevels } from './level-tables.ts';

export interface FieldTree {
  /** By field: its parent, or -1. */
  readonly parents: Int32Array;
  /** Fields, parents before children. */
  readonly order: Uint8Array;
}

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
  const parents = new Int32Array(width).fill(-1);
  const order: number[] = [];
  const isIn = new Uint8Array(width);
  while (order.length < width) {
    let [parent, child, most] = [-1, -1, 0];
    for (const known of order) {
      for (let field = 0; field < width; field++) {
        if (isIn[field] === 1 || excess[known * width + field] <= most) continue;
        [parent, child, most] = [known, field, excess[known * width + field]];
      }
    }
    // Nothing hangs on what is there: the field that agrees least by chance begins a tree of its own.
    if (child < 0) child = rarest(population, isIn);
    parents[child] = parent;
    isIn[child] = 1;
    order.push(child);
  }
  return { parents, order: Uint8Array.from(order) };
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
