/**
 * The scan of a breakdown: which key (combination of slots) every element that counts has, and how many elements each key. Where
 * elements are events a worker walks all chunks and takes its share of the profiles, so that whatever is counted of profiles adds up over
 * workers; then the (key, row) pairs are kept, from which `tally-scan.ts` counts distinct profiles of the groups that are shown.
 */
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import { ChunkClaim, type Share, WHOLE } from './chunk-claim.ts';
import {
  baseOf,
  type ColumnImage,
  elementOf,
  isPacked,
  numberText,
  packedChunk,
  packedElement,
  viewChunk,
} from './column-image.ts';
import type { DistinctSource } from './distinct-input.ts';
import { KeySpace } from './group-key.ts';
import { type SlotDimension, SlotReader } from './group-slot.ts';
import { KernelBuilder } from './kernel.ts';
import { type ElementScan, filterOf, guarded, memberRowOf } from './measure-scan.ts';
import { type ListedValues, ValueList } from './value-list.ts';

export interface GroupScan extends ElementScan {
  readonly kind: 'group';
  readonly dimensions: readonly SlotDimension[];
  readonly rowCount: number;
  /** The (key, row) pairs are wanted. */
  readonly isPaired: boolean;
  /** Values of the elements, for a figure of each group; `isTimed`: with the time and index of their event. */
  readonly values: { readonly sources: readonly DistinctSource[]; readonly isTimed: boolean } | undefined;
  /** Combinations past which the scan is given up. */
  readonly keyCountMax: number;
  readonly costNs: number;
}

export interface GroupOutcome {
  /** More combinations than are allowed: nothing else here counts. */
  readonly isTooLarge: boolean;
  /** The keys that occur, ascending, with their slots (one a dimension) and elements. */
  readonly keys: Uint32Array;
  readonly slots: Uint32Array;
  readonly counts: Uint32Array;
  /** Every key is below. */
  readonly keyEnd: number;
  /** What the dimensions' numbers stand for. */
  readonly numbers: readonly Float64Array[];
  readonly pairs: readonly { readonly keys: Uint32Array; readonly rows: Uint32Array }[];
  readonly values: ListedValues | undefined;
}

/** Of an element. */
export const GROUP_NS = 10;
/** Rows go to workers in stretches of 1,024. */
const SHARE_SHIFT = 10;

interface Picked {
  readonly indexes: Uint32Array;
  readonly rows: Uint32Array;
  readonly keys: Uint32Array;
  readonly slots: Uint32Array;
  /** Places of elements that have a value, and the value as it is stored. */
  readonly places: Uint32Array;
  readonly stored: Float64Array;
}

/** Yields after each chunk what it is estimated to have cost. */
export function* groupSteps(
  scan: GroupScan,
  slabs: readonly SharedArrayBuffer[],
  share: Share,
): Generator<number, GroupOutcome, void> {
  const isOfEvents = scan.rows !== undefined;
  const counts = { elementCount: scan.elementCount, rowCount: scan.rowCount, isOfEvents };
  const readers = scan.dimensions.map((dimension) => new SlotReader(dimension, slabs, counts));
  const space = new KeySpace(readers.map(({ size }) => size));
  const list = scan.values === undefined ? undefined : new ValueList(scan.values.isTimed);
  const tally = new KeyCounts();
  const pairs: { keys: Uint32Array; rows: Uint32Array }[] = [];
  const picked = newPicked();
  const claim = new ChunkClaim(scan.chunks, scan.control, isOfEvents, isOfEvents ? WHOLE : share);
  let isTooLarge = false;
  for (let chunk = claim.next(); chunk >= 0 && !isTooLarge; chunk = claim.next()) {
    const count = pick(scan, slabs, chunk, isOfEvents ? share : WHOLE, picked);
    if (count === 0) continue;
    readers.forEach((reader, d) => {
      reader.read(chunk, picked.indexes, picked.rows, count, d === 0 ? picked.keys : picked.slots);
      if (d > 0) space.extend(picked.keys, picked.slots, count, d);
    });
    tally.add(picked.keys, count);
    isTooLarge = tally.distinctCount > scan.keyCountMax;
    if (scan.isPaired) pairs.push({ keys: sharedCopy(picked.keys, count), rows: sharedCopy(picked.rows, count) });
    if (list !== undefined) listValues(scan, slabs, chunk, count, picked, list);
    yield GROUP_NS * count;
  }
  const { keys, slots, keyCounts } = tally.occurring(space, readers.length);
  return {
    isTooLarge,
    keys,
    slots,
    counts: keyCounts,
    keyEnd: tally.end,
    numbers: readers.map(({ numbers }) => numbers.values()),
    pairs,
    values: list?.listed(),
  };
}

function newPicked(): Picked {
  const numbers = (): Uint32Array => new Uint32Array(CHUNK_ROWS);
  return {
    indexes: numbers(),
    rows: numbers(),
    keys: numbers(),
    slots: numbers(),
    places: numbers(),
    stored: new Float64Array(CHUNK_ROWS),
  };
}

/** Index and row of the chunk's elements that count and are this worker's. */
function pick(
  scan: GroupScan,
  slabs: readonly SharedArrayBuffer[],
  chunk: number,
  share: Share,
  { indexes, rows }: Picked,
): number {
  const builder = new KernelBuilder(slabs, chunk, scan.elementCount);
  const filter = filterOf(scan, builder);
  if (filter === false) return 0;
  const take = `${builder.argument(indexes)}[n]=i;${builder.argument(rows)}[n]=r;n++;`;
  const { count, index } = share;
  const mine =
    count === 1 ? '' : `if((r>>>${SHARE_SHIFT})%${builder.argument(count)}!==${builder.argument(index)})continue;`;
  const body = guarded(filter, memberRowOf(scan, builder) + mine + take);
  return builder.run(`let n=0;for(let i=0;i<${builder.argument(builder.length)};i++){${body}}return n;`);
}

function listValues(
  scan: GroupScan,
  slabs: readonly SharedArrayBuffer[],
  chunk: number,
  count: number,
  { indexes, keys, places, stored }: Picked,
  list: ValueList,
): void {
  const { sources, isTimed } = scan.values!;
  const times = isTimed ? timesOf(scan.times!, slabs, chunk, scan.elementCount) : undefined;
  for (const source of sources) {
    const builder = new KernelBuilder(slabs, chunk, scan.elementCount);
    const present = builder.term(source.present);
    const view = present === false ? undefined : builder.view(source.image);
    if (view === undefined) continue;
    const take = `${builder.argument(places)}[m]=n;${builder.argument(stored)}[m]=${numberText(elementOf(source.image, chunk), `${view}[i]`)};m++;`;
    const step = `const i=${builder.argument(indexes)}[n];${guarded(present, take)}`;
    const found = builder.run(`let m=0;for(let n=0;n<${builder.argument(count)};n++){${step}}return m;`);
    for (let m = 0; m < found; m++) {
      const place = places[m];
      const index = indexes[place];
      list.addStored(
        source,
        stored[m],
        keys[place],
        times === undefined ? 0 : times(index),
        builder.firstIndex + index,
      );
    }
  }
}

function timesOf(
  times: ColumnImage,
  slabs: readonly SharedArrayBuffer[],
  chunk: number,
  total: number,
): (index: number) => number {
  const length = Math.min(total - chunk * CHUNK_ROWS, CHUNK_ROWS);
  const base = baseOf(times, chunk);
  const element = elementOf(times, chunk);
  if (isPacked(element)) {
    const packed = packedChunk(slabs, times, chunk);
    return (index) => base + packedElement(element, packed, index);
  }
  const view = viewChunk(slabs, times, chunk, length)!;
  return (index) => base + view[index];
}

/** Elements by key. */
class KeyCounts {
  distinctCount = 0;
  /** Every key so far is below. */
  end = 0;
  #counts = new Uint32Array(1_024);

  add(keys: Uint32Array, count: number): void {
    let greatest = 0;
    for (let n = 0; n < count; n++) if (keys[n] > greatest) greatest = keys[n];
    this.end = Math.max(this.end, greatest + 1);
    if (greatest >= this.#counts.length) {
      const larger = new Uint32Array(Math.max(greatest + 1, this.#counts.length * 2));
      larger.set(this.#counts);
      this.#counts = larger;
    }
    const counts = this.#counts;
    let fresh = 0;
    for (let n = 0; n < count; n++) if (counts[keys[n]]++ === 0) fresh += 1;
    this.distinctCount += fresh;
  }

  occurring(space: KeySpace, dimensionCount: number) {
    const keys = sharedNumbers(this.distinctCount);
    const slots = sharedNumbers(this.distinctCount * dimensionCount);
    const keyCounts = sharedNumbers(this.distinctCount);
    let at = 0;
    for (let key = 0; key < this.end; key++) {
      if (this.#counts[key] === 0) continue;
      keys[at] = key;
      keyCounts[at] = this.#counts[key];
      space.decode(key, slots, at * dimensionCount);
      at += 1;
    }
    return { keys, slots, keyCounts };
  }
}

function sharedCopy(from: Uint32Array, count: number): Uint32Array {
  const copy = sharedNumbers(count);
  copy.set(from.subarray(0, count));
  return copy;
}

/** Crosses back from a worker without a copy. */
function sharedNumbers(count: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(count * 4));
}
