/**
 * Second half of a breakdown, once it is known which groups are shown: distinct profiles of each target (a shown group, the rest, all), and
 * the further figure of the shown groups. It reads what the first scan kept and no column, so nothing needs to be held meanwhile.
 */
import { countBits } from '../../bitmap/portable-bitset.ts';
import { DistinctSet, TAG_NUMBER } from './distinct-set.ts';
import { sortNumbers } from './number-sort.ts';
import type { ListedValues } from './value-list.ts';

export type TallyFunction = 'sum' | 'avg' | 'min' | 'max' | 'ranks' | 'count_distinct' | 'first' | 'last';

export interface TallyScan {
  readonly kind: 'tally';
  readonly pairs: readonly { readonly keys: Uint32Array; readonly rows: Uint32Array }[];
  /** Targets of key k: `targets[starts[k]]` … `targets[starts[k + 1] − 1]`. */
  readonly starts: Uint32Array;
  readonly targets: Uint32Array;
  /** Targets below are groups, which have a figure; the next is the rest. */
  readonly groupCount: number;
  readonly rowCount: number;
  readonly fn: TallyFunction | undefined;
  /** By key; or by row, where the figure is over a group's distinct profiles. */
  readonly values: readonly ListedValues[];
  readonly isByRow: boolean;
  readonly costNs: number;
  readonly chunks: Int32Array;
  readonly control: Int32Array;
}

export interface TallyOutcome {
  /** Of each group, of the rest, of all. */
  readonly profiles: Uint32Array;
  readonly figures: readonly Figure[];
}

/** One group's figure, as far as this worker saw it. `numbers` are in order. */
export interface Figure {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly numbers: Float64Array | undefined;
  readonly distinct: { readonly tags: Uint8Array; readonly values: Float64Array } | undefined;
  /** Of the first or last: when, and what. */
  readonly edge:
    | { readonly timeMs: number; readonly index: number; readonly tag: number; readonly value: number }
    | undefined;
}

/** Words of one bit a row and group: 4 MiB, beyond which each look is a cache miss. */
const BITSET_WORDS_MAX = 1 << 20;
const VALUES_PER_STEP = 65_536;
/** Of a pair or a value. */
export const VALUE_NS = 10;

/** Yields between its parts what they are estimated to have cost. */
export function* tallySteps(scan: TallyScan): Generator<number, TallyOutcome, void> {
  const collectors = Array.from({ length: scan.fn === undefined ? 0 : scan.groupCount }, () => new Collector(scan));
  const byRow = scan.isByRow ? scan.values.map((values) => valuesByRow(values, scan.rowCount)) : [];
  const onMember = (target: number, row: number): void => {
    if (target >= collectors.length) return;
    for (const { values, starts, places } of byRow) {
      for (let at = starts[row]; at < starts[row + 1]; at++) collectors[target].add(values, places[at]);
    }
  };
  const profiles = yield* profileSteps(scan, onMember);
  if (!scan.isByRow) {
    const { starts, targets } = scan;
    for (const values of scan.values) {
      for (let v = 0; v < values.keys.length; v++) {
        const key = values.keys[v];
        for (let s = starts[key]; s < starts[key + 1]; s++) {
          if (targets[s] < collectors.length) collectors[targets[s]].add(values, v);
        }
        if ((v + 1) % VALUES_PER_STEP === 0) yield VALUE_NS * VALUES_PER_STEP;
      }
    }
  }
  return { profiles, figures: collectors.map((collector) => collector.figure()) };
}

interface ValuesByRow {
  readonly values: ListedValues;
  /** Values of row r: at `places[starts[r]]` … `places[starts[r + 1] − 1]`. */
  readonly starts: Uint32Array;
  readonly places: Uint32Array;
}

function valuesByRow(values: ListedValues, rowCount: number): ValuesByRow {
  const rows = values.keys;
  const starts = new Uint32Array(rowCount + 1);
  for (let v = 0; v < rows.length; v++) starts[rows[v] + 1] += 1;
  for (let row = 0; row < rowCount; row++) starts[row + 1] += starts[row];
  const ends = starts.slice();
  const places = new Uint32Array(rows.length);
  for (let v = 0; v < rows.length; v++) places[ends[rows[v]]++] = v;
  return { values, starts, places };
}

/** Distinct rows of each target; tells of each once where the figure is over profiles. */
function* profileSteps(
  scan: TallyScan,
  onMember: (target: number, row: number) => void,
): Generator<number, Uint32Array, void> {
  const { groupCount, rowCount } = scan;
  const wordCount = (rowCount + 31) >>> 5;
  // The groups, the rest, all.
  const profiles = new Uint32Array(groupCount + 2);
  if (scan.pairs.length === 0) return profiles;
  const all = new Uint32Array(wordCount);
  if (groupCount * wordCount <= BITSET_WORDS_MAX) {
    yield* markSteps(scan, 0, profiles, all, onMember);
    profiles[groupCount + 1] = countAll(all, 0, wordCount);
    return profiles;
  }
  yield* markSteps(scan, groupCount, profiles, all, onMember);
  for (const { rows } of scan.pairs) for (let n = 0; n < rows.length; n++) all[rows[n] >>> 5] |= 1 << (rows[n] & 31);
  profiles[groupCount + 1] = countAll(all, 0, wordCount);
  stampRows(scan, profiles, onMember);
  return profiles;
}

/** Targets from `first` to the rest, by a bit for each row and target; `all` takes in every bit. */
function* markSteps(
  scan: TallyScan,
  first: number,
  profiles: Uint32Array,
  all: Uint32Array,
  onMember: (target: number, row: number) => void,
): Generator<number, void, void> {
  const { starts, targets, isByRow, groupCount } = scan;
  const end = groupCount + 1;
  const wordCount = (scan.rowCount + 31) >>> 5;
  const words = new Uint32Array((end - first) * wordCount);
  for (const { keys, rows } of scan.pairs) {
    for (let n = 0; n < keys.length; n++) {
      const row = rows[n];
      const bit = 1 << (row & 31);
      const until = starts[keys[n] + 1];
      for (let s = starts[keys[n]]; s < until; s++) {
        const target = targets[s];
        if (target < first) continue;
        const w = (target - first) * wordCount + (row >>> 5);
        if (isByRow && (words[w] & bit) === 0) onMember(target, row);
        words[w] |= bit;
      }
    }
    yield VALUE_NS * keys.length;
  }
  for (let target = first; target < end; target++) {
    const from = (target - first) * wordCount;
    profiles[target] = countAll(words, from, from + wordCount);
    for (let w = 0; w < wordCount; w++) all[w] |= words[from + w];
  }
}

function countAll(words: Uint32Array, from: number, end: number): number {
  let count = 0;
  for (let w = from; w < end; w++) count += countBits(words[w]);
  return count;
}

/** Groups, when they are too many for bits: rows are laid out by group, and each row remembers the group that counted it last. */
function stampRows(scan: TallyScan, profiles: Uint32Array, onMember: (target: number, row: number) => void): void {
  const { starts, targets, groupCount } = scan;
  const places = new Float64Array(groupCount + 1);
  for (const { keys } of scan.pairs) {
    for (let n = 0; n < keys.length; n++) {
      for (let s = starts[keys[n]]; s < starts[keys[n] + 1]; s++)
        if (targets[s] < groupCount) places[targets[s] + 1] += 1;
    }
  }
  for (let target = 0; target < groupCount; target++) places[target + 1] += places[target];
  const laid = new Uint32Array(places[groupCount]);
  const ends = places.slice();
  for (const { keys, rows } of scan.pairs) {
    for (let n = 0; n < keys.length; n++) {
      for (let s = starts[keys[n]]; s < starts[keys[n] + 1]; s++) {
        if (targets[s] < groupCount) laid[ends[targets[s]]++] = rows[n];
      }
    }
  }
  const stamps = new Uint32Array(scan.rowCount);
  for (let target = 0; target < groupCount; target++) {
    let count = 0;
    for (let at = places[target]; at < places[target + 1]; at++) {
      if (stamps[laid[at]] === target + 1) continue;
      stamps[laid[at]] = target + 1;
      count += 1;
      onMember(target, laid[at]);
    }
    profiles[target] = count;
  }
}

class Collector {
  readonly #fn: TallyFunction;
  readonly #distinct: DistinctSet | undefined;
  #numbers = new Float64Array(0);
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;
  #timeMs = Number.NaN;
  #index = 0;
  #tag = 0;
  #value = 0;

  constructor({ fn }: TallyScan) {
    this.#fn = fn!;
    this.#distinct = fn === 'count_distinct' ? new DistinctSet() : undefined;
  }

  add({ tags, values, times, indexes }: ListedValues, v: number): void {
    const value = values[v];
    if (this.#fn === 'count_distinct') this.#distinct!.add(0, tags[v], value);
    else if (this.#fn === 'first' || this.#fn === 'last') this.#addEdge(times[v], indexes[v], tags[v], value);
    else if (tags[v] === TAG_NUMBER) this.#addNumber(value);
  }

  #addNumber(value: number): void {
    if (this.#fn === 'ranks') {
      if (this.#count === this.#numbers.length) {
        const larger = new Float64Array(Math.max(16, this.#count * 2));
        larger.set(this.#numbers);
        this.#numbers = larger;
      }
      this.#numbers[this.#count] = value;
    }
    this.#count += 1;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** The first scalar of the earliest or latest event: of one event's several, the first that comes stays. */
  #addEdge(timeMs: number, index: number, tag: number, value: number): void {
    if (this.#count > 0) {
      const order = timeMs - this.#timeMs || index - this.#index;
      if (this.#fn === 'first' ? order >= 0 : order <= 0) return;
    }
    this.#count = 1;
    this.#timeMs = timeMs;
    this.#index = index;
    this.#tag = tag;
    this.#value = value;
  }

  figure(): Figure {
    const isEdge = this.#fn === 'first' || this.#fn === 'last';
    const numbers = this.#fn === 'ranks' ? this.#numbers.slice(0, this.#count) : undefined;
    if (numbers !== undefined) sortNumbers(numbers);
    const edge = { timeMs: this.#timeMs, index: this.#index, tag: this.#tag, value: this.#value };
    return {
      count: this.#count,
      sum: this.#sum,
      min: this.#min,
      max: this.#max,
      numbers,
      distinct: this.#distinct?.entries(),
      edge: isEdge && this.#count > 0 ? edge : undefined,
    };
  }
}
