/**
 * Rows by code, for equality on a column of many values (e-mail addresses, order numbers): one linked list of rows for each code, as it
 * was when the index was built, and the rows that changed since, from the column's change log. Every row found is checked against its
 * code of now, so a stale list costs a look and never an answer. Built again when a sixteenth of the rows have changed.
 *
 * Costs 4 bytes a row and 4 bytes a code.
 */
import { RowSet } from '../../bitmap/row-set.ts';
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import type { TextColumn } from '../../profile/text-column.ts';
import type { CodeSelection } from '../binder/formula.ts';
import { BoundedChangeLog } from './bounded-change-log.ts';
import type { RowIndex } from './row-index.ts';

/** Codes that one question may name, and rows it may find; more are left to a scan. */
const CODE_COUNT_MAX = 256;
const ROW_COUNT_MAX = 20_000;
const STALE_SHARE = 16;
/** A row that joins its code's list: two writes far apart. */
const BUILD_NS = 15;

export class PostingIndex implements RowIndex<CodeSelection> {
  readonly #column: TextColumn;
  readonly #generation: number;
  readonly #log = new BoundedChangeLog();
  readonly #changed = new Set<number>();
  /** By code: the last row that had it, plus one. By row: the row before with the same code, plus one. */
  readonly #heads: Uint32Array;
  readonly #next: Uint32Array;

  #builtCount = 0;

  /** Empty: `build` until it is done. What changes meanwhile is in the log. */
  constructor(column: TextColumn, rowCount: number) {
    this.#column = column;
    this.#generation = column.generation;
    this.#heads = new Uint32Array(column.dictionary.count + 1);
    this.#next = new Uint32Array(rowCount);
    column.changes = this.#log;
  }

  get restNs(): number {
    return (this.#next.length - this.#builtCount) * BUILD_NS;
  }

  get isUsable(): boolean {
    if (this.#log.isLost || this.#column.generation !== this.#generation) return false;
    return this.#changed.size + this.#log.entries.length / 3 <= 1_024 + this.#next.length / STALE_SHARE;
  }

  get sizeBytes(): number {
    return this.#heads.byteLength + this.#next.byteLength + this.#changed.size * 32 + this.#log.entries.length * 8;
  }

  /** The rows that hold a code of the selection now; undefined where a scan is the better way. */
  rows(selection: CodeSelection): RowSet | undefined {
    const codes = codesOf(selection);
    if (codes === undefined) return undefined;
    this.#drain();
    const { codes: column } = this.#column;
    const found: number[] = [];
    for (const code of codes) {
      let row = code < this.#heads.length ? this.#heads[code] : 0;
      for (; row !== 0; row = this.#next[row - 1]) {
        if (this.#changed.has(row - 1)) continue;
        found.push(row - 1);
        if (found.length > ROW_COUNT_MAX) return undefined;
      }
    }
    const wanted = new Set(codes);
    for (const row of this.#changed) if (wanted.has(column.get(row))) found.push(row);
    return RowSet.of(Uint32Array.from(found));
  }

  close(): void {
    if (this.#column.changes === this.#log) this.#column.changes = undefined;
  }

  /** For about `costNs`; true when all rows are in. */
  build(costNs: number): boolean {
    const chunks = Math.max(1, Math.floor(costNs / (BUILD_NS * CHUNK_ROWS)));
    const until = Math.min(this.#next.length, this.#builtCount + chunks * CHUNK_ROWS);
    for (let first = this.#builtCount; first < until; first += CHUNK_ROWS) {
      const view = this.#column.codes.chunk(first / CHUNK_ROWS);
      if (view === undefined) continue;
      const length = Math.min(view.length, until - first);
      for (let i = 0; i < length; i++) {
        const code = view[i];
        // A code learned since is of a row that the log names.
        if (code === 0 || code >= this.#heads.length) continue;
        this.#next[first + i] = this.#heads[code];
        this.#heads[code] = first + i + 1;
      }
    }
    this.#builtCount = until;
    return until === this.#next.length;
  }

  #drain(): void {
    const { entries } = this.#log;
    for (let at = 0; at < entries.length; at += 3) this.#changed.add(entries[at]);
    entries.length = 0;
  }
}

function codesOf(selection: CodeSelection): readonly number[] | undefined {
  switch (selection.kind) {
    case 'none':
      return [];
    case 'any':
      return undefined;
    case 'one':
      return [selection.code];
    default: {
      if (selection.fitCount > CODE_COUNT_MAX) return undefined;
      const codes: number[] = [];
      for (let code = selection.table.indexOf(1); code >= 0; code = selection.table.indexOf(1, code + 1))
        codes.push(code);
      return codes;
    }
  }
}
