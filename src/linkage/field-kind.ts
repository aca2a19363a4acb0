/**
 * What a field of a record holds, and for each kind the levels that two values can agree on. Level 0 is always "missing"
 * (says nothing), level 1 "same", the last "different"; between them agreement falls, except for "swapped". The recipe hangs
 * on kinds alone, never on the name of a column.
 */

export const FIELD_KINDS = ['name', 'text', 'date', 'phone', 'email', 'code', 'category'] as const;
export type FieldKind = (typeof FIELD_KINDS)[number];

export const MISSING = 0;
export const SAME = 1;
/** Of names and texts: the value stands in the other record's sibling field (given name and surname, two address lines). */
export const SWAPPED = 2;

export interface Level {
  readonly name: string;
  /** P(level | one person, both present) before anything was learnt: where estimation starts, and what it leans on. */
  readonly expected: number;
  /** Whether it takes two values for one with a mistake in it, rather than for two. */
  readonly isAgreement: boolean;
}

const level = (name: string, expected: number): Level => ({ name, expected, isAgreement: true });
const apart = (name: string, expected: number): Level => ({ name, expected, isAgreement: false });
const words: readonly Level[] = [
  apart('missing', 0),
  level('same', 0.8),
  level('swapped', 0.02),
  level('Jaro-Winkler ≥ 0.92', 0.09),
  level('Jaro-Winkler ≥ 0.88', 0.03),
  apart('Jaro-Winkler ≥ 0.70', 0.02),
  apart('different', 0.04),
];

export const LEVELS: Readonly<Record<FieldKind, readonly Level[]>> = {
  name: words,
  text: words,
  date: [
    apart('missing', 0),
    level('same', 0.85),
    level('one digit off, or day and month swapped', 0.07),
    level('two digits off, or within 31 days', 0.03),
    apart('within a year', 0.02),
    apart('within ten years', 0.01),
    apart('different', 0.02),
  ],
  phone: [
    apart('missing', 0),
    level('same', 0.8),
    level('one digit off, or the same last seven', 0.08),
    level('two digits off', 0.03),
    apart('different', 0.09),
  ],
  email: [
    apart('missing', 0),
    level('same', 0.75),
    level('same before the @', 0.07),
    level('two letters off', 0.08),
    apart('Jaro-Winkler ≥ 0.88', 0.03),
    apart('different', 0.07),
  ],
  code: [
    apart('missing', 0),
    level('same', 0.82),
    level('one character off', 0.08),
    level('two characters off', 0.03),
    apart('different', 0.07),
  ],
  category: [apart('missing', 0), level('same', 0.9), level('one character off', 0.04), apart('different', 0.06)],
};

/** Levels of any kind fit in three bits. */
export const LEVEL_COUNT_MAX = 8;

/** Kinds with the level "swapped". */
export function canSwap(kind: FieldKind): boolean {
  return kind === 'name' || kind === 'text';
}

/**
 * P(values apart | one person) is taken to be at most this: people move and change numbers, hardly their names and birthdays. Without such
 * a bound the class of housemates, where it is the larger one, would be taken for that of duplicates.
 */
export const APART_MAX: Readonly<Record<FieldKind, number>> = {
  name: 0.2,
  text: 0.3,
  date: 0.15,
  phone: 0.3,
  email: 0.3,
  code: 0.2,
  category: 0.2,
};
