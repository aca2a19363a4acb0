/**
 * One trait of one shard's profiles, value by value, as texts of raw records. A text of the column's dictionary is copied once; numbers
 * are written out each time. Arrays, objects and null are nothing to compare.
 */
import type { ByteDictionary } from '../../memory/byte-dictionary.ts';
import { BOOLEAN_TRUE, type ValueColumn } from '../../profile/value-column.ts';

export interface TextSink {
  /** Takes a text (UTF-8) of a field in and gives the code that stands for it, from 1. */
  addText(field: number, bytes: Uint8Array, start: number, size: number): number;
}

export class TraitReader {
  readonly #column: ValueColumn | undefined;
  readonly #sink: TextSink;
  readonly #field: number;
  /** Another one when the column's was compacted, which changes its codes. */
  #dictionary: ByteDictionary | undefined;
  /** By code of the dictionary, 0 = not taken in yet. */
  #codes = new Uint32Array(0);

  constructor(column: ValueColumn | undefined, sink: TextSink, field: number) {
    this.#column = column;
    this.#sink = sink;
    this.#field = field;
  }

  /** 0 = nothing. */
  codeAt(row: number): number {
    const column = this.#column;
    if (column === undefined) return 0;
    const text = column.strings?.codes.get(row) ?? 0;
    if (text !== 0) return this.#textCode(column.strings!.dictionary, text);
    const number = column.numbers?.get(row) ?? Number.NaN;
    if (!Number.isNaN(number)) return this.#add(String(number));
    const boolean = column.booleans?.get(row) ?? 0;
    return boolean === 0 ? 0 : this.#add(boolean === BOOLEAN_TRUE ? 'true' : 'false');
  }

  #textCode(dictionary: ByteDictionary, code: number): number {
    if (dictionary !== this.#dictionary) {
      this.#dictionary = dictionary;
      this.#codes = new Uint32Array(dictionary.count + 1);
    } else if (code >= this.#codes.length) {
      const grown = new Uint32Array(Math.max(dictionary.count + 1, this.#codes.length * 2));
      grown.set(this.#codes);
      this.#codes = grown;
    }
    const known = this.#codes[code];
    if (known !== 0) return known;
    dictionary.locate(code);
    const { block, start, size } = dictionary.heap;
    const added = this.#sink.addText(this.#field, block, start, size);
    this.#codes[code] = added;
    return added;
  }

  #add(text: string): number {
    for (let i = 0; i < text.length; i++) ASCII[i] = text.charCodeAt(i);
    return this.#sink.addText(this.#field, ASCII, 0, text.length);
  }
}

/** A number written out has 25 characters at most. */
const ASCII = new Uint8Array(32);
