/**
 * Selections for few rows: a text is tested when a row that has it is looked at, and no dictionary is walked. So binding costs no
 * more than the condition is long, however many distinct values there are. Compiled tests are kept by what they ask, so
 * that a condition can be bound again for another moment at little cost.
 */
import type { TextColumn } from '../../profile/text-column.ts';
import { FirstVisitor, FitVisitor, PRESENCE } from './array-visitor.ts';
import { ArrayWalk } from './array-walk.ts';
import type { CodeMap, InstantTable } from './comparison-table.ts';
import type { CodeSelection } from './formula.ts';
import type { Selector } from './selector.ts';
import { compileTextTest, type TextMatcher } from './text-matcher.ts';
import type { TextTest, ValueTest } from './value-test.ts';

const ANY: CodeSelection = { kind: 'any' };
/** Patterns kept; dates move with the clock and are not. */
const MATCHER_COUNT_MAX = 1_000;

export class RowSelector implements Selector {
  readonly #matchers = new Map<string, TextMatcher>();

  texts(column: TextColumn, test: TextTest): CodeSelection {
    if (test.kind === 'any') return ANY;
    const matches = this.#matcher(test);
    const { dictionary } = column;
    const { heap } = dictionary;
    const fits = (code: number): boolean => {
      dictionary.locate(code);
      return matches(heap.block, heap.start, heap.size);
    };
    return { kind: 'any', fits };
  }

  arrays({ dictionary }: TextColumn, rest: readonly string[], test: ValueTest): CodeSelection {
    const walk = new ArrayWalk(rest);
    const visitor = new FitVisitor(test);
    return { kind: 'any', fits: (code) => walk.run(dictionary, code, visitor) };
  }

  arraysPresent({ dictionary }: TextColumn, rest: readonly string[]): CodeSelection {
    if (rest.length === 0) return ANY;
    const walk = new ArrayWalk(rest);
    return { kind: 'any', fits: (code) => walk.run(dictionary, code, PRESENCE) };
  }

  firstScalars({ dictionary }: TextColumn, rest: readonly string[], test: ValueTest): CodeSelection {
    const walk = new ArrayWalk(rest);
    const visitor = new FirstVisitor(test);
    const fits = (code: number): boolean => {
      visitor.doesFit = false;
      walk.run(dictionary, code, visitor);
      return visitor.doesFit;
    };
    return { kind: 'any', fits };
  }

  prepare(): void {
    // Nothing is made: texts are looked at where they lie.
  }

  instantTable(): InstantTable {
    throw new Error('only scans ask for tables, and they have a selector of their own');
  }

  codeMap(): CodeMap | undefined {
    return undefined;
  }

  #matcher(test: TextTest): TextMatcher {
    if (test.kind === 'date') return compileTextTest(test);
    const key = JSON.stringify(test);
    let matches = this.#matchers.get(key);
    if (matches === undefined) {
      if (this.#matchers.size >= MATCHER_COUNT_MAX) this.#matchers.clear();
      matches = compileTextTest(test);
      this.#matchers.set(key, matches);
    }
    return matches;
  }
}
