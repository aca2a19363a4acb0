/** Row → slot, for the rows that take part in something (an event table's participants). One cache miss a look-up. */
import { mix32 } from '../base/hash.ts';
import { PairTable } from './pair-table.ts';
import type { LoadContext, SaveContext, SavedState } from './persist.ts';
import type { SlabMemory } from './slab-memory.ts';

export class RowMap {
  readonly #table: PairTable;

  constructor(memory: SlabMemory, table = new PairTable(memory)) {
    this.#table = table;
  }

  get usedBytes(): number {
    return this.#table.usedBytes;
  }

  /** The slot, or −1. mix32 is a bijection: an equal key is the same row. */
  get(row: number): number {
    return this.#table.first(mix32(row)) - 1;
  }

  add(row: number, slot: number): void {
    this.#table.insert(mix32(row), slot + 1);
  }

  save(context: SaveContext): SavedState {
    return this.#table.save(context);
  }

  static load(context: LoadContext, state: SavedState): RowMap {
    return new RowMap(context.memory, PairTable.load(context, state));
  }
}
