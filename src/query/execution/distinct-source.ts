/** Sources of `count_distinct`: which columns, and one numbering for texts that may come from several dictionaries. */

import { decodeUtf8 } from '../../memory/byte-heap.ts';
import type { TextColumn } from '../../profile/text-column.ts';
import { type ArrayVisitor, ArrayWalk } from '../binder/array-walk.ts';
import { and, type Formula } from '../binder/formula.ts';
import type { ScalarSource } from '../binder/value-source.ts';
import type { DistinctSource } from './distinct-scan.ts';
import { TAG_BOOLEAN, TAG_NUMBER, TAG_TEXT } from './distinct-set.ts';
import type { ImageSet } from './program.ts';

export interface DistinctInputs {
  readonly sources: readonly DistinctSource[];
  readonly textOf: (number: number) => string;
  /** `textOf` reads a dictionary, which may be renumbered where it is a trait's. */
  readonly isLive: boolean;
}

export function distinctInputs(sources: readonly ScalarSource[], images: ImageSet): DistinctInputs {
  const withText = sources.filter((source) => source.kind === 'array' || source.column.strings !== undefined);
  const only = withText.length === 1 && withText[0].kind === 'plain' ? withText[0].column.strings : undefined;
  const numbering = new TextNumbering();
  const found: DistinctSource[] = [];
  for (const source of sources) {
    if (source.kind === 'array') {
      found.push(arraySource(source, numbering, images));
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
      const numberOf = strings === only ? undefined : numbering.ofDictionary(strings);
      found.push({ ...plain, kind: 'texts', image: images.image(strings.codes), numberOf });
    }
    if (booleans !== undefined) {
      const test: Formula = { kind: 'codes', column: booleans, owner: column, selection: { kind: 'any' } };
      found.push({ ...plainSource(guard, test, images), kind: 'booleans', image: images.image(booleans) });
    }
  }
  const textOf = (number: number): string =>
    only === undefined ? numbering.text(number) : only.dictionary.text(number);
  return { sources: found, textOf, isLive: only !== undefined };
}

function plainSource(guard: Formula, test: Formula, images: ImageSet) {
  return { present: images.program(and<Formula>([guard, test])), numberOf: undefined };
}

function arraySource(
  source: Extract<ScalarSource, { kind: 'array' }>,
  numbering: TextNumbering,
  images: ImageSet,
): DistinctSource {
  const { guard, arrays, rest } = source;
  const test: Formula = { kind: 'codes', column: arrays.codes, owner: arrays, selection: { kind: 'any' } };
  const { dictionary } = arrays;
  const starts = new Uint32Array(new SharedArrayBuffer((dictionary.count + 2) * 4));
  const tags: number[] = [];
  const values: number[] = [];
  const push = (tag: number, value: number): false => {
    tags.push(tag);
    values.push(value);
    return false;
  };
  const visitor: ArrayVisitor = {
    present: () => false,
    number: (value) => push(TAG_NUMBER, value),
    boolean: (value) => push(TAG_BOOLEAN, value ? 2 : 1),
    text: (bytes, start, size) => push(TAG_TEXT, numbering.number(decodeUtf8(bytes, start, size))),
  };
  const walk = new ArrayWalk(rest);
  for (let code = 1; code <= dictionary.count; code++) {
    starts[code] = tags.length;
    walk.run(dictionary, code, visitor);
  }
  starts[dictionary.count + 1] = tags.length;
  return {
    kind: 'array',
    present: images.program(and<Formula>([guard, test])),
    image: images.image(arrays.codes),
    starts,
    tags: Uint8Array.from(tags),
    values: Float64Array.from(values),
  };
}

class TextNumbering {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];

  number(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#texts.length;
      this.#numbers.set(text, number);
      this.#texts.push(text);
    }
    return number;
  }

  text(number: number): string {
    return this.#texts[number];
  }

  /** By code. */
  ofDictionary({ dictionary }: TextColumn): Float64Array {
    const numbers = new Float64Array(new SharedArrayBuffer((dictionary.count + 1) * 8));
    for (let code = 1; code <= dictionary.count; code++) numbers[code] = this.number(dictionary.text(code));
    return numbers;
  }
}
