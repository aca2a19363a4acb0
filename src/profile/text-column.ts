/**
 * Dictionary-encoded texts (or encoded arrays) of one path: codes per index, 0 = missing. A change log can listen, so that
 * bitmaps follow without slowing the writer: it notes (index, old code, new code) and is drained by the next query.
 */
import { ByteDictionary } from '../memory/byte-dictionary.ts';
import { CodeColumn } from '../memory/ladder-column.ts';
import type { LoadContext, SaveContext, SavedState } from '../memory/persist.ts';
import type { SlabMemory } from '../memory/slab-memory.ts';

/** Old and new codes of written indexes, in order. */
export class ChangeLog {
  readonly entries: number[] = [];

  record(index: number, oldCode: number, newCode: number): void {
    this.entries.push(index, oldCode, newCode);
  }
}

export class TextColumn {
  readonly memory: SlabMemory;
  readonly codes: CodeColumn;
  dictionary: ByteDictionary;
  /** Set while somebody keeps an index over this column. */
  changes: ChangeLog | undefined;
  /** Grows by one whenever codes were renumbered: indexes over codes start again. */
  generation = 0;

  constructor(memory: SlabMemory, dictionary = new ByteDictionary(memory)) {
    this.memory = memory;
    this.codes = new CodeColumn(memory);
    this.dictionary = dictionary;
  }

  get usedBytes(): number {
    return this.codes.usedBytes + this.dictionary.usedBytes;
  }

  set(index: number, bytes: Uint8Array, offset: number, length: number, hash: number): void {
    const code = this.dictionary.findOrAdd(bytes, offset, length, hash);
    if (this.changes !== undefined) this.changes.record(index, this.codes.get(index), code);
    this.codes.set(index, code);
  }

  clear(index: number): void {
    const old = this.codes.get(index);
    if (old === 0) return;
    if (this.changes !== undefined) this.changes.record(index, old, 0);
    this.codes.set(index, 0);
  }

  save(context: SaveContext): SavedState {
    return { codes: this.codes.save(context), dictionary: this.dictionary.save(context) };
  }

  static load(context: LoadContext, state: SavedState): TextColumn {
    const column = new TextColumn(context.memory, ByteDictionary.load(context, state['dictionary'] as SavedState));
    column.codes.load(context, state['codes'] as SavedState);
    return column;
  }
}
