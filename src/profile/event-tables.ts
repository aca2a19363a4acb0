/** A shard's event names and the table of each: code of a name − 1 = index of its table, in the order in which they were learned. */
import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import type { NameInterner } from '../ingest/name-interner.ts';
import { ByteDictionary } from '../memory/byte-dictionary.ts';
import type { LoadContext, SaveContext, SavedState } from '../memory/persist.ts';
import type { SlabMemory } from '../memory/slab-memory.ts';
import { EventTable } from './event-table.ts';

export class EventTables {
  /** By index. */
  readonly list: EventTable[] = [];
  readonly #memory: SlabMemory;
  readonly #names: ByteDictionary;

  constructor(memory: SlabMemory, names = new ByteDictionary(memory)) {
    this.#memory = memory;
    this.#names = names;
  }

  /** `savedNames`, `savedTables`: the two parts that `saveNames` and `saveTables` gave. */
  static load(
    memory: SlabMemory,
    context: LoadContext,
    savedNames: SavedState,
    savedTables: readonly SavedState[],
    paths: NameInterner,
  ): EventTables {
    const tables = new EventTables(memory, ByteDictionary.load(context, savedNames));
    for (const table of savedTables) tables.#add(EventTable.load(context, table, paths));
    return tables;
  }

  /** The table of the item's event name; undefined when the name is new. */
  find(tape: EventTape, item: number): EventTable | undefined {
    const at = item * tapeOf.ITEM_STRIDE + tapeOf.ITEM_EVENT;
    const { items, bytes } = tape;
    const code = this.#names.find(bytes, items[at], items[at + 1], items[at + 2]);
    return code === 0 ? undefined : this.list[code - 1];
  }

  /** The table of the item's event name, made when the name is new. */
  findOrAdd(tape: EventTape, item: number): EventTable {
    const at = item * tapeOf.ITEM_STRIDE + tapeOf.ITEM_EVENT;
    const { items, bytes } = tape;
    const code = this.#names.findOrAdd(bytes, items[at], items[at + 1], items[at + 2]);
    let table = this.list[code - 1];
    if (table === undefined) {
      table = new EventTable(this.#memory, this.#names.text(code));
      this.#add(table);
    }
    return table;
  }

  named(name: string): EventTable | undefined {
    return this.list.find((table) => table.name === name);
  }

  get usedBytes(): number {
    let used = this.#names.usedBytes;
    for (const table of this.list) used += table.usedBytes;
    return used;
  }

  saveNames(context: SaveContext): SavedState {
    return this.#names.save(context);
  }

  saveTables(context: SaveContext): SavedState[] {
    return this.list.map((table) => table.save(context));
  }

  #add(table: EventTable): void {
    table.index = this.list.length;
    this.list.push(table);
  }
}
