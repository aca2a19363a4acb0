/**
 * Who the gathered records are: the identifiers themselves, since their shards may have been restarted, or have given the people away, by the
 * time that they are asked for. Width: the value's bytes and 10.
 */
import type { RecordNames } from '../../engine/matching/matching-people.ts';
import { decodeUtf8 } from '../../memory/byte-heap.ts';
import { EngineError } from '../../model/error.ts';
import type { Identifier } from '../../model/profile.ts';

const BLOCK_SHIFT = 20;
const BLOCK_SIZE_BYTES = 1 << BLOCK_SHIFT;
/** Places are u32. */
const BLOCK_COUNT_MAX = 2 ** (32 - BLOCK_SHIFT);
const TYPE_COUNT_MAX = 2 ** 16;

export class GatheredNames implements RecordNames {
  readonly #blocks: Uint8Array[] = [];
  readonly #types: string[] = [];
  /** By record: block and place in it; ends are places alone. */
  #starts = new Uint32Array(1_024);
  #ends = new Uint32Array(1_024);
  #typeOf = new Uint16Array(1_024);
  #used = BLOCK_SIZE_BYTES;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get usedBytes(): number {
    return this.#blocks.length * BLOCK_SIZE_BYTES + this.#starts.length * 10;
  }

  /** Errors: memory_limit. */
  add(type: string, bytes: Uint8Array, start: number, size: number): void {
    if (this.#used + size > BLOCK_SIZE_BYTES) {
      if (this.#blocks.length === BLOCK_COUNT_MAX)
        throw new EngineError('memory_limit', 'names of profiles reached 4 GiB');
      this.#blocks.push(new Uint8Array(BLOCK_SIZE_BYTES));
      this.#used = 0;
    }
    const record = this.#count++;
    if (record === this.#starts.length) this.#grow();
    const base = (this.#blocks.length - 1) * BLOCK_SIZE_BYTES;
    const block = this.#blocks[this.#blocks.length - 1];
    for (let i = 0; i < size; i++) block[this.#used + i] = bytes[start + i];
    this.#starts[record] = base + this.#used;
    this.#used += size;
    this.#ends[record] = this.#used;
    this.#typeOf[record] = this.#typeCode(type);
  }

  of(record: number): Identifier {
    const start = this.#starts[record];
    const at = start % BLOCK_SIZE_BYTES;
    const value = decodeUtf8(this.#blocks[start >>> BLOCK_SHIFT], at, this.#ends[record] - at);
    return { type: this.#types[this.#typeOf[record]], value };
  }

  /** There are few. */
  #typeCode(type: string): number {
    const known = this.#types.indexOf(type);
    if (known >= 0) return known;
    if (this.#types.length === TYPE_COUNT_MAX) throw new EngineError('memory_limit', 'too many types of identifiers');
    return this.#types.push(type) - 1;
  }

  #grow(): void {
    this.#starts = grown(this.#starts, new Uint32Array(this.#starts.length * 2));
    this.#ends = grown(this.#ends, new Uint32Array(this.#ends.length * 2));
    this.#typeOf = grown(this.#typeOf, new Uint16Array(this.#typeOf.length * 2));
  }
}

function grown<List extends Uint32Array | Uint16Array>(list: List, larger: List): List {
  larger.set(list);
  return larger;
}
