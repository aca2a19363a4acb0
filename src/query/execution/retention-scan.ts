/**
 * The second pass of a retention: events in the order of arrival, each setting the bit of its period in its profile's mask. The masks are
 * shared by all workers; who sets a bit first counts it, so nothing is added up afterwards.
 */
import { type CalendarPeriods, periodText } from './calendar-periods.ts';
import { ChunkClaim, type Share } from './chunk-claim.ts';
import { baseOf } from './column-image.ts';
import { KernelBuilder } from './kernel.ts';
import { type ElementScan, filterOf, guarded, memberRowOf } from './measure-scan.ts';

/** Row of a profile that is in no cohort. */
export const NO_COHORT = 0xffff_ffff;

export interface RetentionScan extends ElementScan {
  readonly kind: 'retention';
  readonly calendar: CalendarPeriods;
  /** By row: time of the first event, and the number of its period or `NO_COHORT`. */
  readonly firsts: Float64Array;
  readonly cohorts: Uint32Array;
  /** By row, where events of this very table begin the cohorts: at the same time, earlier ones were before. Absent: ties are given back. */
  readonly firstIndexes: Uint32Array | undefined;
  /** Periods after the cohort's own. */
  readonly periods: number;
  /** `wordsPerRow` of them a row. */
  readonly masks: Int32Array;
  readonly wordsPerRow: number;
  readonly costNs: number;
}

export interface RetentionOutcome {
  /** Profiles newly seen in period k of cohort c at c × (periods + 1) + k. */
  readonly counts: Uint32Array;
  /** Row and event index of events at the very time of a first event in another table. */
  readonly ties: Uint32Array;
}

const TIES_FIRST_CAPACITY = 1_024;
const CHUNK_ROWS = 65_536;
/** Of an event. */
export const RETENTION_NS = 6;

export function wordsPerRowOf(periods: number): number {
  return (periods + 32) >>> 5;
}

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
  const firsts = builder.argument(scan.firsts);
  const time = `${builder.argument(baseOf(scan.times!, chunk))}+${builder.view(scan.times!)}[i]`;
  const index = `${builder.argument(builder.firstIndex)}+i`;
  const tie =
    scan.firstIndexes === undefined
      ? `{${builder.argument(ties)}.add(r,${index});continue;}`
      : `if(${index}<${builder.argument(scan.firstIndexes)}[r])continue;`;
  const order = `const t=${time},f=${firsts}[r];if(t<f)continue;if(t===f)${tie}`;
  const depth = `${periodText(scan.calendar, builder)}const d=k-${builder.argument(scan.cohorts)}[r];if(d>${builder.argument(scan.periods)})continue;`;
  const masks = builder.argument(scan.masks);
  const mark = `const w=r*${builder.argument(scan.wordsPerRow)}+(d>>>5),b=1<<(d&31);if((${masks}[w]&b)!==0)continue;`;
  const row = `${builder.argument(scan.periods + 1)}*${builder.argument(scan.cohorts)}[r]`;
  const count = `if((Atomics.or(${masks},w,b)&b)===0)${builder.argument(counts)}[${row}+d]++;`;
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
