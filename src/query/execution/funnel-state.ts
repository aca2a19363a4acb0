/**
 * How far one profile comes in a funnel while its events pass in order (time, then arrival), and the chain of events that the times
 * of its steps are taken from. Two questions with one pass:
 *
 * - depth: per step the latest event that any choice of events can end in, with the latest first step that leads there. The latest
 *   dominates, as in sequences. Only needed where a step has a `without`; else the chains below say it.
 * - chain: every first step starts a chain that takes the earliest event that fits, step by step. Of those that wait for the same step only
 *   the youngest is kept: it started later than the others and its last event is later, so it comes wherever they come, at the same
 *   event. The first chain to reach a step is the one whose last event is earliest there.
 *
 * Who offers events offers each to the later steps first, and bars after that. No allocation after construction.
 */
const NOWHERE = -1;

export interface FunnelShape {
  readonly stepCount: number;
  /** From the first step to the last. */
  readonly withinMs: number;
  readonly hasBars: boolean;
}

export class FunnelState {
  /** Steps that can be reached by any choice of events. */
  depth = 0;
  /** Steps of the chain; less than the depth where another choice than the earliest event comes further. */
  length = 0;
  /** Event index of the chain's first step. */
  start = 0;
  /** Time of each step of the chain. */
  readonly chainMs: Float64Array;
  readonly #shape: FunnelShape;
  /** Per step: position of the latest event that bars the way to it. */
  readonly #bars: Int32Array;
  /** Per step: where the latest event that can end it stands, and the latest first step that leads there. */
  readonly #ends: Int32Array;
  readonly #endStartsMs: Float64Array;
  /** Per step: the youngest chain that came so far: where it stands, its first event, and the times of its steps. */
  readonly #waiting: Int32Array;
  readonly #waitingStarts: Uint32Array;
  readonly #waitingMs: Float64Array;

  constructor(shape: FunnelShape) {
    const { stepCount } = shape;
    this.#shape = shape;
    this.chainMs = new Float64Array(stepCount);
    this.#bars = new Int32Array(stepCount);
    this.#ends = new Int32Array(stepCount);
    this.#endStartsMs = new Float64Array(stepCount);
    this.#waiting = new Int32Array(stepCount);
    this.#waitingStarts = new Uint32Array(stepCount);
    this.#waitingMs = new Float64Array(stepCount * stepCount);
  }

  reset(): void {
    this.depth = 0;
    this.length = 0;
    for (let step = 0; step < this.#shape.stepCount; step++) {
      this.#bars[step] = NOWHERE;
      this.#ends[step] = NOWHERE;
      this.#waiting[step] = NOWHERE;
    }
  }

  /** An event that fits the step's own condition. */
  offer(step: number, timeMs: number, position: number, index: number): void {
    if (this.#shape.hasBars) this.#end(step, timeMs, position);
    if (step === 0) {
      this.#waiting[0] = position;
      this.#waitingStarts[0] = index;
      this.#waitingMs[0] = timeMs;
      if (this.length === 0) this.#note(0);
      return;
    }
    const before = this.#waiting[step - 1];
    if (before === NOWHERE || this.#bars[step] > before) return;
    const { stepCount, withinMs } = this.#shape;
    const from = (step - 1) * stepCount;
    const times = this.#waitingMs;
    if (timeMs - times[from] > withinMs) return;
    const to = from + stepCount;
    for (let i = 0; i < step; i++) times[to + i] = times[from + i];
    times[to + step] = timeMs;
    this.#waiting[step] = position;
    this.#waitingStarts[step] = this.#waitingStarts[step - 1];
    this.#waiting[step - 1] = NOWHERE;
    if (step >= this.length) this.#note(step);
  }

  /** An event that fits the step's `without`. */
  bar(step: number, position: number): void {
    this.#bars[step] = position;
  }

  #end(step: number, timeMs: number, position: number): void {
    let startMs = timeMs;
    if (step > 0) {
      const before = this.#ends[step - 1];
      if (before === NOWHERE || this.#bars[step] > before) return;
      startMs = this.#endStartsMs[step - 1];
      if (timeMs - startMs > this.#shape.withinMs) return;
    }
    this.#ends[step] = position;
    this.#endStartsMs[step] = startMs;
    if (step >= this.depth) this.depth = step + 1;
  }

  /** The chain that has just reached the step is the best so far. */
  #note(step: number): void {
    this.length = step + 1;
    if (this.depth < this.length) this.depth = this.length;
    this.start = this.#waitingStarts[step];
    const from = step * this.#shape.stepCount;
    for (let i = 0; i <= step; i++) this.chainMs[i] = this.#waitingMs[from + i];
  }
}
