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
