/**
 * Gathers the numbers of the elements that count and puts them in order, on whichever thread runs it: for percentiles. Whole numbers of a
 * small range are counted by value.
 */
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import { ChunkClaim, type Share } from './chunk-claim.ts';
import {
  chunkCountOf,
  ELEMENT_ABSENT,
  ELEMENT_F64,
  ELEMENT_H16,
  elementOf,
  MISSING,
  maxOf,
  minOf,
  numberText,
  viewChunk,
} from './column-image.ts';
import type { DistinctSource } from './distinct-input.ts';
import { GatheredNumbers } from './gathered-numbers.ts';
import { KernelBuilder } from './kernel.ts';
import { type ElementScan, filterOf, guarded, memberRowOf } from './measure-scan.ts';
import type { SortedNumbers } from './sorted-numbers.ts';

/** Plain numbers, or the numbers among an array's scalars. */
export interface GatherScan extends ElementScan {
  readonly kind: 'gather';
  readonly sources: readonly DistinctSource[];
  readonly costNs: number;
}

/** A counter each: 4 MiB. */
const COUNTED_RANGE_MAX = 1 << 20;
const GATHER_NS = 10;

/** Yields after each piece what it is estimated to have cost. */
export function* gatherSteps(
  scan: GatherScan,
  slabs: readonly SharedArrayBuffer[],
  share: Share,
): Generator<number, SortedNumbers, void> {
  const claim = new ChunkClaim(scan.chunks, scan.control, false, share);
  const range = countedRange(scan);
  if (range !== undefined) return yield* countedSteps(scan, slabs, claim, range);
  const gathered = new GatheredNumbers();
  const found = new Float64Array(CHUNK_ROWS);
  for (let chunk = claim.next(); chunk >= 0; chunk = claim.next()) {
    for (const source of scan.sources) {
      if (source.kind !== 'numbers' && source.kind !== 'array') continue;
      const count = scanSource(scan, slabs, chunk, source, found, 0, 'out[n++]=x;');
      if (source.kind === 'array') gathered.addLists(source, found, count);
      else gathered.add(found, count);
    }
    yield GATHER_NS * CHUNK_ROWS;
  }
  return yield* gathered.sortedSteps();
}

/** Runs `step` on the value `x` of every element that counts and has one, with `out` and with `n`, which begins as `first`. Gives `n`. */
function scanSource(
  scan: GatherScan,
  slabs: readonly SharedArrayBuffer[],
  chunk: number,
  { present, image }: DistinctSource,
  out: Float64Array | Uint32Array,
  first: number,
  step: string,
): number {
  const builder = new KernelBuilder(slabs, chunk, scan.elementCount);
  const filter = filterOf({ ...scan, where: { kind: 'and', of: [scan.where, present] } }, builder);
  const view = filter === false ? undefined : viewChunk(slabs, image, chunk, builder.length);
  if (view === undefined) return first;
  const number = numberText(elementOf(image, chunk), `${builder.argument(view)}[i]`);
  const body = guarded(filter, `${memberRowOf(scan, builder)}const x=${number};${step}`);
  const start = `const out=${builder.argument(out)};let n=${builder.argument(first)};`;
  return builder.run(`${start}for(let i=0;i<${builder.argument(builder.length)};i++){${body}}return n;`);
}

interface CountedRange {
  readonly min: number;
  readonly max: number;
}

/** The bounds of all numbers where they are whole and lie close together. */
function countedRange({ sources }: GatherScan): CountedRange | undefined {
  let min = Infinity;
  let max = -Infinity;
  for (const { kind, image } of sources) {
    if (kind === 'array') return undefined;
    if (kind !== 'numbers') continue;
    for (let chunk = 0; chunk < chunkCountOf(image); chunk++) {
      const element = elementOf(image, chunk);
      if (element === ELEMENT_ABSENT) continue;
      if (element === ELEMENT_F64 || element >= ELEMENT_H16) return undefined;
      min = Math.min(min, Math.max(minOf(image, chunk), MISSING[element] + 1));
      max = Math.max(max, Math.min(maxOf(image, chunk), -MISSING[element] - 1));
    }
  }
  return max - min < COUNTED_RANGE_MAX ? { min, max } : undefined;
}

function* countedSteps(
  scan: GatherScan,
  slabs: readonly SharedArrayBuffer[],
  claim: ChunkClaim,
  { min, max }: CountedRange,
): Generator<number, SortedNumbers, void> {
  const counts = new Uint32Array(Math.max(0, max - min + 1));
  for (let chunk = claim.next(); chunk >= 0; chunk = claim.next()) {
    for (const source of scan.sources) {
      if (source.kind === 'numbers') scanSource(scan, slabs, chunk, source, counts, min, 'out[x-n]++;');
    }
    yield GATHER_NS * CHUNK_ROWS;
  }
  let distinct = 0;
  for (let i = 0; i < counts.length; i++) if (counts[i] !== 0) distinct += 1;
  const values = new Float64Array(new SharedArrayBuffer(distinct * 8));
  const ends = new Float64Array(new SharedArrayBuffer(distinct * 8));
  let at = 0;
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] === 0) continue;
    sum += counts[i];
    values[at] = min + i;
    ends[at++] = sum;
  }
  return { values, ends };
}
