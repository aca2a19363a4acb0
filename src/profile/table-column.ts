/**
 * Numbers of event tables, as timelines hold them: 2 bytes each. Ingest refuses new event names long before that is too narrow, but a profile
 * that moves brings its names along, and no move is refused: numbers that do not fit are kept beside the column.
 */
import { U16Column } from '../memory/fixed-column.ts';
import type { LoadContext, SaveContext, SavedState } from '../memory/persist.ts';
import type { SlabMemory } from '../memory/slab-memory.ts';

/** End of a timeline. */
export const NO_TABLE = -1;
/** In the column: the end, and that the number is kept beside. */
const END = 0xffff;
const BESIDE = 0xfffe;

export class TableColumn {
  readonly #column: U16Column;
  /** By index. */
  readonly #beside = new Map<number, number>();

  constructor(memory: SlabMemory) {
    this.#column = new U16Column(memory);
  }

  get usedBytes(): number {
    return this.#column.usedBytes;
  }

  get(index: number): number {
    const narrow = this.#column.get(index);
    if (narrow < BESIDE) return narrow;
    return narrow === END ? NO_TABLE : this.#beside.get(index)!;
  }

  set(index: number, table: number): void {
    this.#column.set(index, this.#narrow(index, table));
  }

  push(table: number): void {
    this.#column.push(this.#narrow(this.#column.length, table));
  }

  #narrow(index: number, table: number): number {
    if (this.#beside.size > 0) this.#beside.delete(index);
    if (table < BESIDE) return table === NO_TABLE ? END : table;
    this.#beside.set(index, table);
    return BESIDE;
  }

  free(): void {
    this.#column.free();
    this.#beside.clear();
  }

  save(context: SaveContext): SavedState {
    return { ...this.#column.save(context), beside: [...this.#beside] };
  }

  load(context: LoadContext, state: SavedState): void {
    this.#column.load(context, state);
    for (const [index, table] of (state['beside'] ?? []) as [number, number][]) this.#beside.set(index, table);
  }
}
