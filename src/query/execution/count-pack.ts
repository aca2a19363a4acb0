/**
 * Counters of one byte a row → one bit a row, four rows at a time: bytes below 128 are added and compared inside a word of 32 bits
 * without carrying into each other. The counters are zero when it is done, ready for the next question.
 */
import { countBits } from '../../bitmap/portable-bitset.ts';
import { isStopped } from './chunk-claim.ts';
import { STRETCH_ROWS } from './run-partition.ts';

/** Stretches taken, and rows that fit. */
const TAKEN = 0;
const FOUND = 1;

export interface CountPack {
  /** One for each worker that may count: a byte a row, zero at the start, whole words of 32 rows. */
  readonly counters: readonly Uint8Array[];
  /** By worker: 1 = something was written to its counters. */
  readonly written: Int32Array;
  /** At most 127; 0 holds for all. */
  readonly min: number;
  /** Below 127, or infinite. */
  readonly max: number;
  readonly rowCount: number;
  /** The result: bit i = row i. */
  readonly words: Uint32Array;
  /** Of the workers together, see `newProgress`. */
  readonly progress: Int32Array;
  readonly costNs: number;
}

export function newProgress(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(8));
}

/** Rows whose bits are set, when all is done. */
export function foundCount({ progress }: CountPack): number {
  return Atomics.load(progress, FOUND);
}

const EACH = 0x0101_0101;
const HIGH = 0x8080_8080;
const BYTE_MAX = 127;

/** When all is counted, each at most `cap`: takes stretches of rows until none is left. Yields after each what it is estimated to have cost. */
export function* packSteps(pack: CountPack, cap: number, control: Int32Array): Generator<number, undefined, void> {
  const { written, progress, rowCount } = pack;
  const counters = pack.counters
    .filter((_, worker) => Atomics.load(written, worker) !== 0)
    .map((bytes) => new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2));
  const stretchCount = Math.ceil(rowCount / STRETCH_ROWS);
  for (;;) {
    const stretch = Atomics.add(progress, TAKEN, 1);
    if (stretch >= stretchCount || isStopped(control)) return;
    const first = stretch * STRETCH_ROWS;
    const end = Math.min(first + STRETCH_ROWS, (rowCount + 31) & ~31);
    Atomics.add(progress, FOUND, packStretch(pack, counters, cap, first, end));
    yield pack.costNs / stretchCount;
  }
}

const none = new Int32Array(STRETCH_ROWS >>> 2);

function packStretch(
  { min, max, words, rowCount }: CountPack,
  counters: readonly Int32Array[],
  cap: number,
  first: number,
  end: number,
): number {
  const from = first >>> 2;
  const until = end >>> 2;
  const parts = counters.map((words32) => words32.subarray(from, until));
  const [one, ...others] = parts;
  const isWithin = cap * parts.length <= BYTE_MAX;
  // Two are added as they are compared, the others before.
  for (const other of others.slice(isWithin ? 1 : 0)) addSaturating(one, other);
  const two = isWithin && others.length > 0 ? others[0] : none;
  const bits = words.subarray(first >>> 5, end >>> 5);
  packWords(one ?? none, two, bits, min, max);
  for (const part of parts) part.fill(0);
  if (end > rowCount) bits[bits.length - 1] &= (1 << (rowCount & 31)) - 1;
  let found = 0;
  for (const word of bits) if (word !== 0) found += countBits(word);
  return found;
}

/** What comes to more than 127 stays at 127. */
function addSaturating(sums: Int32Array, other: Int32Array): void {
  for (let w = 0; w < sums.length; w++) {
    const sum = sums[w] + other[w];
    const over = sum & HIGH;
    sums[w] = (sum & ~HIGH) | (over - (over >>> 7));
  }
}

function packWords(one: Int32Array, two: Int32Array, bits: Uint32Array, min: number, max: number): void {
  const atLeast = Math.imul(128 - min, EACH);
  // As 128 − 1 − max: the high bit says that there are more than that.
  const above = max === Infinity ? 0 : Math.imul(BYTE_MAX - max, EACH);
  for (let word = 0; word < bits.length; word++) {
    const at = word << 3;
    bits[word] =
      fitting(one[at] + two[at], atLeast, above) |
      (fitting(one[at + 1] + two[at + 1], atLeast, above) << 4) |
      (fitting(one[at + 2] + two[at + 2], atLeast, above) << 8) |
      (fitting(one[at + 3] + two[at + 3], atLeast, above) << 12) |
      (fitting(one[at + 4] + two[at + 4], atLeast, above) << 16) |
      (fitting(one[at + 5] + two[at + 5], atLeast, above) << 20) |
      (fitting(one[at + 6] + two[at + 6], atLeast, above) << 24) |
      (fitting(one[at + 7] + two[at + 7], atLeast, above) << 28);
  }
}

/** Four rows in four bits: brings bits 7, 15, 23 and 31 together. */
function fitting(counts: number, atLeast: number, above: number): number {
  return Math.imul(((counts + atLeast) & ~(counts + above) & HIGH) >>> 7, 0x1020_4080) >>> 28;
}
