/**
 * Distinct profiles of each target of a tally: by a bit for each row and target, or where groups are too many for that by laying rows out
 * group by group. Yields what its pieces are estimated to have cost.
 */
import { countBits } from '../../bitmap/portable-bitset.ts';
import type { TallyScan } from './tally-input.ts';

/** Words of one bit a row and group: 4 MiB, beyond which each look is a cache miss. */
const BITSET_WORDS_MAX = 1 << 20;
/** Pairs between two yields, and what one costs. */
const STRETCH = 16_384;
export const PAIR_NS = 10;
const WORD_NS = 3;

/** Told of each profile of a target once; answers how many values that was. */
export type OnMember = (target: number, row: number) => number;

/** Of the groups, the rest, all. */
export function* profileSteps(scan: TallyScan, onMember: OnMember): Generator<number, Uint32Array, void> {
  const { groupCount, rowCount } = scan;
  const wordCount = (rowCount + 31) >>> 5;
  const profiles = new Uint32Array(groupCount + 2);
  if (scan.pairs.length === 0) return profiles;
  const all = new Uint32Array(wordCount);
  if (groupCount * wordCount <= BITSET_WORDS_MAX) {
    yield* markSteps(scan, 0, profiles, all, onMember);
  } else {
    yield* markSteps(scan, groupCount, profiles, all, onMember);
    for (const { rows, from, end } of stretches(scan)) {
      for (let n = from; n < end; n++) all[rows[n] >>> 5] |= 1 << (rows[n] & 31);
      yield PAIR_NS * (end - from);
    }
    yield* stampSteps(scan, profiles, onMember);
  }
  profiles[groupCount + 1] = countAll(all, 0, wordCount);
  yield WORD_NS * wordCount;
  return profiles;
}

interface Stretch {
  readonly keys: Uint32Array;
  readonly rows: Uint32Array;
  readonly from: number;
  readonly end: number;
}

function* stretches({ pairs }: TallyScan): Generator<Stretch, void, void> {
  for (const { keys, rows } of pairs) {
    for (let from = 0; from < keys.length; from += STRETCH) {
      yield { keys, rows, from, end: Math.min(from + STRETCH, keys.length) };
    }
  }
}

/** Targets from `first` to the rest; `all` takes in every bit. */
function* markSteps(
  scan: TallyScan,
  first: number,
  profiles: Uint32Array,
  all: Uint32Array,
  onMember: OnMember,
): Generator<number, void, void> {
  const { starts, targets, isByRow, groupCount } = scan;
  const targetEnd = groupCount + 1;
  const wordCount = (scan.rowCount + 31) >>> 5;
  const words = new Uint32Array((targetEnd - first) * wordCount);
  let spent = 0;
  for (const { keys, rows, from, end } of stretches(scan)) {
    for (let n = from; n < end; n++) {
      const row = rows[n];
      const bit = 1 << (row & 31);
      const until = starts[keys[n] + 1];
      for (let s = starts[keys[n]]; s < until; s++) {
        const target = targets[s];
        if (target < first) continue;
        const w = (target - first) * wordCount + (row >>> 5);
        if (isByRow && (words[w] & bit) === 0) spent += onMember(target, row);
        words[w] |= bit;
      }
      spent += 1;
      if (spent < STRETCH) continue;
      yield PAIR_NS * spent;
      spent = 0;
    }
  }
  for (let target = first; target < targetEnd; target++) {
    const at = (target - first) * wordCount;
    profiles[target] = countAll(words, at, at + wordCount);
    for (let w = 0; w < wordCount; w++) all[w] |= words[at + w];
    yield WORD_NS * wordCount;
  }
}

function countAll(words: Uint32Array, from: number, end: number): number {
  let count = 0;
  for (let w = from; w < end; w++) count += countBits(words[w]);
  return count;
}

/** Rows are laid out by group, and each row remembers the group that counted it last. */
function* stampSteps(scan: TallyScan, profiles: Uint32Array, onMember: OnMember): Generator<number, void, void> {
  const { starts, targets, groupCount } = scan;
  const places = new Float64Array(groupCount + 1);
  for (const { keys, from, end } of stretches(scan)) {
    for (let n = from; n < end; n++) {
      for (let s = starts[keys[n]]; s < starts[keys[n] + 1]; s++) {
        if (targets[s] < groupCount) places[targets[s] + 1] += 1;
      }
    }
    yield PAIR_NS * (end - from);
  }
  for (let target = 0; target < groupCount; target++) places[target + 1] += places[target];
  const laid = new Uint32Array(places[groupCount]);
  const ends = places.slice();
  for (const { keys, rows, from, end } of stretches(scan)) {
    for (let n = from; n < end; n++) {
      for (let s = starts[keys[n]]; s < starts[keys[n] + 1]; s++) {
        if (targets[s] < groupCount) laid[ends[targets[s]]++] = rows[n];
      }
    }
    yield PAIR_NS * (end - from);
  }
  const stamps = new Uint32Array(scan.rowCount);
  let spent = 0;
  for (let target = 0; target < groupCount; target++) {
    let count = 0;
    for (let at = places[target]; at < places[target + 1]; at++) {
      spent += 1;
      if (stamps[laid[at]] !== target + 1) {
        stamps[laid[at]] = target + 1;
        count += 1;
        spent += onMember(target, laid[at]);
      }
      if (spent < STRETCH) continue;
      yield PAIR_NS * spent;
      spent = 0;
    }
    profiles[target] = count;
  }
}
