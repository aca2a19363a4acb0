/**
 * Row → slot, for the rows that take part in something (an event table's participants). One cache miss a look-up.
 *
 * Rows are looked at in stretches of 4,096. Where few of a stretch take part they are pairs in a hash table, some 10.4 bytes each; once
 * so many do that an array of all rows of the stretch, 3 bytes a row (4 once a slot does not fit), is smaller, they move over there, for good. The
 * step that moves a stretch takes some 200 µs.
 */
import { mix32, unmix32 } from '../base/hash.ts';
import { PairTable } from './pair-table.ts';
import type { LoadContext, SaveContext, SavedState } from './persist.ts';
import { type Page, type SlabMemory, wideView } from './slab-memory.ts';

const STRETCH_SHIFT = 12;
const STRETCH_ROWS = 1 << STRETCH_SHIFT;
const STRETCH_MASK = STRETCH_ROWS - 1;
/** Rows of a stretch that stay pairs: 10.4 bytes for each of more are more than 3 for every row. */
const MOST_PAIRS = 1_152;
const NARROW_SIZE_BYTES = STRETCH_ROWS * 3;
const NARROW_MAX = 0xff_ffff;
/** A table with so few pairs left is made anew, so that the pages of those that moved over are given back. */
const FEW_PAIRS = 8_192;

export class RowMap {
  readonly #memory: SlabMemory;
  #table: PairTable;
  /** Pairs of each stretch that are in the table; kept once there are so many that a stretch may move over. */
  #counts: Uint16Array | undefined;
  /** Slot + 1 of each row of a stretch, 0 = takes no part. */
  readonly #views: (DataView | undefined)[] = [];
  readonly #pages: (Page | undefined)[] = [];
  readonly #stamps: number[] = [];

  constructor(memory: SlabMemory, table = new PairTable(memory)) {
    this.#memory = memory;
    this.#table = table;
    if (table.count >= MOST_PAIRS) this.#countPairs();
  }

  get usedBytes(): number {
    let bytes = this.#table.usedBytes;
    for (const page of this.#pages) bytes += page?.sizeBytes ?? 0;
    return bytes;
  }

  /** The slot, or −1. */
  get(row: number): number {
    const stretch = row >>> STRETCH_SHIFT;
    const view = stretch < this.#views.length ? this.#views[stretch] : undefined;
    // mix32 is a bijection: an equal key is the same row.
    if (view === undefined) return this.#table.first(mix32(row)) - 1;
    const local = row & STRETCH_MASK;
    return (
      (this.#isNarrow(stretch) ? view.getUint32(3 * local, true) & NARROW_MAX : view.getUint32(4 * local, true)) - 1
    );
  }

  #isNarrow(stretch: number): boolean {
    return this.#pages[stretch]!.sizeBytes === NARROW_SIZE_BYTES;
  }

  /** A row that is not there yet. */
  add(row: number, slot: number): void {
    const stretch = row >>> STRETCH_SHIFT;
    const view = stretch < this.#views.length ? this.#views[stretch] : undefined;
    if (view === undefined) {
      if (this.#counts === undefined || this.#pairsOf(stretch) < MOST_PAIRS) {
        this.#table.insert(mix32(row), slot + 1);
        if (this.#counts !== undefined) this.#counts[stretch] += 1;
        else if (this.#table.count >= MOST_PAIRS) this.#countPairs();
        return;
      }
      this.#moveOver(stretch);
    } else if (this.#stamps[stretch] !== this.#memory.epoch) {
      this.#own(stretch);
    }
    this.#put(stretch, row & STRETCH_MASK, slot + 1);
  }

  #put(stretch: number, local: number, value: number): void {
    const view = this.#views[stretch]!;
    if (!this.#isNarrow(stretch)) {
      view.setUint32(4 * local, value, true);
    } else if (value <= NARROW_MAX) {
      view.setUint16(3 * local, value, true);
      view.setUint8(3 * local + 2, value >>> 16);
    } else {
      const old = this.#pages[stretch]!;
      this.#setPage(stretch, this.#memory.allocate(STRETCH_ROWS * 4));
      for (let i = 0; i < STRETCH_ROWS; i++) this.#put(stretch, i, view.getUint32(3 * i, true) & NARROW_MAX);
      this.#put(stretch, local, value);
      this.#memory.free(old);
    }
  }

  #pairsOf(stretch: number): number {
    let counts = this.#counts!;
    if (stretch >= counts.length) {
      counts = new Uint16Array(2 * stretch + 2);
      counts.set(this.#counts!);
      this.#counts = counts;
    }
    return counts[stretch];
  }

  #countPairs(): void {
    this.#counts = new Uint16Array(1);
    this.#table.forEach((key) => {
      const stretch = unmix32(key) >>> STRETCH_SHIFT;
      this.#pairsOf(stretch);
      this.#counts![stretch] += 1;
    });
  }

  #setPage(stretch: number, page: Page | undefined): void {
    while (this.#views.length < stretch) this.#setPage(this.#views.length, undefined);
    this.#pages[stretch] = page;
    this.#views[stretch] = page === undefined ? undefined : wideView(this.#memory.slabs, page);
    this.#stamps[stretch] = page?.stamp ?? 0;
  }

  #own(stretch: number): void {
    const old = this.#pages[stretch]!;
    const page = this.#memory.own(old);
    if (page === old) this.#stamps[stretch] = page.stamp;
    else this.#setPage(stretch, page);
  }

  /** Takes the stretch's pairs out of the table. */
  #moveOver(stretch: number): void {
    this.#setPage(stretch, this.#memory.allocate(NARROW_SIZE_BYTES));
    const first = stretch << STRETCH_SHIFT;
    for (let i = 0; i < STRETCH_ROWS; i++) this.#put(stretch, i, this.#table.remove(mix32(first + i)));
    this.#counts![stretch] = 0;
    this.#shrink();
  }

  #shrink(): void {
    const old = this.#table;
    if (old.count > FEW_PAIRS || old.usedBytes <= 32 * (old.count + 1_024)) return;
    this.#table = new PairTable(this.#memory);
    old.forEach((key, value) => {
      this.#table.insert(key, value);
    });
    old.free();
  }

  save(context: SaveContext): SavedState {
    return { pairs: this.#table.save(context), pages: context.list(this.#pages) };
  }

  /** Also of older checkpoints, which hold all rows as pairs, or every stretch with 4 bytes a row. */
  static load(context: LoadContext, state: SavedState): RowMap {
    const pairs = (state['pairs'] ?? state) as SavedState;
    const map = new RowMap(context.memory, PairTable.load(context, pairs));
    if (pairs === state) return map;
    context.list(state['pages'] as number[]).forEach((page, stretch) => {
      map.#setPage(stretch, page);
    });
    if (map.#pages.length > 0 && map.#counts === undefined) map.#countPairs();
    return map;
  }
}
