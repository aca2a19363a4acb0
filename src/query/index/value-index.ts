/**
 * Bitmaps per value of one low-cardinality column of profiles: built in one pass over the codes when first asked, then kept up
 * from the column's change log, which is drained before every use. Order does not matter in a drain: a row belongs to the
 * bitmap of the code it holds now and to no other that the log names.
 */
import { RowBitmap, RowSet } from '../../bitmap/row-set.ts';
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import type { CodeColumn } from '../../memory/ladder-column.ts';
import { TextColumn } from '../../profile/text-column.ts';
import type { ValueColumn } from '../../profile/value-column.ts';
import type { CodeSelection } from '../binder/formula.ts';
import { BoundedChangeLog } from './bounded-change-log.ts';
import type { RowIndex } from './row-index.ts';

/** Distinct values beyond which a column is scanned instead. */
export const INDEX_VALUE_COUNT_MAX = 4_096;
/** Bitmaps that one test may join; more are slower than a scan of the codes. */
const UNION_COUNT_MAX = 512;
/** Rows sorted by code at a time while building: 4 MB. */
const BUILD_ROWS = 16 * CHUNK_ROWS;
/** A row that goes into a bitmap. */
const BUILD_NS = 10;

export class ValueIndex implements RowIndex<CodeSelection> {
  readonly #column: CodeColumn;
  readonly #owner: TextColumn | ValueColumn;
  readonly #generation: number;
  readonly #log = new BoundedChangeLog();
  /** By code. */
  readonly #bitmaps: (RowBitmap | undefined)[] = [];
  #sizeBytes = -1;
  /** Rows that were there at the beginning; later ones come by the log. */
  readonly #rowCount: number;
  #builtCount = 0;

  /** Empty: `build` until it is done. What changes meanwhile is in the log, and a change that the build has seen too does no harm. */
  constructor(column: CodeColumn, owner: TextColumn | ValueColumn, rowCount: number) {
    this.#column = column;
    this.#owner = owner;
    this.#generation = owner instanceof TextColumn ? owner.generation : 0;
    this.#rowCount = rowCount;
    if (owner instanceof TextColumn) owner.changes = this.#log;
    else owner.booleanChanges = this.#log;
  }

  get restNs(): number {
    return (this.#rowCount - this.#builtCount) * BUILD_NS;
  }

  /** Whether it can be brought up to date; if not, it has to be built anew. */
  get isUsable(): boolean {
    return !this.#log.isLost && !(this.#owner instanceof TextColumn && this.#owner.generation !== this.#generation);
  }

  /** An estimate: the bitmaps as they would be written, taken at most once between changes. */
  get sizeBytes(): number {
    if (this.#sizeBytes < 0) {
      this.#sizeBytes = 0;
      for (const bitmap of this.#bitmaps) this.#sizeBytes += bitmap?.sizeBytes ?? 0;
    }
    return this.#sizeBytes + this.#log.entries.length * 8;
  }

  rows(selection: CodeSelection): RowSet | undefined {
    const isMany = selection.kind === 'table' ? selection.fitCount > UNION_COUNT_MAX : selection.kind === 'any';
    if (isMany && (selection.kind === 'table' || this.#bitmaps.length > UNION_COUNT_MAX)) return undefined;
    this.#drain();
    if (selection.kind === 'none') return RowSet.empty();
    if (selection.kind === 'one') return this.#bitmaps[selection.code]?.rows() ?? RowSet.empty();
    const sets: RowSet[] = [];
    for (let code = 1; code < this.#bitmaps.length; code++) {
      if (selection.kind === 'table' && selection.table[code] !== 1) continue;
      const bitmap = this.#bitmaps[code];
      if (bitmap !== undefined) sets.push(bitmap.rows());
    }
    return RowSet.union(sets);
  }

  close(): void {
    const owner = this.#owner;
    if (owner instanceof TextColumn) {
      if (owner.changes === this.#log) owner.changes = undefined;
    } else if (owner.booleanChanges === this.#log) {
      owner.booleanChanges = undefined;
    }
  }

  /** For about `costNs`; true when all rows are in. */
  build(costNs: number): boolean {
    const chunks = Math.max(1, Math.floor(costNs / (BUILD_NS * CHUNK_ROWS)));
    const until = Math.min(this.#rowCount, this.#builtCount + chunks * CHUNK_ROWS);
    for (let from = this.#builtCount; from < until; from += BUILD_ROWS)
      this.#add(from, Math.min(from + BUILD_ROWS, until));
    this.#builtCount = until;
    this.#sizeBytes = -1;
    return until === this.#rowCount;
  }

  /** A counting sort of the rows by code, so that each bitmap takes its rows in a few large pieces. */
  #add(from: number, until: number): void {
    const ends = new Uint32Array(INDEX_VALUE_COUNT_MAX + 2);
    const sorted = new Uint32Array(until - from);
    this.#eachView(from, until, (view, length) => {
      for (let i = 0; i < length; i++) ends[view[i]] += 1;
    });
    ends[0] = 0;
    for (let code = 1; code < ends.length; code++) ends[code] += ends[code - 1];
    const starts = ends.slice();
    this.#eachView(from, until, (view, length, first) => {
      for (let i = 0; i < length; i++) if (view[i] !== 0) sorted[starts[view[i] - 1]++] = first + i;
    });
    for (let code = 1; code < ends.length; code++) {
      if (ends[code] > ends[code - 1]) this.#bitmapOf(code).add(sorted.subarray(ends[code - 1], ends[code]));
    }
  }

  #eachView(
    from: number,
    until: number,
    visit: (view: ArrayLike<number>, length: number, first: number) => void,
  ): void {
    for (let first = from; first < until; first += CHUNK_ROWS) {
      const view = this.#column.chunk(first / CHUNK_ROWS);
      if (view !== undefined) visit(view, Math.min(view.length, until - first), first);
    }
  }

  #bitmapOf(code: number): RowBitmap {
    let bitmap = this.#bitmaps[code];
    if (bitmap === undefined) {
      bitmap = new RowBitmap();
      this.#bitmaps[code] = bitmap;
    }
    return bitmap;
  }

  #drain(): void {
    const { entries } = this.#log;
    if (entries.length === 0) return;
    const added = new Map<number, number[]>();
    const removed = new Map<number, number[]>();
    for (let at = 0; at < entries.length; at += 3) {
      const row = entries[at];
      const now = this.#column.get(row);
      for (let side = 1; side <= 2; side++) {
        const code = entries[at + side];
        if (code !== 0) listOf(code === now ? added : removed, code).push(row);
      }
    }
    for (const [code, rows] of removed) this.#bitmapOf(code).remove(rows);
    for (const [code, rows] of added) this.#bitmapOf(code).add(rows);
    entries.length = 0;
    this.#sizeBytes = -1;
  }
}

function listOf(lists: Map<number, number[]>, code: number): number[] {
  let list = lists.get(code);
  if (list === undefined) {
    list = [];
    lists.set(code, list);
  }
  return list;
}
