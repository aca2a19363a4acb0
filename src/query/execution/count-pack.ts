/**
 * Counters of one byte a row → one bit a row, four rows at a time: bytes below 128 are added and compared inside a word of 32 bits
 * without carrying into each other. The counters are zero when it is done, ready for the next question.
 */
import { ChunkClaim, type Share } from './chunk-claim.ts';
import { STRETCH_ROWS } from './run-partition.ts';

export interface PackScan {
  readonly kind: 'pack';
  /** What several workers counted, each at most 127; four rows in a word, whole words of 32 rows. */
  readonly counters: readonly Int32Array[];
  /** At most 127; 0 holds for all. */
  readonly min: number;
  /** Below 127, or infinite. */
  readonly max: number;
  readonly rowCount: number;
  /** The result: bit i = row i. */
  readonly words: Uint32Array;
  /** Stretches of rows. */
  readonly chunks: Int32Array;
  readonly control: Int32Array;
  readonly costNs: number;
}

const EACH = 0x0101_0101;
const HIGH = 0x8080_8080;

/** Yields after each stretch what it is estimated to have cost. */
export function* packSteps(scan: PackScan, share: Share): Generator<number, undefined, void> {
  const { counters, chunks, rowCount } = scan;
  const claim = new ChunkClaim(chunks, scan.control, false, share);
  for (let stretch = claim.next(); stretch >= 0; stretch = claim.next()) {
    const first = stretch * STRETCH_ROWS;
    const end = Math.min(first + STRETCH_ROWS, (rowCount + 31) & ~31);
    const [sums, ...others] = counters;
    for (const other of others) addAndClear(sums, other, first >>> 2, end >>> 2);
    pack(scan, sums, first >>> 5, end >>> 5);
    sums.fill(0, first >>> 2, end >>> 2);
    yield scan.costNs / chunks.length;
  }
}

/** What comes to more than 127 stays at 127. */
function addAndClear(sums: Int32Array, other: Int32Array, from: number, end: number): void {
  for (let w = from; w < end; w++) {
    const sum = sums[w] + other[w];
    const over = sum & HIGH;
    sums[w] = (sum & ~HIGH) | (over - (over >>> 7));
  }
  other.fill(0, from, end);
}

function pack({ min, max, words, rowCount }: PackScan, counts: Int32Array, from: number, end: number): void {
  const atLeast = Math.imul(128 - min, EACH);
  const isBounded = max !== Infinity;
  // As 128 − 1 − max: the high bit says that there are more than that.
  const above = isBounded ? Math.imul(127 - max, EACH) : 0;
  for (let word = from; word < end; word++) {
    let bits = 0;
    let at = word << 3;
    for (let shift = 0; shift < 32; shift += 8) {
      const one = counts[at];
      const two = counts[at + 1];
      let high = (one + atLeast) & HIGH;
      let highTwo = (two + atLeast) & HIGH;
      if (isBounded) {
        high &= ~(one + above);
        highTwo &= ~(two + above);
      }
      // Brings bits 7, 15, 23 and 31 together at the top.
      bits |= (Math.imul(high >>> 7, 0x1020_4080) >>> 28) << shift;
      bits |= (Math.imul(highTwo >>> 7, 0x1020_4080) >>> 28) << (shift + 4);
      at += 2;
    }
    words[word] = bits;
  }
  if (end << 5 > rowCount) words[end - 1] &= (1 << (rowCount & 31)) - 1;
}
