/**
 * The second pass of a retention: events in the order of arrival, each setting the bit of its period in its profile's mask. The masks are
 * shared by all workers; who sets a bit first counts it, so nothing is added up afterwards.
 */
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import { type CalendarPeriods, periodText } from './calendar-periods.ts';
import { ChunkClaim, type Share } from './chunk-claim.ts';
import { KernelBuilder } from './kernel.ts';
import { type ElementScan, filterOf, guarded, memberRowOf } from './measure-scan.ts';

/**
 * What an event needs to know of its profile, side by side, since a look costs a cache miss: per row `stride` words of 32 bits. The time of
 * the first event (8 bytes, infinite for who is in no cohort), the number of its period, and the mask of periods.
 */
export class RetentionRows {
  readonly words: Int32Array;
  readonly times: Float64Array;
  readonly stride: number;

  constructor(rowCount: number, periods: number) {
    const maskWords = (periods + 32) >>> 5;
    this.stride = (MASK_AT + maskWords + 1) & ~1;
    const buffer = new SharedArrayBuffer(rowCount * this.stride * 4);
    this.words = new Int32Array(buffer);
    this.times = new Float64Array(buffer);
    for (let at = 0; at < this.times.length; at += this.stride >>> 1) this.times[at] = Infinity;
  }

  set(row: number, firstMs: number, cohort: number): void {
    this.times[(row * this.stride) >>> 1] = firstMs;
    this.words[row * this.stride + COHORT_AT] = cohort;
  }

  cohortOf(row: number): number {
    return this.words[row * this.stride + COHORT_AT];
  }

  /** Marks the first period; false when it was marked. */
  markFirst(row: number): boolean {
    const at = row * this.stride + MASK_AT;
    if ((this.words[at] & 1) !== 0) return false;
    this.words[at] |= 1;
    return true;
  }
}

const COHORT_AT = 2;
const MASK_AT = 3;

export interface RetentionScan extends ElementScan {
  readonly kind: 'retention';
  readonly calendar: CalendarPeriods;
  readonly profiles: Pick<RetentionRows, 'words' | 'times' | 'stride'>;
  /** By row, where events of this very table begin the cohorts: at the same time, earlier ones were before. Absent: ties are given back. */
  readonly firstIndexes: Uint32Array | undefined;
  /** Periods after the cohort's own. */
  readonly periods: number;
  readonly costNs: number;
}

export interface RetentionOutcome {
  /** Profiles newly seen in period k of cohort c at c × (periods + 1) + k. */
  readonly counts: Uint32Array;
  /** Row and event index of events at the very time of a first event in another table. */
  readonly ties: Uint32Array;
}

const TIES_FIRST_CAPACITY = 1_024;
/** Of an event. */
export const RETENTION_NS = 6;

/** Yields after each chunk what it is estimated to have cost. */
export function* retentionSteps(
  scan: RetentionScan,
  slabs: readonly SharedArrayBuffer[],
  share: Share,
): Generator<number, RetentionOutcome, void> {
  const counts = new Uint32Array(new SharedArrayBuffer(scan.calendar.starts.length * (scan.periods + 1) * 4));
  const ties = new TieList();
  const claim = new ChunkClaim(scan.chunks, scan.control, false, share);
  for (let chunk = claim.next(); chunk >= 0; chunk = claim.next()) {
    scanChunk(scan, slabs, chunk, counts, ties);
    yield RETENTION_NS * CHUNK_ROWS;
  }
  return { counts, ties: ties.entries() };
}

function scanChunk(
  scan: RetentionScan,
  slabs: readonly SharedArrayBuffer[],
  chunk: number,
  counts: Uint32Array,
  ties: TieList,
): void {
  const builder = new KernelBuilder(slabs, chunk, scan.elementCount);
  const filter = filterOf(scan, builder);
  if (filter === false) return;
  const { profiles } = scan;
  const words = builder.argument(profiles.words);
  const times = builder.argument(profiles.times);
  const time = builder.time(scan.times!);
  const index = `${builder.argument(builder.firstIndex)}+i`;
  const tie =
    scan.firstIndexes === undefined
      ? `{${builder.argument(ties)}.add(r,${index});continue;}`
      : `if(${index}<${builder.argument(scan.firstIndexes)}[r])continue;`;
  const order = `const at=r*${builder.argument(profiles.stride)},t=${time},f=${times}[at>>>1];if(t<f)continue;if(t===f)${tie}`;
  const depth = `${periodText(scan.calendar, builder)}const c=${words}[at+${COHORT_AT}],d=k-c;if(d>${builder.argument(scan.periods)})continue;`;
  const mark = `const w=at+${MASK_AT}+(d>>>5),b=1<<(d&31);if((${words}[w]&b)!==0)continue;`;
  const cell = `${builder.argument(scan.periods + 1)}*c+d`;
  const count = `if((Atomics.or(${words},w,b)&b)===0)${builder.argument(counts)}[${cell}]++;`;
  const body = guarded(filter, memberRowOf(scan, builder) + order + depth + mark + count);
  builder.run(`for(let i=0;i<${builder.argument(builder.length)};i++){${body}}return 0;`);
}

/** Pairs of row and event index. */
class TieList {
  #count = 0;
  #pairs = new Uint32Array(TIES_FIRST_CAPACITY);

  add(row: number, index: number): void {
    if (this.#count === this.#pairs.length) {
      const larger = new Uint32Array(this.#count * 2);
      larger.set(this.#pairs);
      this.#pairs = larger;
    }
    this.#pairs[this.#count++] = row;
    this.#pairs[this.#count++] = index;
  }

  entries(): Uint32Array {
    return this.#pairs.slice(0, this.#count);
  }
}
