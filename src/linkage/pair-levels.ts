/**
 * The level of every field of a pair of records. A pair is always (lower row, higher row), so that a swap is told of the same field
 * whoever asks.
 */
import type { ComparedField, ComparisonData } from './comparison-data.ts';
import { LEVELS, MISSING, SAME, SWAPPED } from './field-kind.ts';
import { levelOfDifferent } from './value-level.ts';

/** Values in each other's field may have typing mistakes too: up to this level they count as swapped. */
const SWAPPED_LEVEL_MAX = 4;
const DIFFERENT_WORDS = LEVELS.name.length - 1;

/** Of field `index`; `aAt` and `bAt` are where the two records' codes begin. */
export function fieldLevel(data: ComparisonData, index: number, aAt: number, bAt: number): number {
  const { codes } = data;
  const a = codes[aAt + index];
  const b = codes[bAt + index];
  if (a === b) return a === 0 ? MISSING : SAME;
  const field = data.fields[index];
  if (field.sibling >= 0) return wordLevel(data, field, aAt, bAt, a, b);
  if (a === 0 || b === 0) return MISSING;
  return levelOfDifferent(field.kind, field.texts, a, b);
}

function wordLevel(data: ComparisonData, field: ComparedField, aAt: number, bAt: number, a: number, b: number): number {
  const { codes } = data;
  const aOther = codes[aAt + field.sibling];
  const bOther = codes[bAt + field.sibling];
  const isHere = a !== 0 && a === bOther;
  const isThere = b !== 0 && b === aOther;
  if ((isHere || isThere) && (aOther !== bOther || aOther === 0)) {
    if (isHere) return SWAPPED;
    // The other value explains ours: what is left to compare stands crosswise.
    if (a === 0 || bOther === 0) return MISSING;
    return levelOfDifferent(field.kind, field.texts, a, bOther) <= SWAPPED_LEVEL_MAX ? SWAPPED : DIFFERENT_WORDS;
  }
  if (a === 0 || b === 0) return MISSING;
  return levelOfDifferent(field.kind, field.texts, a, b);
}
