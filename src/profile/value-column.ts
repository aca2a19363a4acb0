/**
 * All values of one path (a trait, or a property of one event name), whatever their types: one typed column per type
 * that has been seen, made when the first value of that type arrives. At most one of them holds a value at an index.
 */
import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import { ByteDictionary } from '../memory/byte-dictionary.ts';
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
  readonly #isMutable: boolean;
  #typeCount = 0;

  /** `isMutable`: values are overwritten (traits), so texts that nobody has any more are forgotten in time. */
  constructor(memory: SlabMemory, segments: readonly string[], isMutable = false) {
    this.memory = memory;
    this.segments = segments;
    this.#isMutable = isMutable;
  }

  #newText(dictionary: ByteDictionary): TextColumn {
    const column = new TextColumn(this.memory, dictionary);
    if (this.#isMutable) column.enableCompaction();
    return column;
  }

  get usedBytes(): number {
    return (
      (this.numbers?.usedBytes ?? 0) +
      (this.strings?.usedBytes ?? 0) +
      (this.booleans?.usedBytes ?? 0) +
      (this.arrays?.usedBytes ?? 0) +
      (this.marks?.usedBytes ?? 0)
    );
  }

  /** Writes a leaf of the tape at `index`, in place of whatever was there. */
  set(index: number, tape: EventTape, leafAt: number, number: number): void {
    const leaves = tape.leaves;
    const type = leaves[leafAt + tapeOf.LEAF_TYPE];
    switch (type) {
      case tapeOf.LEAF_NUMBER:
        if (this.numbers === undefined) {
          this.numbers = new NumberColumn(this.memory);
          this.#typeCount += 1;
        }
        if (this.#typeCount > 1) this.clear(index);
        this.numbers.set(index, number);
        if (this.numberChanges !== undefined) this.numberChanges.record(index, 0, 0);
        return;
      case tapeOf.LEAF_STRING:
        if (this.strings === undefined) {
          this.strings = this.#newText(new ByteDictionary(this.memory));
          this.#typeCount += 1;
        }
        this.#setText(index, this.strings, tape, leafAt);
        return;
      case tapeOf.LEAF_TRUE:
      case tapeOf.LEAF_FALSE: {
        if (this.booleans === undefined) {
          this.booleans = new CodeColumn(this.memory);
          this.#typeCount += 1;
        }
        if (this.#typeCount > 1) this.clear(index);
        const code = type === tapeOf.LEAF_TRUE ? BOOLEAN_TRUE : BOOLEAN_FALSE;
        if (this.booleanChanges !== undefined) this.booleanChanges.record(index, this.booleans.get(index), code);
        this.booleans.set(index, code);
        return;
      }
      case tapeOf.LEAF_ARRAY:
        if (this.arrays === undefined) {
          this.arrays = this.#newText(new ArrayDictionary(this.memory));
          this.#typeCount += 1;
        }
        this.#setText(index, this.arrays, tape, leafAt);
        return;
      default:
        if (this.marks === undefined) {
          this.marks = new CodeColumn(this.memory);
          this.#typeCount += 1;
        }
        if (this.#typeCount > 1) this.clear(index);
        this.marks.set(index, type === tapeOf.LEAF_NULL ? MARK_NULL : MARK_EMPTY);
    }
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

  /** Whether anything is there, null marks included. */
  has(index: number): boolean {
    if (this.strings !== undefined && this.strings.codes.get(index) !== 0) return true;
    if (this.numbers !== undefined && !Number.isNaN(this.numbers.get(index))) return true;
    if (this.booleans !== undefined && this.booleans.get(index) !== 0) return true;
    if (this.arrays !== undefined && this.arrays.codes.get(index) !== 0) return true;
    return this.marks !== undefined && this.marks.get(index) !== 0;
  }

  save(context: SaveContext): SavedState {
    return {
      segments: [...this.segments],
      numbers: this.numbers?.save(context),
      strings: this.strings?.save(context),
      booleans: this.booleans?.save(context),
      arrays: this.arrays?.save(context),
      marks: this.marks?.save(context),
      ...(this.#isMutable ? { firstSetMs: this.firstSetMs, lastSetMs: this.lastSetMs } : {}),
    };
  }

  static load(context: LoadContext, state: SavedState, isMutable = false): ValueColumn {
    const column = new ValueColumn(context.memory, state['segments'] as string[], isMutable);
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
    if (strings !== undefined) column.strings = TextColumn.load(context, strings);
    if (booleans !== undefined) {
      column.booleans = new CodeColumn(context.memory);
      column.booleans.load(context, booleans);
    }
    if (arrays !== undefined) column.arrays = TextColumn.load(context, arrays);
    if (marks !== undefined) {
      column.marks = new CodeColumn(context.memory);
      column.marks.load(context, marks);
    }
    if (isMutable) {
      column.firstSetMs = (state['firstSetMs'] as number | undefined) ?? Number.POSITIVE_INFINITY;
      column.lastSetMs = (state['lastSetMs'] as number | undefined) ?? Number.NEGATIVE_INFINITY;
      column.strings?.enableCompaction();
      column.arrays?.enableCompaction();
    }
    for (const one of [numbers, strings, booleans, arrays, marks]) if (one !== undefined) column.#typeCount += 1;
    return column;
  }
}
