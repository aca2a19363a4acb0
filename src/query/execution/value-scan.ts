/**
 * The scan that measures numbers of the events of a window by profile row (sum, average, least, greatest) and makes bits of the rows whose value
 * fits. Each worker has a range of rows of its own and looks at all events: so there is one array for all, nothing is merged, and
 * the numbers of a row are added in the order of arrival whoever does it. The memory is used again, since fresh pages for 8 bytes a row
 * cost more than what is done in them.
 */
import { countBits } from '../../bitmap/portable-bitset.ts';
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import { isStopped, type Share } from './chunk-claim.ts';
import type { ColumnImage } from './column-image.ts';
import { KernelBuilder, packingLoop } from './kernel.ts';
import { numberStep } from './measure-run.ts';
import { type ElementScan, filterOf, type NumberInput } from './measure-scan.ts';
import { type NumberVerdict, numberTerm } from './number-term.ts';
import { unrolledLoop } from './unrolled-loop.ts';

export interface ValueScan extends ElementScan {
  readonly kind: 'value';
  readonly rows: ColumnImage;
  readonly verdict: NumberVerdict & { readonly fn: 'sum' | 'avg' | 'min' | 'max' };
  readonly inputs: readonly NumberInput[];
  readonly rowCount: number;
  /** By row; all zero at the start and at the end. `counts` of an average only, else empty. */
  readonly values: Float64Array;
  readonly counts: Uint32Array;
  /** The result: bit i = row i. */
  readonly words: Uint32Array;
  /** Bits that are set. */
  readonly found: Int32Array;
  readonly costNs: number;
}

/** Elements that are looked at before those that fit are added up. */
const PIECE_ROWS = CHUNK_ROWS / 2;
/** Whole words. */
const STRETCH_ROWS = 16_384;

/** Yields after each piece what it is estimated to have cost. */
export function* valueSteps(
  scan: ValueScan,
  slabs: readonly SharedArrayBuffer[],
  share: Share,
): Generator<number, undefined, void> {
  const { chunks, control, rowCount, values, verdict } = scan;
  const first = rangeStart(rowCount, share.index, share.count);
  const end = rangeStart(rowCount, share.index + 1, share.count);
  const { fn } = verdict;
  if (fn === 'min' || fn === 'max') values.fill(fn === 'min' ? Infinity : -Infinity, first, end);
  const pieceNs = scan.costNs / (chunks.length * (CHUNK_ROWS / PIECE_ROWS));
  for (const chunk of chunks) {
    for (let from = 0; from < CHUNK_ROWS; from += PIECE_ROWS) {
      if (isStopped(control)) return;
      measurePiece(scan, slabs, chunk, from, first, end);
      yield pieceNs;
    }
  }
  for (let from = first; from < end; from += STRETCH_ROWS) {
    if (isStopped(control)) return;
    packStretch(scan, from, Math.min(from + STRETCH_ROWS, end));
    yield STRETCH_ROWS;
  }
}

/** Ranges are whole words. */
function rangeStart(rowCount: number, index: number, count: number): number {
  return Math.min(rowCount, Math.floor((((rowCount + 31) >>> 5) * index) / count) * 32);
}

/** Numbers of the elements of a piece that fit, for one piece after another. */
const listed = new Uint32Array(PIECE_ROWS);

function measurePiece(
  scan: ValueScan,
  slabs: readonly SharedArrayBuffer[],
  chunk: number,
  from: number,
  firstRow: number,
  endRow: number,
): void {
  const builder = new KernelBuilder(slabs, chunk, scan.elementCount);
  const filter = filterOf(scan, builder);
  if (filter === false) return;
  const { fn } = scan.verdict;
  const step = scan.inputs.map((input) => numberStep(fn, input, builder, scan)).join('');
  if (step === '') return;
  const row = builder.element(scan.rows, 'i');
  const list = builder.argument(listed);
  const range = `((${row}-${builder.argument(firstRow)})>>>0)<${builder.argument(endRow - firstRow)}`;
  const test = filter === true ? range : `(${range})&&(${filter})`;
  // A place is written whether or not the event passes; the next one overwrites it. So no branch hangs on the data.
  const look = (at: string): string => `{const i=${at};${list}[n]=i;n+=(${test})?1:0;}`;
  const to = Math.min(builder.length, from + PIECE_ROWS);
  const find = unrolledLoop(builder.argument(from), builder.argument(to), () => '', look);
  const add = unrolledLoop(
    '0',
    'n',
    () => '',
    (j) => `{const i=${list}[${j}],r=${row};${step}}`,
  );
  builder.run(`let n=0;${find}${add}return 0;`);
}

function packStretch({ verdict, values, counts, words, found }: ValueScan, from: number, end: number): void {
  const state = { values: values.subarray(from, end), counts: counts.subarray(from, end) };
  const bits = words.subarray(from >>> 5, (end + 31) >>> 5);
  const builder = new KernelBuilder([], 0, end - from);
  const loop = packingLoop(numberTerm(verdict, state, builder), end - from, builder.argument(bits), '0');
  builder.run(`const length=${builder.argument(end - from)},count=length>>>5;${loop}return 0;`);
  state.values.fill(0);
  state.counts.fill(0);
  let count = 0;
  for (const word of bits) if (word !== 0) count += countBits(word);
  Atomics.add(found, 0, count);
}
