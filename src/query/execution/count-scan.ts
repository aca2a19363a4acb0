/**
 * The scan that counts the events of a window by profile row, in counters of one byte that stop at `cap`. Each worker takes chunks of
 * events and counts in memory of its own; `count-pack.ts` then makes bits of all of them. A byte a row is what keeps
 * a million rows close to the core, and the memory is used again, because clearing it costs less than fresh pages.
 */

import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import { ChunkClaim, type Share } from './chunk-claim.ts';
import type { ColumnImage } from './column-image.ts';
import { KernelBuilder } from './kernel.ts';
import { type ElementScan, filterOf } from './measure-scan.ts';

/** Two counts of a row added up still fit a byte. */
export const COUNT_CAP_MAX = 127;

export interface CountScan extends ElementScan {
  readonly kind: 'count';
  readonly rows: ColumnImage;
  readonly times: ColumnImage;
  /** At most `COUNT_CAP_MAX`. */
  readonly cap: number;
  /** One for each share: a byte a row, zero at the start. */
  readonly counters: readonly Uint8Array[];
  /** By share: 1 = something was written to its counters. */
  readonly written: Int32Array;
  readonly costNs: number;
}

/** Yields after each chunk what it is estimated to have cost. */
export function* countSteps(
  scan: CountScan,
  slabs: readonly SharedArrayBuffer[],
  share: Share,
): Generator<number, undefined, void> {
  const claim = new ChunkClaim(scan.chunks, scan.control, false, share);
  const list = new Uint32Array(CHUNK_ROWS);
  for (let chunk = claim.next(); chunk >= 0; chunk = claim.next()) {
    scan.written[share.index] = 1;
    countChunk(scan, slabs, chunk, scan.counters[share.index], list);
    yield scan.costNs / scan.chunks.length;
  }
}

function countChunk(
  scan: CountScan,
  slabs: readonly SharedArrayBuffer[],
  chunk: number,
  counters: Uint8Array,
  list: Uint32Array,
): void {
  const builder = new KernelBuilder(slabs, chunk, scan.elementCount);
  const filter = filterOf(scan, builder);
  if (filter === false) return;
  const rows = builder.view(scan.rows)!;
  const length = builder.argument(builder.length);
  const cap = builder.argument(scan.cap);
  const counts = builder.argument(counters);
  // The sign of c − cap, so that no branch hangs on how far the row has come.
  const step = `const r=${rows}[i],c=${counts}[r];${counts}[r]=c+((c-${cap})>>>31);`;
  if (filter === true) {
    builder.run(`for(let i=0;i<${length};i++){${step}}return 0;`);
    return;
  }
  const listed = builder.argument(list);
  // A place is written whether or not the event passes; the next one overwrites it. So no branch hangs on the data.
  const test = `let n=0;for(let i=0;i<${length};i++){${listed}[n]=i;n+=(${filter})?1:0;}`;
  builder.run(`${test}for(let j=0;j<n;j++){const i=${listed}[j];${step}}return 0;`);
}
