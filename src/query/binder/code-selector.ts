/**
 * Which codes of a dictionary fit a test: each distinct value is tested once, however many rows hold it. Equality finds its
 * codes by hash; other tests walk the dictionary and keep the answer, so that the next query with the same literal tests
 * only what was learned since. Instants of dates are kept apart, because date tests move with the clock.
 *
 * What is kept is dropped, oldest use first, beyond `cacheSizeBytes`.
 */

import { xxh32 } from '../../base/hash.ts';
import { parseIsoDateBytesMs } from '../../base/iso-date.ts';
import type { ByteDictionary } from '../../memory/byte-dictionary.ts';
import type { TextColumn } from '../../profile/text-column.ts';
import { type ArrayVisitor, ArrayWalk } from './array-walk.ts';
import type { CodeSelection } from './formula.ts';
import { compileTextTest, isWellFormed, type TextMatcher } from './text-matcher.ts';
import { fitsNumber, type TextTest, type ValueTest } from './value-test.ts';

interface KeptTable {
  readonly generation: number;
  readonly dictionary: ByteDictionary;
  /** Codes tested so far. */
  count: number;
  fitCount: number;
  table: Uint8Array;
}
interface KeptInstants {
  readonly dictionary: ByteDictionary;
  count: number;
  /** By code; NaN for what is no date. */
  instants: Float64Array;
}

export class CodeSelector {
  readonly #hashSeed: number | undefined;
  readonly #cacheSizeBytes: number;
  readonly #tables = new Map<string, KeptTable>();
  readonly #instants = new Map<TextColumn, KeptInstants>();
  readonly #columnIds = new WeakMap<TextColumn, number>();
  #columnCount = 0;
  #usedBytes = 0;

  /** `hashSeed`: that of the dictionaries; without it equality walks the dictionary too. */
  constructor(hashSeed: number | undefined, cacheSizeBytes: number) {
    this.#hashSeed = hashSeed;
    this.#cacheSizeBytes = cacheSizeBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Codes of a column of plain texts. */
  texts(column: TextColumn, test: TextTest): CodeSelection {
    const { dictionary } = column;
    if (dictionary.count === 0) return NONE;
    if (test.kind === 'any') return ANY;
    if (test.kind === 'equal' && this.#hashSeed !== undefined) return this.#equal(dictionary, test.texts);
    if (test.kind === 'date') return this.#dates(column, test.minMs, test.maxMs);
    return this.#kept(column, JSON.stringify(test), () => {
      const matches: TextMatcher = compileTextTest(test);
      const { heap } = dictionary;
      return (code) => {
        dictionary.locate(code);
        return matches(heap.block, heap.start, heap.size);
      };
    });
  }

  /** Codes of a column of arrays: those in which some scalar at the end of `rest` fits. */
  arrays(column: TextColumn, rest: readonly string[], test: ValueTest): CodeSelection {
    if (column.dictionary.count === 0) return NONE;
    return this.#kept(column, JSON.stringify([rest, test, numbersKey(test)]), () => {
      const walk = new ArrayWalk(rest);
      const visitor = new FitVisitor(test);
      return (code) => walk.run(column.dictionary, code, visitor);
    });
  }

  /** Codes of a column of arrays in which something that is not null stands at the end of `rest`. */
  arraysPresent(column: TextColumn, rest: readonly string[]): CodeSelection {
    if (rest.length === 0) return ANY;
    if (column.dictionary.count === 0) return NONE;
    return this.#kept(column, JSON.stringify([rest, 'present']), () => {
      const walk = new ArrayWalk(rest);
      return (code) => walk.run(column.dictionary, code, PRESENCE);
    });
  }

  #equal(dictionary: ByteDictionary, literals: readonly string[]): CodeSelection {
    const codes = new Set<number>();
    for (const text of literals) {
      if (!isWellFormed(text)) continue;
      const bytes = Buffer.from(text);
      const code = dictionary.find(bytes, 0, bytes.length, xxh32(bytes, 0, bytes.length, this.#hashSeed!));
      if (code !== 0) codes.add(code);
    }
    if (codes.size === 0) return NONE;
    if (codes.size === 1) return { kind: 'one', code: [...codes][0] };
    const table = sharedTable(dictionary.count);
    for (const code of codes) table[code] = 1;
    return { kind: 'table', table, fitCount: codes.size };
  }

  #dates(column: TextColumn, minMs: number, maxMs: number): CodeSelection {
    const { instants, count } = this.#instantsOf(column);
    const table = sharedTable(count);
    let fitCount = 0;
    for (let code = 1; code <= count; code++) {
      if (instants[code] >= minMs && instants[code] <= maxMs) {
        table[code] = 1;
        fitCount += 1;
      }
    }
    return fitCount === 0 ? NONE : { kind: 'table', table, fitCount };
  }

  #instantsOf(column: TextColumn): KeptInstants {
    const { dictionary } = column;
    let kept = this.#instants.get(column);
    // A compacted dictionary is another one.
    if (kept !== undefined && kept.dictionary !== dictionary) {
      this.#usedBytes -= kept.instants.byteLength;
      kept = undefined;
    }
    if (kept === undefined) {
      kept = { dictionary, count: 0, instants: new Float64Array(dictionary.count + 1) };
      this.#usedBytes += kept.instants.byteLength;
    }
    this.#instants.delete(column);
    this.#instants.set(column, kept);
    const { count } = dictionary;
    if (count >= kept.instants.length) {
      const larger = new Float64Array(capacityFor(count));
      larger.set(kept.instants);
      this.#usedBytes += larger.byteLength - kept.instants.byteLength;
      kept.instants = larger;
    }
    const { heap } = dictionary;
    for (let code = kept.count + 1; code <= count; code++) {
      dictionary.locate(code);
      kept.instants[code] = parseIsoDateBytesMs(heap.block, heap.start, heap.size);
    }
    kept.count = count;
    this.#trim();
    return kept;
  }

  #kept(column: TextColumn, testKey: string, compile: () => (code: number) => boolean): CodeSelection {
    const { dictionary, generation } = column;
    const key = `${this.#idOf(column)} ${testKey}`;
    let kept = this.#tables.get(key);
    if (kept !== undefined && (kept.generation !== generation || kept.dictionary !== dictionary)) {
      this.#drop(key, kept);
      kept = undefined;
    }
    if (kept === undefined) {
      kept = { generation, dictionary, count: 0, fitCount: 0, table: sharedTable(dictionary.count) };
      this.#usedBytes += kept.table.length;
    }
    this.#tables.delete(key);
    this.#tables.set(key, kept);
    if (kept.count < dictionary.count) this.#extend(kept, compile());
    this.#trim();
    return kept.fitCount === 0 ? NONE : { kind: 'table', table: kept.table, fitCount: kept.fitCount };
  }

  /** A query that is still running may hold the old table, so growth makes a new one; codes behind its end are new to it. */
  #extend(kept: KeptTable, fits: (code: number) => boolean): void {
    const { count } = kept.dictionary;
    const table = sharedTable(count);
    table.set(kept.table.subarray(0, kept.count + 1));
    for (let code = kept.count + 1; code <= count; code++) {
      if (!fits(code)) continue;
      table[code] = 1;
      kept.fitCount += 1;
    }
    this.#usedBytes += table.length - kept.table.length;
    kept.table = table;
    kept.count = count;
  }

  #idOf(column: TextColumn): number {
    let id = this.#columnIds.get(column);
    if (id === undefined) {
      id = this.#columnCount++;
      this.#columnIds.set(column, id);
    }
    return id;
  }

  #drop(key: string, kept: KeptTable): void {
    this.#tables.delete(key);
    this.#usedBytes -= kept.table.length;
  }

  #trim(): void {
    for (const [key, kept] of this.#tables) {
      if (this.#usedBytes <= this.#cacheSizeBytes) return;
      this.#drop(key, kept);
    }
    for (const [column, kept] of this.#instants) {
      if (this.#usedBytes <= this.#cacheSizeBytes) return;
      this.#instants.delete(column);
      this.#usedBytes -= kept.instants.byteLength;
    }
  }

  clear(): void {
    this.#tables.clear();
    this.#instants.clear();
    this.#usedBytes = 0;
  }
}

const NONE: CodeSelection = { kind: 'none' };
const ANY: CodeSelection = { kind: 'any' };

/** A byte per code, in shared memory: workers read it where it lies. */
function sharedTable(count: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(count + 1));
}

function capacityFor(count: number): number {
  return count + (count >>> 2) + 1;
}

/** JSON has no infinities and typed arrays print as objects; bounds must tell tests apart. */
function numbersKey({ numbers }: ValueTest): string {
  if (numbers === undefined || numbers.kind === 'present') return String(numbers?.kind);
  return numbers.kind === 'range' ? `${numbers.min} ${numbers.max}` : numbers.values.join();
}

const PRESENCE: ArrayVisitor = {
  present: () => true,
  number: () => false,
  boolean: () => false,
  text: () => false,
};

class FitVisitor implements ArrayVisitor {
  readonly #test: ValueTest;
  readonly #matches: TextMatcher | undefined;

  constructor(test: ValueTest) {
    this.#test = test;
    this.#matches = test.texts === undefined ? undefined : compileTextTest(test.texts);
  }

  present(): boolean {
    return false;
  }

  number(value: number): boolean {
    const { numbers } = this.#test;
    return numbers !== undefined && fitsNumber(numbers, value);
  }

  boolean(value: boolean): boolean {
    return value ? this.#test.isTrueFit : this.#test.isFalseFit;
  }

  text(bytes: Uint8Array, start: number, size: number): boolean {
    return this.#matches?.(bytes, start, size) ?? false;
  }
}
