/**
 * What has to be known of one profile while its events pass in order (time, then arrival), to tell whether a sequence holds: for each
 * step the latest event that can end it. The latest one dominates all others, for `within` as for `without`, so there is no search.
 *
 * Who offers events offers each to the later steps first, so that no event serves two steps of one assignment, and reports what
 * must not lie between (`bar`) after that: what bars lies strictly between. Positions ascend from 0. No allocation after construction.
 */

/** The steps as numbers; crosses to workers. */
export interface SequenceShape {
  readonly fromMs: number;
  /** Per step, since the step before it. */
  readonly withinMs: Float64Array;
  /** Per step, 1 = only the first fitting event ever. */
  readonly isFirst: Uint8Array;
}

const NOWHERE = -1;

export class SequenceState {
  readonly #fromMs: number;
  readonly #withinMs: Float64Array;
  readonly #isFirst: Uint8Array;
  readonly #timesMs: Float64Array;
  readonly #positions: Int32Array;
  /** Position of the latest event that bars the way to the step. */
  readonly #bars: Int32Array;
  readonly #isSeen: Uint8Array;

  constructor({ fromMs, withinMs, isFirst }: SequenceShape) {
    const stepCount = withinMs.length;
    this.#fromMs = fromMs;
    this.#withinMs = withinMs;
    this.#isFirst = isFirst;
    this.#timesMs = new Float64Array(stepCount);
    this.#positions = new Int32Array(stepCount);
    this.#bars = new Int32Array(stepCount);
    this.#isSeen = new Uint8Array(stepCount);
  }

  /** Before the events of another profile. */
  reset(): void {
    const positions = this.#positions;
    for (let step = 0; step < positions.length; step++) {
      positions[step] = NOWHERE;
      this.#bars[step] = NOWHERE;
      this.#isSeen[step] = 0;
    }
  }

  /** An event that fits the step's own condition. True when an assignment can end there. */
  offer(step: number, timeMs: number, position: number): boolean {
    if (this.#isFirst[step] !== 0) {
      if (this.#isSeen[step] !== 0) return false;
      this.#isSeen[step] = 1;
    }
    if (timeMs < this.#fromMs) return false;
    if (step > 0) {
      const before = this.#positions[step - 1];
      if (before === NOWHERE || this.#bars[step] > before) return false;
      if (timeMs - this.#timesMs[step - 1] > this.#withinMs[step]) return false;
    }
    this.#timesMs[step] = timeMs;
    this.#positions[step] = position;
    return true;
  }

  /** An event that fits the step's `without`. */
  bar(step: number, position: number): void {
    this.#bars[step] = position;
  }
}
