/**
 * The events of one table profile by profile: each row's events lie together, ordered by time, then by arrival (its run). Made from the
 * columns, which are in order of arrival, when a question first needs the order of events; nothing of it is stored on disk.
 *
 * Widths: 12 bytes an event (time f64, event index u32) and 4 a row. In shared memory and never written again once built,
 * so any worker may read it, without a snapshot.
 */
import type { EventTable } from '../../profile/event-table.ts';

export interface EventRuns {
  /** The run of row r is `[offsets[r], offsets[r + 1])`. */
  readonly offsets: Uint32Array;
  readonly timesMs: Float64Array;
  /** Index of the event in its table. */
  readonly indexes: Uint32Array;
  /** Rows that there were; later ones have no run. */
  readonly rowCount: number;
  /** Events of the table that were looked at; those behind are not in here. */
  readonly eventCount: number;
}

export function runsSizeBytes(eventCount: number, rowCount: number): number {
  return eventCount * 12 + (rowCount + 1) * 4;
}

export function newRuns(runCount: number, rowCount: number, eventCount: number): EventRuns {
  return {
    offsets: new Uint32Array(new SharedArrayBuffer((rowCount + 1) * 4)),
    timesMs: new Float64Array(new SharedArrayBuffer(runCount * 8)),
    indexes: new Uint32Array(new SharedArrayBuffer(runCount * 4)),
    rowCount,
    eventCount,
  };
}

/** A table that grew by this share of what its runs hold gets new ones. */
const TAIL_SHARE = 1 / 8;
const TAIL_COUNT_MIN = 65_536;

/**
 * Runs of whole tables, kept between questions under a budget, the longest unused dropped first. A table only grows, so runs stay
 * true of the events that they hold.
 */
export class RunStore {
  readonly #sizeBytesMax: number;
  readonly #runs = new Map<EventTable, EventRuns>();
  readonly #lostNs = new Map<EventTable, number>();
  #sizeBytes = 0;

  constructor(sizeBytesMax: number) {
    this.#sizeBytesMax = sizeBytesMax;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Undefined too when so many events came since that they are better made anew. */
  find(table: EventTable): EventRuns | undefined {
    const runs = this.#runs.get(table);
    if (runs === undefined) return undefined;
    const tailCount = table.eventCount - runs.eventCount;
    if (tailCount > TAIL_COUNT_MIN + runs.eventCount * TAIL_SHARE) return undefined;
    this.#runs.delete(table);
    this.#runs.set(table, runs);
    return runs;
  }

  /** Whether runs of so many events would be kept. */
  hasRoomFor(eventCount: number, rowCount: number): boolean {
    return runsSizeBytes(eventCount, rowCount) <= this.#sizeBytesMax;
  }

  /** Notes what a question lost for want of runs; true once the losses would have paid for making them. */
  isWorthMaking(table: EventTable, lostNs: number, makeNs: number): boolean {
    const sum = (this.#lostNs.get(table) ?? 0) + lostNs;
    this.#lostNs.set(table, sum);
    return sum >= makeNs;
  }

  keep(table: EventTable, runs: EventRuns): void {
    this.#drop(table);
    this.#lostNs.delete(table);
    this.#runs.set(table, runs);
    this.#sizeBytes += sizeOf(runs);
    for (const other of this.#runs.keys()) {
      if (this.#sizeBytes <= this.#sizeBytesMax) return;
      this.#drop(other);
    }
  }

  clear(): void {
    this.#runs.clear();
    this.#sizeBytes = 0;
  }

  #drop(table: EventTable): void {
    const runs = this.#runs.get(table);
    if (runs === undefined) return;
    this.#runs.delete(table);
    this.#sizeBytes -= sizeOf(runs);
  }
}

function sizeOf({ timesMs, rowCount }: EventRuns): number {
  return runsSizeBytes(timesMs.length, rowCount);
}
