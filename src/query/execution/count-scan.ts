/**
 * The scan that counts the events of a window by profile row, in counters of one byte that stop at `cap`, and makes bits of them. Each worker
 * takes pieces of chunks and counts in memory of its own; when all pieces are counted the workers that are there share the rows
 * (`count-pack.ts`). A byte a row is what keeps a million rows close to the core, and the memory is used again, because clearing
 * it costs less than fresh pages.
 *
 * Invariant: a worker that has taken a piece counts it without giving its thread away, so whoever waits for it waits for work that is done.
 */

import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import { ChunkClaim, isStopped, type Share } from './chunk-claim.ts';
import type { ColumnImage } from './column-image.ts';
import { type CountPack, packSteps } from './count-pack.ts';
import { KernelBuilder } from './kernel.ts';
import { type ElementScan, filterOf } from './measure-scan.ts';
import { QUANTUM_NS } from './quantum.ts';
import { unrolledLoop } from './unrolled-loop.ts';

/** Two counts of a row added up still fit a byte. */
export const COUNT_CAP_MAX = 127;

/** What is taken at a time: workers end at about the same moment. */
const PIECES_PER_CHUNK = 2;
const PIECE_ROWS = CHUNK_ROWS / PIECES_PER_CHUNK;
/** At most, before a worker that waits for others turns to what else there is to do. */
const WAIT_MS = 1;

export interface CountScan extends ElementScan {
  readonly kind: 'count';
  readonly rows: ColumnImage;
  readonly times: ColumnImage;
  /** At most `COUNT_CAP_MAX`. */
  readonly cap: number;
  /** Chunk and piece of it, see `piecesOf`. */
  readonly chunks: Int32Array;
  /** Pieces counted. */
  readonly counted: Int32Array;
  readonly pack: CountPack;
  readonly costNs: number;
}

/** The pieces of chunks, as what is claimed. */
export function piecesOf(chunks: Int32Array): Int32Array {
  const pieces = new Int32Array(chunks.length * PIECES_PER_CHUNK);
  for (let i = 0; i < pieces.length; i++) {
    pieces[i] = chunks[Math.floor(i / PIECES_PER_CHUNK)] * PIECES_PER_CHUNK + (i % PIECES_PER_CHUNK);
  }
  return pieces;
}

/** Yields after each piece what it is estimated to have cost. */
export function* countSteps(
  scan: CountScan,
  slabs: readonly SharedArrayBuffer[],
  share: Share,
): Generator<number, undefined, void> {
  const { chunks, control, counted, pack } = scan;
  const claim = new ChunkClaim(chunks, control, false, share);
  for (let piece = claim.next(); piece >= 0; piece = claim.next()) {
    Atomics.store(pack.written, share.index, 1);
    countPiece(scan, slabs, piece, pack.counters[share.index]);
    if (Atomics.add(counted, 0, 1) === chunks.length - 1) Atomics.notify(counted, 0);
    yield scan.costNs / chunks.length;
  }
  for (;;) {
    const soFar = Atomics.load(counted, 0);
    if (soFar === chunks.length) break;
    if (isStopped(control)) return;
    Atomics.wait(counted, 0, soFar, WAIT_MS);
    yield QUANTUM_NS;
  }
  yield* packSteps(pack, scan.cap, control);
}

/** Numbers of the elements of a piece that fit, for one piece after another. */
const listed = new Uint32Array(PIECE_ROWS);

function countPiece(scan: CountScan, slabs: readonly SharedArrayBuffer[], piece: number, counters: Uint8Array): void {
  const builder = new KernelBuilder(slabs, Math.floor(piece / PIECES_PER_CHUNK), scan.elementCount);
  const filter = filterOf(scan, builder);
  if (filter === false) return;
  const first = (piece % PIECES_PER_CHUNK) * PIECE_ROWS;
  const from = builder.argument(first);
  const to = builder.argument(Math.min(builder.length, first + PIECE_ROWS));
  const cap = builder.argument(scan.cap);
  const counts = builder.argument(counters);
  // The sign of c − cap, so that no branch hangs on how far the row has come.
  const add = (_: string, k: number): string => `{const c=${counts}[r${k}];${counts}[r${k}]=c+((c-${cap})>>>31);}`;
  if (filter === true) {
    builder.run(`${unrolledLoop(from, to, (i, k) => `const r${k}=${builder.element(scan.rows, i)};`, add)}return 0;`);
    return;
  }
  const list = builder.argument(listed);
  // A place is written whether or not the event passes; the next one overwrites it. So no branch hangs on the data.
  const look = (at: string): string => `{const i=${at};${list}[n]=i;n+=(${filter})?1:0;}`;
  const find = unrolledLoop(from, to, () => '', look);
  builder.run(
    `let n=0;${find}${unrolledLoop('0', 'n', (j, k) => `const r${k}=${builder.element(scan.rows, `${list}[${j}]`)};`, add)}return 0;`,
  );
}
