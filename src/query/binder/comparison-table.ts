/**
 * What two dictionaries have in common, so that texts of two columns are compared by code: instants of dates by code (kept by the
 * selector, which uses them for literals too), and the code that the same text has in another dictionary. Both are extended when
 * dictionaries have learned more, and are in shared memory: workers read them where they lie.
 */
import { xxh32 } from '../../base/hash.ts';
import type { ByteDictionary } from '../../memory/byte-dictionary.ts';
import type { TextColumn } from '../../profile/text-column.ts';
import type { Cell, Relation } from './cell.ts';
import type { Chores } from './chores.ts';

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
  /** Makes in slices, before anything is captured, what a scan will ask for. */
  prepare(relation: Relation, left: Cell, right: Cell): void;
  instantTable(column: TextColumn): InstantTable;
  /** Undefined where it would cost more than comparing bytes. */
  codeMap(left: TextColumn, right: TextColumn): CodeMap | undefined;
}

/** No column holds it. */
export const NO_CODE = 0xffff_ffff;
/** Looking a text of one dictionary up in another. */
const FIND_NS = 200;
/** Texts on the smaller side beyond which a map is not made: a scan compares bytes on workers then. */
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

  readonly #chores: Chores;

  constructor(hashSeed: number, chores: Chores) {
    this.#hashSeed = hashSeed;
    this.#chores = chores;
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

  /** Begins anew where more was learned on the large side than the small one has. */
  #extend(kept: KeptMap): void {
    const { small, large } = kept;
    if (kept.largeCount === 0 || large.count - kept.largeCount > small.count) {
      kept.largeCount = large.count;
      kept.smallCount = 0;
    }
    const costNs = (large.count - kept.largeCount + small.count - kept.smallCount) * FIND_NS;
    const chore = { work: (sliceNs: number): boolean => this.#work(kept, Math.ceil(sliceNs / FIND_NS)) };
    if (costNs > 0 && !this.#chores.defers(costNs, chore)) chore.work(Number.POSITIVE_INFINITY);
  }

  /**
   * A query that is still running may hold the old codes: what is filled in later is of texts that are new to it. A dictionary that
   * was compacted in the meantime is empty, and nothing is left to do.
   */
  #work(kept: KeptMap, findCount: number): boolean {
    const { small, large } = kept;
    let left = findCount;
    if (small.count >= kept.codes.length) {
      const codes = newCodes(small.count + (small.count >>> 1));
      codes.set(kept.codes);
      kept.codes = codes;
    }
    for (; kept.largeCount < large.count && left > 0; left--) {
      kept.largeCount += 1;
      const known = this.#find(small, large, kept.largeCount);
      if (known !== 0) kept.codes[known] = kept.largeCount;
    }
    for (; kept.smallCount < small.count && left > 0; left--) {
      kept.smallCount += 1;
      const known = this.#find(large, small, kept.smallCount);
      if (known !== 0) kept.codes[kept.smallCount] = known;
    }
    return kept.largeCount >= large.count && kept.smallCount >= small.count;
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
