/**
 * Match weights: log2 of how much likelier a level is for one person than for two, given the level of the field that it depends on.
 * Agreement on a value weighs by how common that value is (Winkler 2000): log2(m / p), p the value's share among people, so that a
 * rare surname says more than a common one; less so where another field's agreement made this one likely anyhow.
 */
import type { ComparisonData } from './comparison-data.ts';
import type { Parameters } from './estimation.ts';
import { LEVEL_COUNT_MAX, LEVELS, SAME } from './field-kind.ts';
import { rowCount } from './field-tree.ts';
import { sharedFloat64 } from './text-store.ts';

export interface FieldWeights {
  /** Fields that this one is judged given, as in `FieldTree`. */
  readonly conditions: Uint8Array;
  /** Row by row as in `rowStart`; 0 for "missing". Shared memory, like the next two. */
  readonly byLevel: Float64Array;
  /** By code: log2 of the usual share of a value over this value's. */
  readonly rarity: Float64Array;
  /** By row: how much of `rarity` counts when the values are the same, 0 to 1. */
  readonly rarityShare: Float64Array;
  /** As `byLevel`, of a pair of the crowd in place of one person. */
  readonly crowdByLevel: Float64Array;
  /** The most that this field can add. */
  readonly most: number;
}

export interface Weights {
  readonly fields: readonly FieldWeights[];
  /** Parents before children: the order in which weights are added up. */
  readonly order: Uint8Array;
  /** log2 of the odds that two records drawn at random are one person. */
  readonly prior: number;
  /** The same of the crowd; -Infinity where there is none. */
  readonly crowdPrior: number;
}

/** A factor of a thousand either way. */
const RARITY_MAX = 10;

/** `frequencies`: by field and code, how many people have the value. */
export function weightsOf(
  data: ComparisonData,
  { tree, m, u, crowd, matchShare }: Parameters,
  frequencies: readonly Float64Array[],
): Weights {
  const fields = data.fields.map(({ kind }, field): FieldWeights => {
    const conditions = tree.conditions[field];
    const rows = rowCount(conditions);
    const byLevel = sharedFloat64(rows * LEVEL_COUNT_MAX);
    const crowdByLevel = sharedFloat64(rows * LEVEL_COUNT_MAX);
    const rarityShare = sharedFloat64(rows);
    for (let row = 0; row < rows; row++) {
      for (let level = SAME; level < LEVELS[kind].length; level++) {
        const cell = row * LEVEL_COUNT_MAX + level;
        byLevel[cell] = Math.log2(m[field].given[cell] / u[field].given[cell]);
        if (crowd !== undefined) crowdByLevel[cell] = Math.log2(crowd.levels[field][level] / u[field].given[cell]);
      }
      const given = Math.log(u[field].given[row * LEVEL_COUNT_MAX + SAME]) / Math.log(u[field].alone[SAME]);
      rarityShare[row] = Math.max(0, Math.min(1, given));
    }
    const rarity = rarityOf(frequencies[field], u[field].alone[SAME]);
    const most = mostOf(
      byLevel,
      rarityShare,
      rarity.reduce((max, value) => Math.max(max, value), 0),
    );
    return { conditions, byLevel, crowdByLevel, rarity, rarityShare, most };
  });
  return {
    prior: Math.log2(matchShare / (1 - matchShare)),
    crowdPrior: crowd === undefined ? Number.NEGATIVE_INFINITY : Math.log2(crowd.share),
    fields,
    order: tree.order,
  };
}

function rarityOf(counts: Float64Array, usual: number): Float64Array {
  let total = 0;
  for (let code = 1; code < counts.length; code++) total += counts[code];
  const rarity = sharedFloat64(counts.length);
  for (let code = 1; code < counts.length; code++) {
    if (counts[code] === 0) continue;
    const relative = Math.log2((usual * total) / counts[code]);
    rarity[code] = Math.max(-RARITY_MAX, Math.min(RARITY_MAX, relative));
  }
  return rarity;
}

function mostOf(byLevel: Float64Array, rarityShare: Float64Array, rarityMost: number): number {
  let most = 0;
  for (let cell = 0; cell < byLevel.length; cell++) {
    const rarity = cell % LEVEL_COUNT_MAX === SAME ? rarityMost * rarityShare[Math.floor(cell / LEVEL_COUNT_MAX)] : 0;
    most = Math.max(most, byLevel[cell] + rarity);
  }
  return most;
}
