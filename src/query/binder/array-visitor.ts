/** What is asked of the scalars of an array, as visitors of a walk. */
import type { ArrayVisitor } from './array-walk.ts';
import { compileTextTest, type TextMatcher } from './text-matcher.ts';
import { fitsNumber, type ValueTest } from './value-test.ts';

export const PRESENCE: ArrayVisitor = {
  present: () => true,
  number: () => false,
  boolean: () => false,
  text: () => false,
};

/** Ends the walk at the first scalar that fits. */
export class FitVisitor implements ArrayVisitor {
  readonly #test: ValueTest;
  readonly #matches: TextMatcher | undefined;

  constructor(test: ValueTest) {
    this.#test = test;
    this.#matches = test.texts === undefined ? undefined : compileTextTest(test.texts);
  }

  present(): boolean {
    return false;
  }

  number(value: number): boolean {
    const { numbers } = this.#test;
    return numbers !== undefined && fitsNumber(numbers, value);
  }

  boolean(value: boolean): boolean {
    return value ? this.#test.isTrueFit : this.#test.isFalseFit;
  }

  text(bytes: Uint8Array, start: number, size: number): boolean {
    return this.#matches?.(bytes, start, size) ?? false;
  }
}

/** Ends the walk at the first scalar, and says whether it fits. */
export class FirstVisitor implements ArrayVisitor {
  doesFit = false;
  readonly #fit: FitVisitor;

  constructor(test: ValueTest) {
    this.#fit = new FitVisitor(test);
  }

  present(): boolean {
    return false;
  }

  number(value: number): boolean {
    this.doesFit = this.#fit.number(value);
    return true;
  }

  boolean(value: boolean): boolean {
    this.doesFit = this.#fit.boolean(value);
    return true;
  }

  text(bytes: Uint8Array, start: number, size: number): boolean {
    this.doesFit = this.#fit.text(bytes, start, size);
    return true;
  }
}
