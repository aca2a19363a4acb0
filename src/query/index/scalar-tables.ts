/**
 * Scalars by code, for questions that tell values apart or add up what lies in arrays: a number for each text, one numbering for all
 * dictionaries of a question; the scalars in each array; their sums. Kept between questions, extended when dictionaries learned more, and
 * made in slices (`Chores`).
 *
 * In shared memory, so that workers read them where they lie. What was written for a code is never written again, so a question that is
 * under way keeps what it has. Once more is kept than is allowed, all of it is dropped; whoever has it goes on with it.
 */
import type { TextColumn } from '../../profile/text-column.ts';
import { Chores } from '../binder/chores.ts';
import { SummaryTable } from './array-summary.ts';
import { type DictionaryTable, ScalarTable, TextTable } from './dictionary-table.ts';
import { TextNumbers } from './text-numbers.ts';

/** `rest`: the path on from the arrays of the column. */
export type TableKey =
  | { readonly kind: 'texts'; readonly column: TextColumn }
  | { readonly kind: 'scalars' | 'sums'; readonly column: TextColumn; readonly rest: readonly string[] };

/** Tables that share a numbering. */
export class ScalarTableSet {
  readonly #numbers = new TextNumbers();
  readonly #texts = new Map<TextColumn, TextTable>();
  readonly #scalars = new Map<TextColumn, Map<string, ScalarTable>>();
  readonly #sums = new Map<TextColumn, Map<string, SummaryTable>>();

  get sizeBytes(): number {
    let bytes = this.#numbers.sizeBytes;
    for (const table of this.#texts.values()) bytes += table.sizeBytes;
    for (const tables of this.#scalars.values()) for (const table of tables.values()) bytes += table.sizeBytes;
    for (const tables of this.#sums.values()) for (const table of tables.values()) bytes += table.sizeBytes;
    return bytes;
  }

  tableOf(key: TableKey): DictionaryTable {
    if (key.kind === 'texts') return this.texts(key.column);
    return key.kind === 'sums' ? this.sums(key.column, key.rest) : this.scalars(key.column, key.rest);
  }

  textOf(number: number): string {
    return this.#numbers.text(number);
  }

  texts(column: TextColumn): TextTable {
    let table = this.#texts.get(column);
    if (table?.dictionary !== column.dictionary) {
      table = new TextTable(column, this.#numbers);
      this.#texts.set(column, table);
    }
    return table;
  }

  scalars(column: TextColumn, rest: readonly string[]): ScalarTable {
    return tableAt(this.#scalars, column, rest, () => new ScalarTable(column, rest, this.#numbers));
  }

  sums(column: TextColumn, rest: readonly string[]): SummaryTable {
    return tableAt(this.#sums, column, rest, () => new SummaryTable(column, rest));
  }
}

/** A new one too where the dictionary was renumbered: it is another one then. */
function tableAt<T extends DictionaryTable>(
  tables: Map<TextColumn, Map<string, T>>,
  column: TextColumn,
  rest: readonly string[],
  make: () => T,
): T {
  const byPath = tables.get(column) ?? new Map<string, T>();
  tables.set(column, byPath);
  const path = JSON.stringify(rest);
  let table = byPath.get(path);
  if (table?.dictionary !== column.dictionary) {
    table = make();
    byPath.set(path, table);
  }
  return table;
}

export class ScalarTables {
  readonly #sizeBytesMax: number;
  readonly #chores: Chores;
  #set: ScalarTableSet | undefined;

  constructor(sizeBytesMax: number, chores = new Chores()) {
    this.#sizeBytesMax = sizeBytesMax;
    this.#chores = chores;
  }

  get sizeBytes(): number {
    return this.#set?.sizeBytes ?? 0;
  }

  /** Tables of one question. On a trial they may still be in the making. */
  forQuestion(keys: readonly TableKey[]): ScalarTableSet {
    this.#set ??= new ScalarTableSet();
    const set = this.#set;
    let isWhole = true;
    for (const key of keys) {
      const table = set.tableOf(key);
      const { costNs } = table;
      if (costNs === 0) continue;
      // What was dropped meanwhile is not worth going on with.
      const chore = { work: (sliceNs: number): boolean => this.#set !== set || table.extend(sliceNs) };
      if (this.#chores.defers(costNs, chore)) isWhole = false;
      else table.extend(Number.POSITIVE_INFINITY);
    }
    if (isWhole && set.sizeBytes > this.#sizeBytesMax) this.#set = undefined;
    return set;
  }

  clear(): void {
    this.#set = undefined;
  }
}
