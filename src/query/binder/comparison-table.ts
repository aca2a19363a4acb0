/**
 * What two dictionaries have in common, so that texts of two columns are compared by code: instants of dates by code (kept by the
 * selector, which uses them for literals too), and the code that the same text has in another dictionary. Both are extended when
 * dictionaries have learned more, and are in shared memory: workers read them where they lie.
 */
import { xxh32 } from '../../base/hash.ts';
import type { ByteDictionary } from '../../memory/byte-dictionary.ts';
import type { TextColumn } from '../../profile/text-column.ts';

export interface InstantTable {
  /** By code; NaN for what is no date, and at 0. */
  readonly instants: Float64Array;
  /** Every text is a date. */
  readonly isAllDates: boolean;
}

export interface CodeMap {
  /** Whose codes the map is by: the side with fewer texts. */
  readonly isByLeft: boolean;
  /** By code: the same text's code on the other side, or NO_CODE. */
  readonly codes: Uint32Array;
}

export interface ComparisonTables {
  instantTable(column: TextColumn): InstantTable;
  /** Undefined where it would cost more than comparing bytes. */
  codeMap(left: TextColumn, right: TextColumn): CodeMap | undefined;
}

/** No column holds it. */
export const NO_CODE = 0xffff_ffff;
/** Texts on the smaller side beyond which a map (some 200 ns a text, on the shard's thread) is not made. */
const MAP_TEXT_COUNT_MAX = 65_536;
const MAP_COUNT_MAX = 32;

interface KeptMap {
  readonly small: ByteDictionary;
  readonly large: ByteDictionary;
  smallCount: number;
  largeCount: number;
  codes: Uint32Array;
}

export class CodeMaps {
  readonly #hashSeed: number;
  /** In the order of last use. */
  readonly #kept: KeptMap[] = [];

  constructor(hashSeed: number) {
    this.#hashSeed = hashSeed;
  }

  get usedBytes(): number {
    return this.#kept.reduce((sum, { codes }) => sum + codes.byteLength, 0);
  }

  map(left: ByteDictionary, right: ByteDictionary): CodeMap | undefined {
    const isByLeft = left.count <= right.count;
    const [small, large] = isByLeft ? [left, right] : [right, left];
    if (small.count > MAP_TEXT_COUNT_MAX) return undefined;
    const at = this.#kept.findIndex((one) => one.small === small && one.large === large);
    const kept =
      at < 0
        ? { small, large, smallCount: 0, largeCount: 0, codes: newCodes(small.count) }
        : this.#kept.splice(at, 1)[0];
    this.#extend(kept);
    this.#kept.push(kept);
    if (this.#kept.length > MAP_COUNT_MAX) this.#kept.shift();
    return { isByLeft, codes: kept.codes };
  }

  /** A query that is still running may hold the old codes: what is filled in later is of texts that are new to it. */
  #extend(kept: KeptMap): void {
    const { small, large, codes } = kept;
    if (small.count >= codes.length) {
      kept.codes = newCodes(small.count + (small.count >>> 1));
      kept.codes.set(codes);
    }
    const learned = large.count - kept.largeCount;
    const isWhole = kept.largeCount === 0 || learned > small.count;
    if (!isWhole) {
      for (let code = kept.largeCount + 1; code <= large.count; code++) {
        const known = this.#find(small, large, code);
        if (known !== 0) kept.codes[known] = code;
      }
    }
    for (let code = isWhole ? 1 : kept.smallCount + 1; code <= small.count; code++) {
      const known = this.#find(large, small, code);
      if (known !== 0) kept.codes[code] = known;
    }
    kept.smallCount = small.count;
    kept.largeCount = large.count;
  }

  /** The code in `dictionary` of a text that `other` holds. */
  #find(dictionary: ByteDictionary, other: ByteDictionary, code: number): number {
    other.locate(code);
    const { block, start, size } = other.heap;
    return dictionary.find(block, start, size, xxh32(block, start, size, this.#hashSeed));
  }

  clear(): void {
    this.#kept.length = 0;
  }
}

function newCodes(count: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer((count + 1) * 4)).fill(NO_CODE);
}
