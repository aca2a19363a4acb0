/**
 * The events of a profile as a sequence or a funnel sees them: merged runs, what the events of each table mean (`sequence-use.ts`),
 * and which of them fit (a bit an event, where the runs hold others too).
 */
import { type ArrivalImage, EventMerge, type MergeSource } from './event-merge.ts';

/** Plain data over shared memory; crosses to workers. */
export interface StepTables {
  readonly sources: readonly MergeSource[];
  /** By table. */
  readonly arrivals: readonly ArrivalImage[];
  /** The uses of table t are `[useStarts[t], useStarts[t + 1])`. */
  readonly useStarts: Int32Array;
  readonly useSteps: Int32Array;
  /** 1 = the event bars the way to the step. */
  readonly useBars: Uint8Array;
  /** Position in `bits`, −1 = every event in the runs fits. */
  readonly useBits: Int32Array;
  readonly bits: readonly Uint32Array[];
  /** The table of each step. */
  readonly stepTables: Int32Array;
}

export class EventSteps {
  readonly merge: EventMerge;
  readonly useStarts: Int32Array;
  readonly useSteps: Int32Array;
  readonly useBars: Uint8Array;
  readonly #useBits: Int32Array;
  readonly #bits: readonly Uint32Array[];
  readonly #stepTables: Int32Array;
  readonly #eventCounts: Int32Array;
  /** Per table, the first step that it is used for. */
  readonly #firstSteps: Int32Array;

  constructor(tables: StepTables, slabs: readonly SharedArrayBuffer[]) {
    this.merge = new EventMerge(tables.sources, tables.arrivals, slabs);
    this.useStarts = tables.useStarts;
    this.useSteps = tables.useSteps;
    this.useBars = tables.useBars;
    this.#useBits = tables.useBits;
    this.#bits = tables.bits;
    this.#stepTables = tables.stepTables;
    this.#eventCounts = new Int32Array(tables.arrivals.length);
    this.#firstSteps = Int32Array.from(tables.arrivals, (_, table) =>
      Math.min(...tables.useSteps.subarray(tables.useStarts[table], tables.useStarts[table + 1])),
    );
  }

  /** Goes to the row. How many steps, from the first on, have any event there: no more than those can be reached. */
  open(row: number): number {
    const { merge } = this;
    const counts = this.#eventCounts;
    counts.fill(0);
    for (let source = 0; source < merge.sourceCount; source++) {
      counts[merge.tables[source]] += merge.open(source, row);
    }
    const stepTables = this.#stepTables;
    let step = 0;
    while (step < stepTables.length && counts[stepTables[step]] !== 0) step += 1;
    return step;
  }

  /** Leaves out the tables that only later steps use. */
  closeBeyond(stepCount: number): void {
    const { merge } = this;
    for (let source = 0; source < merge.sourceCount; source++) {
      if (this.#firstSteps[merge.tables[source]] >= stepCount) merge.close(source);
    }
  }

  /** Whether the source's next event fits what the use asks for. */
  fits(use: number, source: number): boolean {
    const at = this.#useBits[use];
    if (at < 0) return true;
    const index = this.merge.index(source);
    return ((this.#bits[at][index >>> 5] >>> (index & 31)) & 1) !== 0;
  }
}
