/**
 * The value of an aggregate over a list of events of one profile. Adds up in the order of arrival and each array on its own
 * first, as scans do, so that sums agree to the last bit.
 */
import { decodeUtf8 } from '../../memory/byte-heap.ts';
import { cellsOf } from '../binder/guarded-cell.ts';
import type { ScalarSource } from '../binder/value-source.ts';
import type { EventChain } from './event-chain.ts';
import { compileIndexTest, type IndexTest } from './index-test.ts';
import { readableCell } from './live-cell.ts';
import { type CellReader, cellReader } from './readable-cell.ts';
import { ScalarList, TAG_BOOLEAN, TAG_NUMBER } from './scalar-list.ts';

export type NumberFunction = 'sum' | 'avg' | 'min' | 'max' | 'count_distinct';

export interface GuardedReader {
  readonly guard: IndexTest | undefined;
  readonly read: CellReader;
}

export function readersOf(sources: readonly ScalarSource[], isFirstOnly = false): readonly GuardedReader[] {
  return cellsOf(sources, isFirstOnly).map(({ guard, cell }) => ({
    guard: guard.kind === 'constant' && guard.value ? undefined : compileIndexTest(guard),
    read: cellReader(readableCell(cell)),
  }));
}

export class ChainAggregate {
  readonly #readers: readonly GuardedReader[];
  readonly #list = new ScalarList();
  readonly #distinct = new Set<string | number | boolean>();

  constructor(sources: readonly ScalarSource[]) {
    this.#readers = readersOf(sources);
  }

  /** Undefined when it is missing. */
  value(fn: NumberFunction, chain: EventChain): number | undefined {
    if (fn === 'count_distinct') return this.#countDistinct(chain);
    let sum = 0;
    let count = 0;
    let min = Infinity;
    let max = -Infinity;
    const list = this.#list;
    for (let at = chain.count - 1; at >= 0; at--) {
      const index = chain.indexes[at];
      for (let r = 0; r < this.#readers.length; r++) {
        if (!this.#read(r, index)) continue;
        let part = 0;
        for (let i = 0; i < list.count; i++) {
          if (list.tags[i] !== TAG_NUMBER) continue;
          const value = list.numbers[i];
          part += value;
          count += 1;
          if (value < min) min = value;
          if (value > max) max = value;
        }
        sum += part;
      }
    }
    if (fn === 'sum') return sum;
    if (count === 0) return undefined;
    return fn === 'avg' ? sum / count : fn === 'min' ? min : max;
  }

  #countDistinct(chain: EventChain): number {
    const list = this.#list;
    const distinct = this.#distinct;
    distinct.clear();
    for (let at = 0; at < chain.count; at++) {
      for (let r = 0; r < this.#readers.length; r++) {
        if (!this.#read(r, chain.indexes[at])) continue;
        for (let i = 0; i < list.count; i++) distinct.add(scalarAt(list, i));
      }
    }
    return distinct.size;
  }

  /** Lists what the reader finds at the event; false when it does not count there. */
  #read(reader: number, index: number): boolean {
    const { guard, read } = this.#readers[reader];
    if (guard !== undefined && !guard(index)) return false;
    this.#list.clear();
    read(index, this.#list);
    return true;
  }
}

export function scalarAt(list: ScalarList, i: number): string | number | boolean {
  const tag = list.tags[i];
  if (tag === TAG_NUMBER) return list.numbers[i];
  if (tag === TAG_BOOLEAN) return list.numbers[i] === 1;
  return decodeUtf8(list.blocks[i], list.starts[i], list.sizes[i]);
}
