/** Why a pair has its weight: a line a field, in the order in which they are added up. Their sum with the prior is the weight. */
import type { ComparisonData } from './comparison-data.ts';
import { LEVEL_COUNT_MAX, LEVELS, SAME } from './field-kind.ts';
import { fieldLevel } from './pair-levels.ts';
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
  readonly weight: number;
  readonly probability: number;
}

/** In either order of rows. */
export function explainPair(
  data: ComparisonData,
  { fields, order, prior }: Weights,
  one: number,
  other: number,
): PairExplanation {
  const [a, b] = one < other ? [one, other] : [other, one];
  const width = data.fields.length;
  const levels = data.fields.map((_, field) => fieldLevel(data, field, a * width, b * width));
  let weight = prior;
  const lines = Array.from(order, (field): FieldExplanation => {
    const { parent, byLevel, rarity, rarityShare } = fields[field];
    const { name, kind, texts } = data.fields[field];
    const row = parent < 0 ? 0 : levels[parent];
    const level = levels[field];
    const code = data.codes[a * width + field];
    const levelWeight = byLevel[row * LEVEL_COUNT_MAX + level];
    const rarityWeight = level === SAME ? rarity[code] * rarityShare[row] : 0;
    weight += levelWeight;
    if (level === SAME) weight += rarityWeight;
    return {
      field: name,
      level: LEVELS[kind][level].name,
      valueA: textAt(texts, code),
      valueB: textAt(texts, data.codes[b * width + field]),
      weight: levelWeight,
      rarityWeight,
      given:
        parent < 0 || row === 0
          ? undefined
          : { field: data.fields[parent].name, level: LEVELS[data.fields[parent].kind][row].name },
    };
  });
  return { priorWeight: prior, fields: lines, weight, probability: probabilityOf(weight) };
}
