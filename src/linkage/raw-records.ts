/**
 * Records as they are read, before anything is made of them: each value's bytes and a code per record and field, in shared memory, so that
 * whoever reads them spends some nanoseconds a value and a worker does the rest. A text may be there under several codes. Records may have
 * places, so that the table is the same in whatever order they were read.
 *
 * Width: per record 4 bytes a field, and 16 for its place; per text its bytes, a length of 1 byte, an offset of 4.
 */
import { decodeUtf8 } from '../memory/byte-heap.ts';
import { type RecordTable, RecordTableBuilder } from './record-table.ts';
import { sharedBytes, sharedUint32 } from './text-store.ts';

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
  /** Absent: in the order of adding. One a record, in chunks. */
  readonly places?: RawPlaces | undefined;
}

/** Where a record comes among the others: by `times`, then by `hashes`, then in the order of adding. */
export interface RawPlaces {
  readonly times: readonly Float64Array[];
  readonly hashes: readonly Float64Array[];
}

export interface RecordPlace {
  readonly timeMs: number;
  readonly hash: number;
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

class SharedNumbers {
  readonly chunks: Float64Array[] = [];
  length = 0;

  push(value: number): void {
    const at = this.length++;
    if (at % CHUNK_LENGTH === 0) this.chunks.push(new Float64Array(sharedBytes(CHUNK_LENGTH * 8)));
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
  readonly #times = new SharedNumbers();
  readonly #hashes = new SharedNumbers();
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

  /** One code a field, 0 = missing. All records have places, or none. */
  addRecord(codes: ArrayLike<number>, place?: RecordPlace): void {
    this.#count += 1;
    for (let field = 0; field < this.#codes.length; field++) this.#codes[field].push(codes[field]);
    if (place === undefined) return;
    this.#times.push(place.timeMs);
    this.#hashes.push(place.hash);
  }

  /** Of what was taken in. */
  get usedBytes(): number {
    let bytes = (this.#times.chunks.length + this.#hashes.chunks.length) * CHUNK_LENGTH * 8;
    for (let field = 0; field < this.#codes.length; field++) {
      const { starts, blocks } = this.#texts[field];
      bytes += (this.#codes[field].chunks.length + starts.chunks.length) * CHUNK_LENGTH * 4;
      bytes += blocks.length * BLOCK_SIZE_BYTES;
    }
    return bytes;
  }

  finish(): RawRecords {
    const rawFields = this.#names.map((name, field) => {
      const { starts, blocks } = this.#texts[field];
      const textCount = starts.length;
      return { name, codes: this.#codes[field].chunks, starts: starts.chunks, textCount, blocks };
    });
    const hasPlaces = this.#count > 0 && this.#times.length === this.#count;
    const places = hasPlaces ? { times: this.#times.chunks, hashes: this.#hashes.chunks } : undefined;
    return { recordCount: this.#count, rawFields, places };
  }
}

/** By row of the table: which record it is; in shared memory. Undefined: row and record are the same. */
export function orderOf({ recordCount, places }: RawRecords): Uint32Array | undefined {
  if (places === undefined) return undefined;
  const order = sharedUint32(recordCount);
  for (let record = 0; record < recordCount; record++) order[record] = record;
  const { times, hashes } = places;
  const at = (chunks: readonly Float64Array[], record: number): number =>
    chunks[record >>> CHUNK_SHIFT][record % CHUNK_LENGTH];
  return order.sort((a, b) => at(times, a) - at(times, b) || at(hashes, a) - at(hashes, b) || a - b);
}

/** Field by field, so that the texts of one at a time are on the heap. The fields are those that tell something; maybe none. */
export function tableOfRaw({ recordCount, rawFields }: RawRecords, order?: Uint32Array | undefined): RecordTable {
  const fields = rawFields.flatMap((field) => {
    const texts = Array.from({ length: field.textCount }, (_, i) => textAt(field, i));
    const builder = new RecordTableBuilder([{ name: field.name }]);
    const value: (string | undefined)[] = [undefined];
    for (let row = 0; row < recordCount; row++) {
      const record = order === undefined ? row : order[row];
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
