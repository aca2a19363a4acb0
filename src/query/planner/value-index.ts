/**
 * The indexes that a shard keeps over columns of profiles, under a budget, the longest unused dropped first: bitmaps by value where values
 * are few, postings where texts are many, buckets for numbers. The first is built when first asked; the others, whose building costs
 * more than a scan, when a column is asked for the second time.
 */
import type { RowSet } from '../../bitmap/row-set.ts';
import { type CodeColumn, NumberColumn } from '../../memory/ladder-column.ts';
import { TextColumn } from '../../profile/text-column.ts';
import { Chores } from '../binder/chores.ts';
import type { CodeSelection, CodeTest, NumberSelection, NumberTest } from '../binder/formula.ts';
import { NumberIndex } from '../index/number-index.ts';
import { PostingIndex } from '../index/posting-index.ts';
import type { RowIndex } from '../index/row-index.ts';
import { INDEX_VALUE_COUNT_MAX, ValueIndex } from '../index/value-index.ts';

type Column = CodeColumn | NumberColumn;
type AnyIndex = RowIndex<CodeSelection> | RowIndex<NumberSelection>;

/** Fewer rows are scanned as fast as an index is asked. */
const ROW_COUNT_MIN = 4_096;
/** Texts that a test of many values may name; beyond, the scan of a table of codes is the better way. */
const POSTING_CODE_COUNT_MAX = 256;

export class ValueIndexes {
  readonly #sizeBytesMax: number;
  readonly #chores: Chores;
  /** In the order of last use. */
  readonly #indexes = new Map<Column, AnyIndex>();
  /** Columns that were asked for once and scanned. */
  readonly #asked = new WeakSet<Column>();

  constructor(sizeBytesMax: number, chores = new Chores()) {
    this.#sizeBytesMax = sizeBytesMax;
    this.#chores = chores;
  }

  get sizeBytes(): number {
    let sum = 0;
    for (const index of this.#indexes.values()) sum += index.sizeBytes;
    return sum;
  }

  /** The rows that satisfy the test, or undefined where a scan is the better way or the index is noted to be built first. */
  rows(test: CodeTest, rowCount: number): RowSet | undefined {
    const { owner, column, selection } = test;
    if (owner === undefined) return undefined;
    if (owner instanceof TextColumn && owner.dictionary.count > INDEX_VALUE_COUNT_MAX) {
      return this.#postings(owner, column, selection, rowCount);
    }
    const usable = this.#usable<CodeSelection>(column, (index) => index instanceof ValueIndex);
    return this.#answer(column, usable ?? new ValueIndex(column, owner, rowCount), selection);
  }

  /** The rows whose number fits, or undefined as for `rows`. */
  numbers(test: NumberTest, rowCount: number): RowSet | undefined {
    const { owner, column, selection } = test;
    if (owner === undefined || !(column instanceof NumberColumn) || owner.numbers !== column) return undefined;
    const usable = this.#usable<NumberSelection>(column, (index) => index instanceof NumberIndex);
    if (usable === undefined && this.#isFirst(column, rowCount)) return undefined;
    return this.#answer(column, usable ?? new NumberIndex(column, owner, rowCount), selection);
  }

  #postings(owner: TextColumn, column: CodeColumn, selection: CodeSelection, rowCount: number): RowSet | undefined {
    const usable = this.#usable<CodeSelection>(column, (index) => index instanceof PostingIndex);
    const isFew =
      selection.kind === 'one' || (selection.kind === 'table' && selection.fitCount <= POSTING_CODE_COUNT_MAX);
    if (!isFew || (usable === undefined && this.#isFirst(column, rowCount))) return undefined;
    return this.#answer(column, usable ?? new PostingIndex(owner, rowCount), selection);
  }

  /** The index of the column if it is of the right kind and can be brought up to date; another is let go. */
  #usable<Selection>(column: Column, isRight: (index: AnyIndex) => boolean): RowIndex<Selection> | undefined {
    const index = this.#indexes.get(column);
    if (index === undefined) return undefined;
    if (isRight(index) && index.isUsable) return index as RowIndex<Selection>;
    this.#drop(column);
    return undefined;
  }

  #isFirst(column: Column, rowCount: number): boolean {
    if (rowCount < ROW_COUNT_MIN) return true;
    if (this.#asked.has(column)) return false;
    this.#asked.add(column);
    return true;
  }

  #answer<Selection>(column: Column, index: RowIndex<Selection>, selection: Selection): RowSet | undefined {
    this.#indexes.delete(column);
    this.#indexes.set(column, index as AnyIndex);
    if (index.restNs > 0 && this.#isLeftForLater(column, index as AnyIndex)) return undefined;
    return index.rows(selection);
  }

  #isLeftForLater(column: Column, index: AnyIndex): boolean {
    const work = (costNs: number): boolean => {
      // Dropped meanwhile: who still wants it begins again.
      if (this.#indexes.get(column) !== index || !index.isUsable || !index.build(costNs)) {
        return this.#indexes.get(column) !== index || !index.isUsable;
      }
      this.#trim(column);
      return true;
    };
    if (this.#chores.defers(index.restNs, { work })) return true;
    work(Number.POSITIVE_INFINITY);
    return false;
  }

  #trim(kept: Column): void {
    let size = this.sizeBytes;
    for (const [column, index] of this.#indexes) {
      if (size <= this.#sizeBytesMax || column === kept) return;
      size -= index.sizeBytes;
      this.#drop(column);
    }
  }

  #drop(column: Column): void {
    this.#indexes.get(column)?.close();
    this.#indexes.delete(column);
  }

  close(): void {
    for (const index of this.#indexes.values()) index.close();
    this.#indexes.clear();
  }
}
