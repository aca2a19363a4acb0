/**
 * First of the two scans that make runs: the events that pass window and `where`, dealt out by stretches of rows. Each chunk
 * of events is dealt into its own part of the result, so workers share nothing, and within a stretch events keep the order of arrival.
 * Chunk and stretch are small enough for a core's own cache, which is why dealing twice beats one pass that writes all over memory.
 */
import { CHUNK_ROWS, CHUNK_SHIFT } from '../../memory/chunk-size.ts';
import { ChunkClaim, type Share } from './chunk-claim.ts';
import type { ColumnImage } from './column-image.ts';
import { KernelBuilder } from './kernel.ts';
import { type ElementScan, filterOf } from './measure-scan.ts';

/** Rows that are put in order together. At least 32, so that no two stretches share a word of bits. */
export const STRETCH_SHIFT = Math.max(5, CHUNK_SHIFT - 2);
export const STRETCH_ROWS = 1 << STRETCH_SHIFT;
export const STRETCH_MASK = STRETCH_ROWS - 1;

export function stretchCountOf(rowCount: number): number {
  return Math.ceil(rowCount / STRETCH_ROWS);
}

/** All stretches, as the chunks of a scan. */
export function stretchesOf(rowCount: number): Int32Array {
  return Int32Array.from({ length: stretchCountOf(rowCount) }, (_, stretch) => stretch);
}

export interface PartitionScan extends ElementScan {
  readonly kind: 'partition';
  readonly rows: ColumnImage;
  readonly times: ColumnImage;
  /** Events `[firstEvent, elementCount)` are looked at. */
  readonly firstEvent: number;
  readonly stretchCount: number;
  /** Result, per event: place in the stretch and in the chunk, packed. */
  readonly keys: Uint32Array;
  readonly timesMs: Float64Array;
  /** Result, per chunk (from the first one on): where each stretch begins, and one more. */
  readonly starts: Uint32Array;
  readonly costNs: number;
}

/** Yields after each chunk what it is estimated to have cost. */
export function* partitionSteps(
  scan: PartitionScan,
  slabs: readonly SharedArrayBuffer[],
  share: Share,
): Generator<number, undefined, void> {
  const claim = new ChunkClaim(scan.chunks, scan.control, false, share);
  const list = new Uint32Array(CHUNK_ROWS);
  const next = new Uint32Array(scan.stretchCount);
  for (let chunk = claim.next(); chunk >= 0; chunk = claim.next()) {
    dealChunk(scan, slabs, chunk, list, next);
    yield scan.costNs / scan.chunks.length;
  }
}

function dealChunk(
  scan: PartitionScan,
  slabs: readonly SharedArrayBuffer[],
  chunk: number,
  list: Uint32Array,
  next: Uint32Array,
): void {
  const builder = new KernelBuilder(slabs, chunk, scan.elementCount);
  const filter = filterOf(scan, builder);
  if (filter === false) return;
  const row = builder.element(scan.rows, 'i');
  const from = builder.argument(Math.max(0, scan.firstEvent - builder.firstIndex));
  const length = builder.argument(builder.length);
  const members = scan.members === undefined ? undefined : builder.argument(scan.members);
  const isMember = members === undefined ? '1' : `((${members}[${row}>>>5]>>>(${row}&31))&1)`;
  let head = `for(let i=${from};i<${length};i++){`;
  if (filter !== true || members !== undefined) {
    const listed = builder.argument(list);
    // A place is written whether or not the event passes; the next one overwrites it. So no branch hangs on the data.
    const passes = filter === true ? isMember : `(${filter})&${isMember}`;
    const count = builder.run(`let n=0;for(let i=${from};i<${length};i++){${listed}[n]=i;n+=${passes};}return n;`);
    if (count === 0) return;
    head = `for(let j=0;j<${builder.argument(count)};j++){const i=${listed}[j];`;
  }
  const at = builder.argument(next);
  const shift = builder.argument(STRETCH_SHIFT);
  next.fill(0);
  builder.run(`${head}${at}[${row}>>>${shift}]++;}return 0;`);
  const base = (chunk - scan.chunks[0]) * CHUNK_ROWS;
  const starts = (chunk - scan.chunks[0]) * (scan.stretchCount + 1);
  let start = base;
  for (let stretch = 0; stretch < scan.stretchCount; stretch++) {
    scan.starts[starts + stretch] = start;
    const count = next[stretch];
    next[stretch] = start;
    start += count;
  }
  scan.starts[starts + scan.stretchCount] = start;
  const time = builder.time(scan.times);
  const key = `((${row}&${builder.argument(STRETCH_MASK)})<<${CHUNK_SHIFT})|i`;
  const keys = builder.argument(scan.keys);
  const timesMs = builder.argument(scan.timesMs);
  builder.run(`${head}const k=${at}[${row}>>>${shift}]++;${keys}[k]=${key};${timesMs}[k]=${time};}return 0;`);
}
