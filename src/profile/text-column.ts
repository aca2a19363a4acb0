/**
 * Dictionary-encoded texts (or encoded arrays) of one path: codes per index, 0 = missing. A change log can listen, so that
 * bitmaps follow without slowing the writer: it notes (index, old code, new code) and is drained by the next query.
 */
import { ByteDictionary } from '../memory/byte-dictionary.ts';
import type { KnownTexts } from '../memory/byte-heap.ts';
import { CHUNK_ROWS } from '../memory/chunk-size.ts';
import { CodeColumn } from '../memory/ladder-column.ts';
import type { LoadContext, SaveContext, SavedState } from '../memory/persist.ts';
import type { SlabMemory } from '../memory/slab-memory.ts';
import { ArrayDictionary } from './array-dictionary.ts';

/** Old and new codes of written indexes, in order. */
export class ChangeLog {
  readonly entries: number[] = [];

  record(index: number, oldCode: number, newCode: number): void {
    this.entries.push(index, oldCode, newCode);
  }
}

/** A dictionary smaller than this is not worth a look. */
const COMPACT_FROM_COUNT = 65_536;

export class TextColumn {
  readonly memory: SlabMemory;
  readonly codes: CodeColumn;
  dictionary: ByteDictionary;
  /** Set while somebody keeps an index over this column. */
  changes: ChangeLog | undefined;
  /** Grows by one whenever codes were renumbered: indexes over codes start again. */
  generation = 0;

  /** Columns whose codes are of the same dictionary, which this column owns. */
  readonly #borrowers: TextColumn[] = [];
  /** Entries at which a column whose values change looks for ones that nobody has any more; infinite for append-only columns. */
  #compactAt = Number.POSITIVE_INFINITY;

  constructor(memory: SlabMemory, dictionary = new ByteDictionary(memory)) {
    this.memory = memory;
    this.codes = new CodeColumn(memory);
    this.dictionary = dictionary;
  }

  /** From now on the dictionary is rebuilt when half of it is texts that neither this column nor a borrower has: for traits, which change. */
  enableCompaction(firstAt: number = COMPACT_FROM_COUNT): void {
    this.#compactAt = Math.max(firstAt, 2 * this.dictionary.count);
  }

  /** A column with the same dictionary; its codes count as used, and follow when they are renumbered. */
  lend(): TextColumn {
    const borrower = new TextColumn(this.memory, this.dictionary);
    this.#borrowers.push(borrower);
    return borrower;
  }

  /** The borrower is gone: its codes count no more. */
  takeBack(borrower: TextColumn): void {
    const at = this.#borrowers.indexOf(borrower);
    if (at >= 0) this.#borrowers.splice(at, 1);
    borrower.codes.free();
  }

  get usedBytes(): number {
    return this.codes.usedBytes + this.dictionary.usedBytes;
  }

  set(index: number, bytes: Uint8Array, offset: number, length: number, hash: number): void {
    this.setCode(index, this.dictionary.findOrAdd(bytes, offset, length, hash));
  }

  setCode(index: number, code: number): void {
    if (this.changes !== undefined) this.changes.record(index, this.codes.get(index), code);
    this.codes.set(index, code);
    if (code > this.#compactAt) this.#compact();
  }

  /**
   * Rebuilds the dictionary from the codes in use when half of it is garbage. Linear in the columns, and paid for by the entries that
   * came since the last time: the threshold doubles with what is alive. Codes change, so indexes over them start again.
   */
  #compact(): void {
    const old = this.dictionary;
    const columns = [this, ...this.#borrowers];
    const renumbered = new Uint32Array(old.count + 1);
    let liveCount = 0;
    for (const { codes } of columns) {
      for (let c = 0; c < codes.chunkCount; c++) {
        const view = codes.chunk(c);
        if (view === undefined) continue;
        for (let i = 0; i < view.length; i++) {
          const code = view[i];
          if (code !== 0 && renumbered[code] === 0) renumbered[code] = ++liveCount;
        }
      }
    }
    this.#compactAt = Math.max(this.#compactAt, 2 * liveCount);
    if (liveCount > old.count / 2) return;
    const dictionary = old.rebuilt(renumbered, liveCount);
    old.free();
    for (const column of columns) column.#renumber(dictionary, renumbered);
  }

  #renumber(dictionary: ByteDictionary, renumbered: Uint32Array): void {
    this.dictionary = dictionary;
    for (let c = 0; c < this.codes.chunkCount; c++) {
      const view = this.codes.chunk(c);
      if (view === undefined) continue;
      const first = c * CHUNK_ROWS;
      for (let i = 0; i < view.length; i++) if (view[i] !== 0) this.codes.set(first + i, renumbered[view[i]]);
    }
    this.generation += 1;
  }

  clear(index: number): void {
    const old = this.codes.get(index);
    if (old === 0) return;
    if (this.changes !== undefined) this.changes.record(index, old, 0);
    this.codes.set(index, 0);
  }

  /** Without its dictionary where that is another column's. */
  save(context: SaveContext, isBorrowed = false): SavedState {
    const codes = this.codes.save(context);
    return isBorrowed ? { codes } : { codes, dictionary: this.dictionary.save(context) };
  }

  static load(context: LoadContext, state: SavedState, lender?: TextColumn, known?: KnownTexts): TextColumn {
    const column =
      lender === undefined
        ? new TextColumn(context.memory, loadDictionary(context, state['dictionary'] as SavedState, known))
        : lender.lend();
    column.codes.load(context, state['codes'] as SavedState);
    return column;
  }
}

function loadDictionary(context: LoadContext, saved: SavedState, known: KnownTexts | undefined): ByteDictionary {
  const isOfArrays = saved['elements'] !== undefined;
  return isOfArrays ? ArrayDictionary.load(context, saved) : ByteDictionary.load(context, saved, known);
}
