/** One numbering for texts of several dictionaries: from 1, in the order in which they are met. Off the JavaScript heap. */
import { xxh32 } from '../../base/hash.ts';
import { ByteDictionary } from '../../memory/byte-dictionary.ts';
import { SlabMemory } from '../../memory/slab-memory.ts';

export class TextNumbers {
  /** Its first page is a whole slab: only where there is a text. */
  #dictionary: ByteDictionary | undefined;

  get sizeBytes(): number {
    return this.#dictionary?.memory.usedBytes ?? 0;
  }

  number(bytes: Uint8Array, start: number, size: number): number {
    this.#dictionary ??= new ByteDictionary(new SlabMemory());
    return this.#dictionary.findOrAdd(bytes, start, size, xxh32(bytes, start, size, 0));
  }

  text(number: number): string {
    return this.#dictionary!.text(number);
  }
}
