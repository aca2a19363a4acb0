/** Sources of `count_distinct`: which columns, and one numbering for texts that may come from several dictionaries. */
import type { F64Column } from '../../memory/fixed-column.ts';
import { and, type Formula, TRUE } from '../binder/formula.ts';
import type { ScalarSource } from '../binder/value-source.ts';
import type { ScalarTableSet, TableKey } from '../index/scalar-tables.ts';
import type { DistinctSource } from './distinct-input.ts';
import type { ImageSet } from './image-set.ts';
import { programOf } from './program.ts';

export interface DistinctInputs {
  readonly sources: readonly DistinctSource[];
  readonly textOf: (number: number) => string;
  /** `textOf` reads a dictionary, which may be renumbered where it is a trait's. */
  readonly isLive: boolean;
}

/** Capture through this only in the turn of the instant: the numbering of large dictionaries may be put off to later turns. */
export function distinctInputs(sources: readonly ScalarSource[], images: ImageSet): DistinctInputs {
  const withText = sources.filter((source) => source.kind === 'array' || source.column.strings !== undefined);
  const only = withText.length === 1 && withText[0].kind === 'plain' ? withText[0].column.strings : undefined;
  const numbered = only === undefined ? withText : [];
  const tables = numbered.length === 0 ? undefined : images.tables.forQuestion(numbered.map(tableKeyOf));
  const found: DistinctSource[] = [];
  for (const source of sources) {
    if (source.kind === 'array') {
      found.push(arraySource(source, tables!, images));
      continue;
    }
    const { guard, column } = source;
    const { numbers, strings, booleans } = column;
    if (numbers !== undefined) {
      const test: Formula = { kind: 'numbers', column: numbers, selection: { kind: 'present' } };
      found.push({ ...plainSource(guard, test, images), kind: 'numbers', image: images.image(numbers) });
    }
    if (strings !== undefined) {
      const test: Formula = { kind: 'codes', column: strings.codes, owner: strings, selection: { kind: 'any' } };
      const plain = plainSource(guard, test, images);
      const numberOf = strings === only ? undefined : tables!.texts(strings).numbers;
      found.push({ ...plain, kind: 'texts', image: images.image(strings.codes), numberOf });
    }
    if (booleans !== undefined) {
      const test: Formula = { kind: 'codes', column: booleans, owner: column, selection: { kind: 'any' } };
      found.push({ ...plainSource(guard, test, images), kind: 'booleans', image: images.image(booleans) });
    }
  }
  const textOf = (number: number): string =>
    only === undefined ? tables!.textOf(number) : only.dictionary.text(number);
  return { sources: found, textOf, isLive: only !== undefined };
}

/**
 * Instants that the engine keeps. The language sees their texts, and each stands for one of its own; so they are told apart as numbers,
 * which is good for counting distinct ones and for nothing else. Absent = there is nothing.
 */
export function instantInputs(column: F64Column | undefined, images: ImageSet): DistinctInputs {
  const sources: DistinctSource[] = [];
  if (column !== undefined) {
    const test: Formula = { kind: 'numbers', column, selection: { kind: 'present' } };
    sources.push({ ...plainSource(TRUE, test, images), kind: 'numbers', image: images.image(column) });
  }
  return { sources, textOf: () => '', isLive: false };
}

function tableKeyOf(source: ScalarSource): TableKey {
  if (source.kind === 'array') return { kind: 'scalars', column: source.arrays, rest: source.rest };
  return { kind: 'texts', column: source.column.strings! };
}

function plainSource(guard: Formula, test: Formula, images: ImageSet) {
  return { present: programOf(and<Formula>([guard, test]), images), numberOf: undefined };
}

function arraySource(
  source: Extract<ScalarSource, { kind: 'array' }>,
  tables: ScalarTableSet,
  images: ImageSet,
): DistinctSource {
  const { guard, arrays, rest } = source;
  const test: Formula = { kind: 'codes', column: arrays.codes, owner: arrays, selection: { kind: 'any' } };
  const { starts, tags, values } = tables.scalars(arrays, rest);
  return {
    kind: 'array',
    present: programOf(and<Formula>([guard, test]), images),
    image: images.image(arrays.codes),
    starts,
    tags,
    values,
  };
}
