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
import { FirstVisitor, FitVisitor, PRESENCE } from './array-visitor.ts';
import { ArrayWalk } from './array-walk.ts';
import type { Cell, Relation } from './cell.ts';
import { type Chore, Chores } from './chores.ts';
import { type CodeMap, CodeMaps, type InstantTable } from './comparison-table.ts';
import type { CodeSelection } from './formula.ts';
import type { Selector } from './selector.ts';
import { compileTextTest, isWellFormed, type TextMatcher } from './text-matcher.ts';
import type { TextTest, ValueTest } from './value-test.ts';

/** Estimated costs of one text, to cut the walk over a dictionary into slices. A byte that is read counts a nanosecond. */
const TEXT_NS = 100;
const PATTERN_NS = 2_000;
const ARRAY_NS = 400;
const DATE_NS = 60;
const INSTANT_NS = 2;
const TEXT_SIZE_BYTES = 20;
/** Instants looked at in one go, without being kept. */
const DATE_COUNT_MAX = 250_000;

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
  /** Texts that are dates. */
  dateCount: number;
  /** By code, in shared memory; NaN for what is no date. */
  instants: Float64Array;
}

export class CodeSelector implements Selector {
  readonly #hashSeed: number | undefined;
  readonly #cacheSizeBytes: number;
  readonly #tables = new Map<string, KeptTable>();
  readonly #instants = new Map<TextColumn, KeptInstants>();
  readonly #columnIds = new WeakMap<TextColumn, number>();
  readonly #maps: CodeMaps | undefined;
  readonly #chores: Chores;
  #columnCount = 0;
  #usedBytes = 0;

  /** `hashSeed`: that of the dictionaries; without it equality walks the dictionary too. */
  constructor(hashSeed: number | undefined, cacheSizeBytes: number, chores = new Chores()) {
    this.#hashSeed = hashSeed;
    this.#chores = chores;
    this.#maps = hashSeed === undefined ? undefined : new CodeMaps(hashSeed, chores);
    this.#cacheSizeBytes = cacheSizeBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes + (this.#maps?.usedBytes ?? 0);
  }

  texts(column: TextColumn, test: TextTest): CodeSelection {
    const { dictionary } = column;
    if (dictionary.count === 0) return NONE;
    if (test.kind === 'any') return ANY;
    if (test.kind === 'equal' && this.#hashSeed !== undefined) return this.#equal(dictionary, test.texts);
    if (test.kind === 'date') return this.#dates(column, test.minMs, test.maxMs);
    const costNs = test.kind === 'matches' ? PATTERN_NS : TEXT_NS;
    return this.#kept(column, JSON.stringify(test), costNs, () => {
      const matches: TextMatcher = compileTextTest(test);
      const { heap } = dictionary;
      return (code) => {
        dictionary.locate(code);
        return matches(heap.block, heap.start, heap.size);
      };
    });
  }

  arrays(column: TextColumn, rest: readonly string[], test: ValueTest): CodeSelection {
    if (column.dictionary.count === 0) return NONE;
    return this.#kept(column, JSON.stringify([rest, test, numbersKey(test)]), ARRAY_NS, () => {
      const walk = new ArrayWalk(rest);
      const visitor = new FitVisitor(test);
      return (code) => walk.run(column.dictionary, code, visitor);
    });
  }

  arraysPresent(column: TextColumn, rest: readonly string[]): CodeSelection {
    if (rest.length === 0) return ANY;
    if (column.dictionary.count === 0) return NONE;
    return this.#kept(column, JSON.stringify([rest, 'present']), ARRAY_NS, () => {
      const walk = new ArrayWalk(rest);
      return (code) => walk.run(column.dictionary, code, PRESENCE);
    });
  }

  firstScalars(column: TextColumn, rest: readonly string[], test: ValueTest): CodeSelection {
    if (column.dictionary.count === 0) return NONE;
    return this.#kept(column, JSON.stringify([rest, test, numbersKey(test), 'first']), ARRAY_NS, () => {
      const walk = new ArrayWalk(rest);
      const visitor = new FirstVisitor(test);
      return (code) => {
        visitor.doesFit = false;
        walk.run(column.dictionary, code, visitor);
        return visitor.doesFit;
      };
    });
  }

  prepare(relation: Relation, left: Cell, right: Cell): void {
    if (relation === 'eq') {
      if (left.kind === 'texts' && right.kind === 'texts') this.codeMap(left.column, right.column);
      return;
    }
    if (relation === 'contains' || relation === 'starts' || relation === 'ends') return;
    if (!mayHoldDate(left) || !mayHoldDate(right)) return;
    for (const cell of [left, right]) if (cell.kind === 'texts') this.instantTable(cell.column);
  }

  instantTable(column: TextColumn): InstantTable {
    const { instants, count, dateCount } = this.#instantsOf(column);
    return { instants, isAllDates: dateCount === count };
  }

  codeMap(left: TextColumn, right: TextColumn): CodeMap | undefined {
    return this.#maps?.map(left.dictionary, right.dictionary);
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
    if (count > DATE_COUNT_MAX) {
      return this.#kept(column, `date ${minMs} ${maxMs}`, INSTANT_NS, () => {
        return (code) => instants[code] >= minMs && instants[code] <= maxMs;
      });
    }
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
      kept = { dictionary, count: 0, dateCount: 0, instants: newInstants(dictionary.count + 1) };
      this.#usedBytes += kept.instants.byteLength;
    }
    this.#instants.delete(column);
    this.#instants.set(column, kept);
    this.#extendInstants(column, kept);
    this.#trim();
    return kept;
  }

  #extendInstants(column: TextColumn, kept: KeptInstants): void {
    const { dictionary } = kept;
    const work = (costNs: number): boolean => {
      if (this.#instants.get(column) !== kept || column.dictionary !== dictionary) return true;
      const { count, heap } = dictionary;
      if (count >= kept.instants.length) {
        const larger = newInstants(capacityFor(count));
        larger.set(kept.instants);
        this.#usedBytes += larger.byteLength - kept.instants.byteLength;
        kept.instants = larger;
      }
      const end = Math.min(count, kept.count + Math.ceil(costNs / DATE_NS));
      for (let code = kept.count + 1; code <= end; code++) {
        dictionary.locate(code);
        const ms = parseIsoDateBytesMs(heap.block, heap.start, heap.size);
        kept.instants[code] = ms;
        if (!Number.isNaN(ms)) kept.dateCount += 1;
      }
      kept.count = end;
      return end === count;
    };
    this.#do((dictionary.count - kept.count) * DATE_NS, { work });
  }

  /** At once, or noted for later. */
  #do(costNs: number, chore: Chore): void {
    if (costNs > 0 && !this.#chores.defers(costNs, chore)) chore.work(Number.POSITIVE_INFINITY);
  }

  /** `costNs`: of one test, besides the bytes that it reads. */
  #kept(column: TextColumn, testKey: string, costNs: number, compile: () => (code: number) => boolean): CodeSelection {
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
    if (kept.count < dictionary.count) this.#extend(column, key, kept, costNs, compile());
    this.#trim();
    return kept.fitCount === 0 ? NONE : { kind: 'table', table: kept.table, fitCount: kept.fitCount };
  }

  /** A query that is still running may hold the table: the codes that are written now are new to it. */
  #extend(column: TextColumn, key: string, kept: KeptTable, testNs: number, fits: (code: number) => boolean): void {
    const { dictionary } = kept;
    const { heap } = dictionary;
    const work = (costNs: number): boolean => {
      // Dropped, or renumbered meanwhile: who still wants it begins again.
      if (this.#tables.get(key) !== kept || column.dictionary !== dictionary) return true;
      const { count } = dictionary;
      if (count >= kept.table.length) this.#grow(kept, capacityFor(count));
      let code = kept.count;
      for (let leftNs = costNs; code < count && leftNs > 0; ) {
        code += 1;
        if (fits(code)) {
          kept.table[code] = 1;
          kept.fitCount += 1;
        }
        leftNs -= testNs + heap.size;
      }
      kept.count = code;
      return code === count;
    };
    this.#do((dictionary.count - kept.count) * (testNs + TEXT_SIZE_BYTES), { work });
  }

  #grow(kept: KeptTable, count: number): void {
    const table = sharedTable(count);
    table.set(kept.table);
    this.#usedBytes += table.length - kept.table.length;
    kept.table = table;
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
    // Asked first: to begin at the oldest, the map passes every entry that was ever taken out of it.
    if (this.#usedBytes <= this.#cacheSizeBytes) return;
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
    this.#maps?.clear();
    this.#usedBytes = 0;
  }
}

const NONE: CodeSelection = { kind: 'none' };
const ANY: CodeSelection = { kind: 'any' };

/** A byte per code, in shared memory: workers read it where it lies. */
function sharedTable(count: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(count + 1));
}

function mayHoldDate({ kind }: Cell): boolean {
  return kind === 'texts' || kind === 'instants';
}

function newInstants(length: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(length * 8)).fill(Number.NaN);
}

function capacityFor(count: number): number {
  return count + (count >>> 2) + 1;
}

/** JSON has no infinities and typed arrays print as objects; bounds must tell tests apart. */
function numbersKey({ numbers }: ValueTest): string {
  if (numbers === undefined || numbers.kind === 'present') return String(numbers?.kind);
  return numbers.kind === 'range' ? `${numbers.min} ${numbers.max}` : numbers.values.join();
}
