/** Why a pair has its weight: a line a field, in the order in which they are added up. Their sum with the prior and the crowd's
 * share is the weight. */
import type { ComparisonData } from './comparison-data.ts';
import { LEVEL_COUNT_MAX, LEVELS, MISSING, SAME } from './field-kind.ts';
import { rowStart } from './field-tree.ts';
import { fieldLevel } from './pair-levels.ts';
import { crowdPenalty, GIVEN_UP } from './pair-score.ts';
import { probabilityOf } from './scored-pairs.ts';
import { textAt } from './text-store.ts';
import type { Weights } from './weights.ts';

export interface FieldExplanation {
  readonly field: string;
  readonly level: string;
  /** In normal form; '' = missing. */
  readonly valueA: string;
  readonly valueB: string;
  /** log2 of how much likelier the level is for one person than for two. */
  readonly weight: number;
  /** Added because the shared value is rarer (or commoner) than usual. */
  readonly rarityWeight: number;
  /** The level was judged given this one of another field. */
  readonly given?: { readonly field: string; readonly level: string } | undefined;
}

export interface PairExplanation {
  /** log2 odds of two records drawn at random. */
  readonly priorWeight: number;
  readonly fields: readonly FieldExplanation[];
  /** Taken off because two people who live or work together would look alike too; 0 or below. */
  readonly crowdWeight: number;
  readonly weight: number;
  readonly probability: number;
}

/** In either order of rows. */
export function explainPair(
  data: ComparisonData,
  { fields, order, prior, crowdPrior }: Weights,
  one: number,
  other: number,
): PairExplanation {
  const [a, b] = one < other ? [one, other] : [other, one];
  const width = data.fields.length;
  const levels = Uint8Array.from(data.fields, (_, field) => fieldLevel(data, field, a * width, b * width));
  let weight = prior;
  let shared = crowdPrior;
  const lines = Array.from(order, (field): FieldExplanation => {
    const { conditions, byLevel, rarity, rarityShare } = fields[field];
    const { name, kind, texts } = data.fields[field];
    const row = rowStart(conditions, levels, 0);
    const condition = conditions.find((candidate) => levels[candidate] !== MISSING);
    const level = levels[field];
    const code = data.codes[a * width + field];
    const levelWeight = byLevel[row + level];
    const rarityWeight = level === SAME ? rarity[code] * rarityShare[row / LEVEL_COUNT_MAX] : 0;
    weight += levelWeight;
    if (level === SAME) weight += rarityWeight;
    shared += fields[field].crowdByLevel[row + level];
    if (level === SAME) shared += rarityWeight;
    return {
      field: name,
      level: LEVELS[kind][level].name,
      valueA: textAt(texts, code),
      valueB: textAt(texts, data.codes[b * width + field]),
      weight: levelWeight,
      rarityWeight,
      given:
        condition === undefined
          ? undefined
          : { field: data.fields[condition].name, level: LEVELS[data.fields[condition].kind][levels[condition]].name },
    };
  });
  const crowdWeight = crowdPrior === GIVEN_UP ? 0 : crowdPenalty(shared);
  weight += crowdWeight;
  return { priorWeight: prior, fields: lines, crowdWeight, weight, probability: probabilityOf(weight) };
}
