/**
 * All values of one path (a trait, or a property of one event name), whatever their types: one typed column per type
 * that has been seen, made when the first value of that type arrives. At most one of them holds a value at an index.
 */
import { xxh32 } from '../base/hash.ts';
import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import { ByteDictionary } from '../memory/byte-dictionary.ts';
import type { KnownTexts } from '../memory/byte-heap.ts';
import { CodeColumn, NumberColumn } from '../memory/ladder-column.ts';
import type { LoadContext, SaveContext, SavedState } from '../memory/persist.ts';
import type { SlabMemory } from '../memory/slab-memory.ts';
import { ArrayDictionary } from './array-dictionary.ts';
import { type ChangeLog, TextColumn } from './text-column.ts';

export const BOOLEAN_FALSE = 1;
export const BOOLEAN_TRUE = 2;
/** What `marks` hold: null (events keep it, to be read back) and the empty object. */
export const MARK_NULL = 1;
export const MARK_EMPTY = 2;

export interface ValueColumnOptions {
  /** Values are overwritten (traits): texts that no value and no kept call has any more go when the dictionary is rebuilt (`TextColumn`). */
  readonly isMutable?: boolean | undefined;
  /** A column of the same path whose dictionaries are used. It outlives this one. */
  readonly lender?: ValueColumn | undefined;
  /** Texts that are kept elsewhere already, and need not be kept here again. */
  readonly known?: KnownTexts | undefined;
}

export class ValueColumn {
  readonly memory: SlabMemory;
  readonly segments: readonly string[];
  numbers: NumberColumn | undefined;
  strings: TextColumn | undefined;
  /** BOOLEAN_FALSE, BOOLEAN_TRUE; 0 = missing. */
  booleans: CodeColumn | undefined;
  /** Arrays; their dictionary gives the msgpack bytes that came. */
  arrays: TextColumn | undefined;
  marks: CodeColumn | undefined;
  /** Listens to the booleans, as TextColumn's does to codes. */
  booleanChanges: ChangeLog | undefined;
  /** Listens to the numbers: which indexes changed, without codes. */
  numberChanges: ChangeLog | undefined;
  /** Earliest and latest time of a call that set a value here; kept of traits only, whose values have no times of their own. */
  firstSetMs = Number.POSITIVE_INFINITY;
  lastSetMs = Number.NEGATIVE_INFINITY;
  /** Whose dictionaries this column's texts and arrays are in; absent = its own. */
  readonly #lender: ValueColumn | undefined;
  readonly #isMutable: boolean;
  readonly #known: KnownTexts | undefined;
  #typeCount = 0;

  constructor(memory: SlabMemory, segments: readonly string[], options: ValueColumnOptions = {}) {
    this.memory = memory;
    this.segments = segments;
    this.#isMutable = options.isMutable === true;
    this.#lender = options.lender;
    this.#known = options.known;
  }

  get usedBytes(): number {
    return (
      (this.numbers?.usedBytes ?? 0) +
      usedBytesOf(this.strings, this.#lender !== undefined) +
      (this.booleans?.usedBytes ?? 0) +
      usedBytesOf(this.arrays, this.#lender !== undefined) +
      (this.marks?.usedBytes ?? 0)
    );
  }

  /** Writes a leaf of the tape at `index`, in place of whatever was there. */
  set(index: number, tape: EventTape, leafAt: number, number: number): void {
    const type = tape.leaves[leafAt + tapeOf.LEAF_TYPE];
    switch (type) {
      case tapeOf.LEAF_NUMBER:
        return this.#setNumber(index, number);
      case tapeOf.LEAF_STRING:
        return this.#setText(index, this.#ownStrings(), tape, leafAt);
      case tapeOf.LEAF_TRUE:
        return this.#setBoolean(index, BOOLEAN_TRUE);
      case tapeOf.LEAF_FALSE:
        return this.#setBoolean(index, BOOLEAN_FALSE);
      case tapeOf.LEAF_ARRAY:
        return this.#setText(index, this.#ownArrays(), tape, leafAt);
      default:
        this.#setMark(index, type === tapeOf.LEAF_NULL ? MARK_NULL : MARK_EMPTY);
    }
  }

  #setNumber(index: number, number: number): void {
    if (this.numbers === undefined) {
      this.numbers = new NumberColumn(this.memory);
      this.#typeCount += 1;
    }
    if (this.#typeCount > 1) this.clear(index);
    this.numbers.set(index, number);
    if (this.numberChanges !== undefined) this.numberChanges.record(index, 0, 0);
  }

  #setBoolean(index: number, code: number): void {
    if (this.booleans === undefined) {
      this.booleans = new CodeColumn(this.memory);
      this.#typeCount += 1;
    }
    if (this.#typeCount > 1) this.clear(index);
    if (this.booleanChanges !== undefined) this.booleanChanges.record(index, this.booleans.get(index), code);
    this.booleans.set(index, code);
  }

  #setMark(index: number, mark: number): void {
    if (this.marks === undefined) {
      this.marks = new CodeColumn(this.memory);
      this.#typeCount += 1;
    }
    if (this.#typeCount > 1) this.clear(index);
    this.marks.set(index, mark);
  }

  #ownStrings(): TextColumn {
    if (this.strings === undefined) {
      this.strings =
        this.#lender === undefined ? this.#newText(this.#newDictionary()) : this.#lender.#ownStrings().lend();
      this.#typeCount += 1;
    }
    return this.strings;
  }

  #ownArrays(): TextColumn {
    if (this.arrays === undefined) {
      const lender = this.#lender;
      this.arrays = lender === undefined ? this.#newText(new ArrayDictionary(this.memory)) : lender.#ownArrays().lend();
      this.#typeCount += 1;
    }
    return this.arrays;
  }

  #newDictionary(): ByteDictionary {
    return this.#known === undefined
      ? new ByteDictionary(this.memory)
      : ByteDictionary.knowing(this.memory, this.#known);
  }

  #newText(dictionary: ByteDictionary): TextColumn {
    const column = new TextColumn(this.memory, dictionary);
    if (this.#isMutable) column.enableCompaction();
    return column;
  }

  #setText(index: number, column: TextColumn, tape: EventTape, leafAt: number): void {
    if (this.#typeCount > 1) this.#clearBut(index, column);
    const leaves = tape.leaves;
    const offset = leaves[leafAt + tapeOf.LEAF_OFFSET];
    column.set(index, tape.bytes, offset, leaves[leafAt + tapeOf.LEAF_LENGTH], leaves[leafAt + tapeOf.LEAF_HASH]);
  }

  #clearBut(index: number, kept: TextColumn): void {
    if (this.strings !== kept) this.strings?.clear(index);
    if (this.arrays !== kept) this.arrays?.clear(index);
    this.#clearNumber(index);
    this.#clearBoolean(index);
    this.marks?.set(index, 0);
  }

  #clearNumber(index: number): void {
    if (this.numbers === undefined) return;
    this.numbers.clear(index);
    if (this.numberChanges !== undefined) this.numberChanges.record(index, 0, 0);
  }

  #clearBoolean(index: number): void {
    if (this.booleans === undefined) return;
    const old = this.booleans.get(index);
    if (old === 0) return;
    if (this.booleanChanges !== undefined) this.booleanChanges.record(index, old, 0);
    this.booleans.set(index, 0);
  }

  clear(index: number): void {
    this.#clearNumber(index);
    this.strings?.clear(index);
    this.#clearBoolean(index);
    this.arrays?.clear(index);
    this.marks?.set(index, 0);
  }

  /**
   * Writes at `to` what `source`, which may be this column, has at `from`; nothing when it has nothing there. Texts cross by their bytes
   * unless the dictionary is the same.
   */
  copy(source: ValueColumn, from: number, to: number, hashSeed = 0): void {
    const number = source.numbers?.get(from) ?? Number.NaN;
    if (!Number.isNaN(number)) return this.#setNumber(to, number);
    const text = source.strings?.codes.get(from) ?? 0;
    if (text !== 0) return this.#copyText(to, source.strings!, text, false, hashSeed);
    const boolean = source.booleans?.get(from) ?? 0;
    if (boolean !== 0) return this.#setBoolean(to, boolean);
    const array = source.arrays?.codes.get(from) ?? 0;
    if (array !== 0) return this.#copyText(to, source.arrays!, array, true, hashSeed);
    const mark = source.marks?.get(from) ?? 0;
    if (mark !== 0) this.#setMark(to, mark);
  }

  /** Writes a value of a leaf type; an array is its msgpack bytes, and where the type says all the value is not looked at. */
  setPlain(to: number, type: number, value: number | string | Uint8Array | null, hashSeed: number): void {
    switch (type) {
      case tapeOf.LEAF_NUMBER:
        return this.#setNumber(to, value as number);
      case tapeOf.LEAF_TRUE:
        return this.#setBoolean(to, BOOLEAN_TRUE);
      case tapeOf.LEAF_FALSE:
        return this.#setBoolean(to, BOOLEAN_FALSE);
      case tapeOf.LEAF_STRING:
      case tapeOf.LEAF_ARRAY: {
        const target = type === tapeOf.LEAF_ARRAY ? this.#ownArrays() : this.#ownStrings();
        if (this.#typeCount > 1) this.#clearBut(to, target);
        const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : (value as Uint8Array);
        return target.set(to, bytes, 0, bytes.length, xxh32(bytes, 0, bytes.length, hashSeed));
      }
      default:
        this.#setMark(to, type === tapeOf.LEAF_NULL ? MARK_NULL : MARK_EMPTY);
    }
  }

  /** The leaf type of what is at the index, 0 = nothing. */
  typeAt(index: number): number {
    if (!Number.isNaN(this.numbers?.get(index) ?? Number.NaN)) return tapeOf.LEAF_NUMBER;
    if ((this.strings?.codes.get(index) ?? 0) !== 0) return tapeOf.LEAF_STRING;
    const boolean = this.booleans?.get(index) ?? 0;
    if (boolean !== 0) return boolean === BOOLEAN_TRUE ? tapeOf.LEAF_TRUE : tapeOf.LEAF_FALSE;
    if ((this.arrays?.codes.get(index) ?? 0) !== 0) return tapeOf.LEAF_ARRAY;
    const mark = this.marks?.get(index) ?? 0;
    return mark === 0 ? 0 : mark === MARK_NULL ? tapeOf.LEAF_NULL : tapeOf.LEAF_EMPTY;
  }

  /** Codes cross as they are where both share a dictionary. */
  #copyText(to: number, source: TextColumn, code: number, isArray: boolean, hashSeed: number): void {
    const target = isArray ? this.#ownArrays() : this.#ownStrings();
    if (this.#typeCount > 1) this.#clearBut(to, target);
    if (target.dictionary === source.dictionary) return target.setCode(to, code);
    source.dictionary.locate(code);
    const { block, start, size } = source.dictionary.heap;
    target.set(to, block, start, size, xxh32(block, start, size, hashSeed));
  }

  /** Gives the memory back: for columns that were made for a while. Nobody uses it afterwards. */
  free(): void {
    this.numbers?.free();
    this.booleans?.free();
    this.marks?.free();
    freeText(this.strings, this.#lender?.strings);
    freeText(this.arrays, this.#lender?.arrays);
  }

  /** Notes when a value was set. */
  seeSet(timeMs: number): void {
    if (timeMs < this.firstSetMs) this.firstSetMs = timeMs;
    if (timeMs > this.lastSetMs) this.lastSetMs = timeMs;
  }

  /** Whether anything is there, null marks included. */
  has(index: number): boolean {
    if (this.strings !== undefined && this.strings.codes.get(index) !== 0) return true;
    if (this.numbers !== undefined && !Number.isNaN(this.numbers.get(index))) return true;
    if (this.booleans !== undefined && this.booleans.get(index) !== 0) return true;
    if (this.arrays !== undefined && this.arrays.codes.get(index) !== 0) return true;
    return this.marks !== undefined && this.marks.get(index) !== 0;
  }

  save(context: SaveContext): SavedState {
    const isBorrowed = this.#lender !== undefined;
    return {
      segments: [...this.segments],
      numbers: this.numbers?.save(context),
      strings: this.strings?.save(context, isBorrowed),
      booleans: this.booleans?.save(context),
      arrays: this.arrays?.save(context, isBorrowed),
      marks: this.marks?.save(context),
      ...(this.lastSetMs >= this.firstSetMs ? { firstSetMs: this.firstSetMs, lastSetMs: this.lastSetMs } : {}),
    };
  }

  static load(context: LoadContext, state: SavedState, options: ValueColumnOptions = {}): ValueColumn {
    const column = new ValueColumn(context.memory, state['segments'] as string[], options);
    const { lender, known } = options;
    const part = (name: string): SavedState | undefined => (state[name] ?? undefined) as SavedState | undefined;
    const numbers = part('numbers');
    const strings = part('strings');
    const booleans = part('booleans');
    const arrays = part('arrays');
    const marks = part('marks');
    if (numbers !== undefined) {
      column.numbers = new NumberColumn(context.memory);
      column.numbers.load(context, numbers);
    }
    if (strings !== undefined)
      column.strings = TextColumn.load(
        context,
        strings,
        lender === undefined ? undefined : lender.#ownStrings(),
        known,
      );
    if (booleans !== undefined) {
      column.booleans = new CodeColumn(context.memory);
      column.booleans.load(context, booleans);
    }
    if (arrays !== undefined)
      column.arrays = TextColumn.load(context, arrays, lender === undefined ? undefined : lender.#ownArrays());
    if (marks !== undefined) {
      column.marks = new CodeColumn(context.memory);
      column.marks.load(context, marks);
    }
    column.firstSetMs = (state['firstSetMs'] as number | undefined) ?? Number.POSITIVE_INFINITY;
    column.lastSetMs = (state['lastSetMs'] as number | undefined) ?? Number.NEGATIVE_INFINITY;
    if (column.#isMutable) {
      column.strings?.enableCompaction();
      column.arrays?.enableCompaction();
    }
    for (const one of [numbers, strings, booleans, arrays, marks]) if (one !== undefined) column.#typeCount += 1;
    return column;
  }
}

function freeText(column: TextColumn | undefined, lender: TextColumn | undefined): void {
  if (column === undefined) return;
  if (lender !== undefined) return lender.takeBack(column);
  column.codes.free();
  column.dictionary.free();
}

function usedBytesOf(column: TextColumn | undefined, isBorrowed: boolean): number {
  if (column === undefined) return 0;
  return isBorrowed ? column.codes.usedBytes : column.usedBytes;
}
