/** The scan over profile rows: a program in, one bit a row out. Chunks write to different words, so workers share one result. */
import { fillBits } from '../../bitmap/portable-bitset.ts';
import { CHUNK_ROWS, CHUNK_WORDS } from '../../memory/chunk-size.ts';
import { ChunkClaim, type Share } from './chunk-claim.ts';
import { KernelBuilder, packingLoop } from './kernel.ts';
import type { Program } from './program.ts';
import { programCostNs } from './program-cost.ts';

export interface RowScan {
  readonly kind: 'rows';
  readonly program: Program;
  readonly rowCount: number;
  /** Only these rows are asked for; absent = all. */
  readonly candidates: Uint32Array | undefined;
  /** The result: bit i = row i. Zero at the start. */
  readonly words: Uint32Array;
  readonly chunks: Int32Array;
  readonly control: Int32Array;
}

/** Yields after each chunk what it is estimated to have cost. */
export function* rowScanSteps(
  scan: RowScan,
  slabs: readonly SharedArrayBuffer[],
  share: Share,
): Generator<number, undefined, void> {
  const chunkNs = (1 + programCostNs(scan.program)) * CHUNK_ROWS;
  const claim = new ChunkClaim(scan.chunks, scan.control, false, share);
  for (let chunk = claim.next(); chunk >= 0; chunk = claim.next()) {
    scanChunk(scan, slabs, chunk);
    yield chunkNs;
  }
}

function scanChunk(scan: RowScan, slabs: readonly SharedArrayBuffer[], chunk: number): void {
  const builder = new KernelBuilder(slabs, chunk, scan.rowCount);
  const { candidates, words } = scan;
  const firstWord = builder.firstIndex >>> 5;
  const wordCount = (builder.length + 31) >>> 5;
  const term = builder.term(scan.program);
  if (term === false) return;
  if (term === true) {
    if (candidates === undefined) fillBits(words, builder.firstIndex, builder.firstIndex + builder.length);
    else words.set(candidates.subarray(firstWord, firstWord + wordCount), firstWord);
    return;
  }
  const out = builder.argument(words);
  const wanted = candidates === undefined ? undefined : builder.argument(candidates);
  const length = builder.argument(builder.length);
  const loop = packingLoop(term, builder.length, out, builder.argument(firstWord), wanted);
  builder.run(`const length=${length},count=length>>>5;${loop}return 0;`);
}

/** Chunks of rows in which a candidate is. */
export function candidateChunks(rowCount: number, candidates: Uint32Array | undefined): Int32Array {
  const count = Math.ceil(rowCount / CHUNK_ROWS);
  const chunks: number[] = [];
  for (let chunk = 0; chunk < count; chunk++) {
    if (candidates === undefined || hasAny(candidates, chunk * CHUNK_WORDS)) chunks.push(chunk);
  }
  return Int32Array.from(chunks);
}

function hasAny(words: Uint32Array, from: number): boolean {
  const end = Math.min(from + CHUNK_WORDS, words.length);
  for (let w = from; w < end; w++) if (words[w] !== 0) return true;
  return false;
}
