/**
 * Numbers of event tables, as timelines hold them: a byte each in a chunk where all are below 255, else two, or four. Ingest refuses new event names
 * long before two bytes are too few, but a profile that moves brings its names along, and no move is refused.
 */
import { U16Column } from '../memory/fixed-column.ts';
import { CodeColumn } from '../memory/ladder-column.ts';
import type { LoadContext, SaveContext, SavedState } from '../memory/persist.ts';
import type { SlabMemory } from '../memory/slab-memory.ts';

/** End of a timeline. */
export const NO_TABLE = -1;
/** In columns of older checkpoints, of two bytes: the end, and that the number is kept beside. */
const END_ONCE = 0xffff;
const BESIDE_ONCE = 0xfffe;

export class TableColumn {
  readonly #memory: SlabMemory;
  /** Number + 1; nothing at the end of a timeline. */
  readonly #codes: CodeColumn;
  #length = 0;

  constructor(memory: SlabMemory) {
    this.#memory = memory;
    this.#codes = new CodeColumn(memory);
  }

  get usedBytes(): number {
    return this.#codes.usedBytes;
  }

  get(index: number): number {
    return this.#codes.get(index) - 1;
  }

  set(index: number, table: number): void {
    this.#codes.set(index, table + 1);
  }

  push(table: number): void {
    // What nobody wrote is the end already.
    if (table !== NO_TABLE) this.#codes.set(this.#length, table + 1);
    this.#length += 1;
  }

  free(): void {
    this.#codes.free();
    this.#length = 0;
  }

  save(context: SaveContext): SavedState {
    return { length: this.#length, codes: this.#codes.save(context) };
  }

  load(context: LoadContext, state: SavedState): void {
    if (state['codes'] === undefined) return this.#loadOlder(context, state);
    this.#length = state['length'] as number;
    this.#codes.load(context, state['codes'] as SavedState);
  }

  #loadOlder(context: LoadContext, state: SavedState): void {
    const narrow = new U16Column(this.#memory);
    narrow.load(context, state);
    const beside = new Map((state['beside'] ?? []) as [number, number][]);
    for (let index = 0; index < narrow.length; index++) {
      const table = narrow.get(index);
      this.push(table < BESIDE_ONCE ? table : table === END_ONCE ? NO_TABLE : beside.get(index)!);
    }
    narrow.free();
  }
}
