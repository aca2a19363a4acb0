/**
 * Turns on the shard's own thread. Work is cut into slices of about half a millisecond by what it is estimated to cost, so that where it is
 * cut does not hang on a clock, and lookups and ingest wait for no more than a slice.
 */

/** Asks whoever drives the work for a turn of the event loop. */
export interface Pause {
  readonly kind: 'pause';
}
export const PAUSE: Pause = { kind: 'pause' };

/** Estimated work between two turns. */
export const SLICE_NS = 500_000;

export class Pace {
  #spentNs = 0;

  /** Notes work done or about to be done; true when it is time for a turn. */
  spend(costNs: number): boolean {
    this.#spentNs += costNs;
    if (this.#spentNs < SLICE_NS) return false;
    this.#spentNs = 0;
    return true;
  }
}

/** Work that yields what its pieces cost (in units of `unitNs`), as work that yields only where a turn is due. */
export function* paced<T>(work: Generator<number, T, void>, pace: Pace, unitNs = 1): Generator<Pause, T, unknown> {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (pace.spend(step.value * unitNs)) yield PAUSE;
  }
}

/** Notes work on this thread; a promise when it is time for a turn, which fails when nobody waits for the work any more. */
export type Spend = (costNs: number) => Promise<void> | undefined;

/** Work that yields what its pieces cost (ns), with turns between slices. */
export async function inSlices<T>(work: Generator<number, T, void>, spend: Spend): Promise<T> {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    await spend(step.value);
  }
}
