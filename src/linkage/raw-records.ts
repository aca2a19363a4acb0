/**
 * Records as they are read, before anything is made of them: each value's bytes and a code per record and field, in shared memory, so that
 * whoever reads them spends some nanoseconds a value and a worker does the rest. A text may be there under several codes.
 *
 * Width: per record 4 bytes a field; per text its bytes, a length of 1 byte, an offset of 4.
 */
import { decodeUtf8 } from '../memory/byte-heap.ts';
import { type RecordTable, RecordTableBuilder } from './record-table.ts';
import { sharedBytes } from './text-store.ts';

/** No name, address or number is longer, and comparing is quadratic in it. */
const TEXT_SIZE_BYTES_MAX = 255;
const BLOCK_SHIFT = 18;
const BLOCK_SIZE_BYTES = 1 << BLOCK_SHIFT;
const CHUNK_SHIFT = 14;
const CHUNK_LENGTH = 1 << CHUNK_SHIFT;

export interface RawField {
  readonly name: string;
  /** One a record; 0 = missing. In chunks, as `starts`. */
  readonly codes: readonly Uint32Array[];
  /** Of code c at c − 1: where its length and bytes are. */
  readonly starts: readonly Uint32Array[];
  readonly textCount: number;
  readonly blocks: readonly Uint8Array[];
}

export interface RawRecords {
  readonly recordCount: number;
  readonly rawFields: readonly RawField[];
}

/** Grows by chunks: no moment at which all of it is copied. */
class SharedList {
  readonly chunks: Uint32Array[] = [];
  length = 0;

  push(value: number): void {
    const at = this.length++;
    if (at % CHUNK_LENGTH === 0) this.chunks.push(new Uint32Array(sharedBytes(CHUNK_LENGTH * 4)));
    this.chunks[at >>> CHUNK_SHIFT][at % CHUNK_LENGTH] = value;
  }
}

class SharedTexts {
  readonly starts = new SharedList();
  readonly blocks: Uint8Array[] = [];
  #used = BLOCK_SIZE_BYTES;

  /** Gives the code, from 1. */
  add(bytes: Uint8Array, start: number, size: number): number {
    const kept = Math.min(size, TEXT_SIZE_BYTES_MAX);
    if (this.#used + 1 + kept > BLOCK_SIZE_BYTES) {
      this.blocks.push(new Uint8Array(sharedBytes(BLOCK_SIZE_BYTES)));
      this.#used = 0;
    }
    const index = this.blocks.length - 1;
    const block = this.blocks[index];
    this.starts.push(index * BLOCK_SIZE_BYTES + this.#used);
    block[this.#used++] = kept;
    for (let i = 0; i < kept; i++) block[this.#used + i] = bytes[start + i];
    this.#used += kept;
    return this.starts.length;
  }
}

export class RawRecordsBuilder {
  readonly #names: readonly string[];
  readonly #codes: readonly SharedList[];
  readonly #texts: readonly SharedTexts[];
  #count = 0;

  constructor(names: readonly string[]) {
    this.#names = names;
    this.#codes = names.map(() => new SharedList());
    this.#texts = names.map(() => new SharedTexts());
  }

  /** Takes a text (UTF-8) of a field in and gives the code that stands for it in `addRecord`. */
  addText(field: number, bytes: Uint8Array, start: number, size: number): number {
    return this.#texts[field].add(bytes, start, size);
  }

  /** One code a field, 0 = missing. */
  addRecord(codes: ArrayLike<number>): void {
    this.#count += 1;
    for (let field = 0; field < this.#codes.length; field++) this.#codes[field].push(codes[field]);
  }

  finish(): RawRecords {
    const rawFields = this.#names.map((name, field) => {
      const { starts, blocks } = this.#texts[field];
      const textCount = starts.length;
      return { name, codes: this.#codes[field].chunks, starts: starts.chunks, textCount, blocks };
    });
    return { recordCount: this.#count, rawFields };
  }
}

/** Field by field, so that the texts of one at a time are on the heap. The fields are those that tell something; maybe none. */
export function tableOfRaw({ recordCount, rawFields }: RawRecords): RecordTable {
  const fields = rawFields.flatMap((field) => {
    const texts = Array.from({ length: field.textCount }, (_, i) => textAt(field, i));
    const builder = new RecordTableBuilder([{ name: field.name }]);
    const value: (string | undefined)[] = [undefined];
    for (let record = 0; record < recordCount; record++) {
      const code = field.codes[record >>> CHUNK_SHIFT][record % CHUNK_LENGTH];
      value[0] = code === 0 ? undefined : texts[code - 1];
      builder.add(value);
    }
    return builder.fields();
  });
  return { recordCount, fields };
}

function textAt({ starts, blocks }: RawField, index: number): string {
  const start = starts[index >>> CHUNK_SHIFT][index % CHUNK_LENGTH];
  const block = blocks[start >>> BLOCK_SHIFT];
  const at = start % BLOCK_SIZE_BYTES;
  return decodeUtf8(block, at + 1, block[at]);
}
