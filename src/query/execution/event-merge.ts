/**
 * The runs of one profile in several tables, merged into the order of its events: time, then arrival. A table has one source or two
 * (the runs that are kept, and those of the events that came since). No allocation per row.
 */
import { CHUNK_MASK, CHUNK_SHIFT } from '../../memory/chunk-size.ts';
import { BLOCK_SHIFT } from '../../memory/serial-column.ts';
import type { EventRuns } from '../index/event-runs.ts';
import { type ColumnImage, ELEMENT_U32, type ElementView, elementOf, viewChunk } from './column-image.ts';

/** Plain data over shared memory; crosses to workers. */
export interface MergeSource {
  readonly runs: EventRuns;
  /** Position in the list of tables. */
  readonly table: number;
  /** Events before this are passed over; −Infinity where the runs hold none, or all are wanted. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Arrival numbers of a table's events: asked only where two tables have events at one instant. */
export interface ArrivalImage {
  readonly numbers: ColumnImage;
  readonly bases: ColumnImage;
}

/** Below so many events a run is walked to where the window begins, above it is halved. */
const WALK_LENGTH_MAX = 16;

export class EventMerge {
  /** Source → table. */
  readonly tables: Int32Array;
  /** Time of each source's next event, Infinity at its end. */
  readonly headsMs: Float64Array;
  readonly #sources: readonly MergeSource[];
  readonly #timesMs: readonly Float64Array[];
  readonly #indexes: readonly Uint32Array[];
  readonly #offsets: readonly Uint32Array[];
  readonly #cursors: Uint32Array;
  readonly #ends: Uint32Array;
  readonly #readers: readonly ArrivalReader[];
  #last = -1;

  constructor(sources: readonly MergeSource[], arrivals: readonly ArrivalImage[], slabs: readonly SharedArrayBuffer[]) {
    this.#sources = sources;
    this.tables = Int32Array.from(sources, ({ table }) => table);
    this.#timesMs = sources.map(({ runs }) => runs.timesMs);
    this.#indexes = sources.map(({ runs }) => runs.indexes);
    this.#offsets = sources.map(({ runs }) => runs.offsets);
    this.headsMs = new Float64Array(sources.length);
    this.#cursors = new Uint32Array(sources.length);
    this.#ends = new Uint32Array(sources.length);
    this.#readers = arrivals.map((image) => new ArrivalReader(image, slabs));
  }

  get sourceCount(): number {
    return this.headsMs.length;
  }

  /** Goes to the row; the number of events that the source has there. */
  open(source: number, row: number): number {
    const { runs, fromMs, untilMs } = this.#sources[source];
    this.#last = -1;
    let cursor = 0;
    let end = 0;
    if (row < runs.rowCount) {
      const offsets = this.#offsets[source];
      cursor = offsets[row];
      end = offsets[row + 1];
    }
    if (cursor < end) {
      const timesMs = this.#timesMs[source];
      if (timesMs[cursor] < fromMs) cursor = firstAt(timesMs, cursor, end, fromMs);
      if (cursor < end && timesMs[end - 1] >= untilMs) end = firstAt(timesMs, cursor, end, untilMs);
    }
    this.#cursors[source] = cursor;
    this.#ends[source] = end;
    this.headsMs[source] = cursor < end ? this.#timesMs[source][cursor] : Infinity;
    return end - cursor;
  }

  /** Leaves the source's events out. */
  close(source: number): void {
    this.#ends[source] = this.#cursors[source];
    this.headsMs[source] = Infinity;
  }

  /** The source of the next event, −1 when there is none. Its time is the source's head until the next call. */
  next(): number {
    const heads = this.headsMs;
    const last = this.#last;
    if (last >= 0) {
      const cursor = this.#cursors[last] + 1;
      this.#cursors[last] = cursor;
      heads[last] = cursor < this.#ends[last] ? this.#timesMs[last][cursor] : Infinity;
    }
    let best = 0;
    let bestMs = heads[0];
    for (let source = 1; source < heads.length; source++) {
      const timeMs = heads[source];
      if (timeMs > bestMs) continue;
      if (timeMs === bestMs && (timeMs === Infinity || !this.#isBefore(source, best))) continue;
      best = source;
      bestMs = timeMs;
    }
    this.#last = bestMs === Infinity ? -1 : best;
    return this.#last;
  }

  /** The source's next event. */
  index(source: number): number {
    return this.#indexes[source][this.#cursors[source]];
  }

  /** Of sources whose next events are at one instant: the one whose event arrived first. `cursors`: −1 = not one of them. */
  earliest(cursors: Int32Array): number {
    let best = -1;
    for (let source = 0; source < cursors.length; source++) {
      if (cursors[source] < 0) continue;
      this.#cursors[source] = cursors[source];
      if (best < 0 || this.#isBefore(source, best)) best = source;
    }
    return best;
  }

  #isBefore(a: number, b: number): boolean {
    const tableA = this.tables[a];
    const tableB = this.tables[b];
    if (tableA === tableB) return this.index(a) < this.index(b);
    return this.#readers[tableA].get(this.index(a)) < this.#readers[tableB].get(this.index(b));
  }
}

/** The first position in `[from, end)` whose time is not before `timeMs`; `end` where there is none. */
export function firstAt(timesMs: Float64Array, from: number, end: number, timeMs: number): number {
  let low = from;
  let high = end;
  while (high - low > WALK_LENGTH_MAX) {
    const middle = (low + high) >>> 1;
    if (timesMs[middle] < timeMs) low = middle + 1;
    else high = middle;
  }
  while (low < high && timesMs[low] < timeMs) low += 1;
  return low;
}

class ArrivalReader {
  readonly #image: ArrivalImage;
  readonly #slabs: readonly SharedArrayBuffer[];
  readonly #numbers: (ElementView | undefined)[] = [];
  readonly #bases: (ElementView | undefined)[] = [];

  constructor(image: ArrivalImage, slabs: readonly SharedArrayBuffer[]) {
    this.#image = image;
    this.#slabs = slabs;
  }

  get(index: number): number {
    const chunk = index >>> CHUNK_SHIFT;
    const number = this.#view(this.#numbers, this.#image.numbers, chunk)[index & CHUNK_MASK];
    if (elementOf(this.#image.numbers, chunk) === ELEMENT_U32) return number;
    const block = index >>> BLOCK_SHIFT;
    return (this.#view(this.#bases, this.#image.bases, block >>> CHUNK_SHIFT)[block & CHUNK_MASK] + number) >>> 0;
  }

  #view(views: (ElementView | undefined)[], image: ColumnImage, chunk: number): ElementView {
    let view = views[chunk];
    if (view === undefined) {
      view = viewChunk(this.#slabs, image, chunk, 0)!;
      views[chunk] = view;
    }
    return view;
  }
}
