/** What became of each profile in a funnel, in growing arrays: no object a profile. */

/** Profiles that reached the first step, in shared memory. */
export interface Journeys {
  readonly rows: Uint32Array;
  readonly depths: Uint8Array;
  /** Steps of the chain that times are taken from. */
  readonly lengths: Uint8Array;
  /** Event that is the chain's first step. */
  readonly starts: Uint32Array;
  /** From the second step on: times of those whose chain is that long, in the same order. */
  readonly times: readonly Float64Array[];
}

const FIRST_CAPACITY = 1_024;

export class JourneyList {
  readonly #isListed: boolean;
  #count = 0;
  #rows: Uint32Array = new Uint32Array(0);
  #depths: Uint8Array = new Uint8Array(0);
  #lengths: Uint8Array = new Uint8Array(0);
  #starts: Uint32Array = new Uint32Array(0);
  readonly #times: Float64Array[] = [];
  readonly #timeCounts: number[] = [];

  constructor(stepCount: number, isListed: boolean) {
    this.#isListed = isListed;
    for (let step = 1; step < stepCount; step++) {
      this.#times.push(new Float64Array(FIRST_CAPACITY));
      this.#timeCounts.push(0);
    }
  }

  add(row: number, depth: number, length: number, start: number, chainMs: Float64Array): void {
    for (let step = 1; step < length; step++) {
      const count = this.#timeCounts[step - 1];
      let times = this.#times[step - 1];
      if (count === times.length) {
        times = copyInto(times, new Float64Array(count * 2));
        this.#times[step - 1] = times;
      }
      times[count] = chainMs[step] - chainMs[step - 1];
      this.#timeCounts[step - 1] = count + 1;
    }
    if (!this.#isListed) return;
    if (this.#count === this.#rows.length) this.#grow();
    this.#rows[this.#count] = row;
    this.#depths[this.#count] = depth;
    this.#lengths[this.#count] = length;
    this.#starts[this.#count] = start;
    this.#count += 1;
  }

  #grow(): void {
    const capacity = Math.max(FIRST_CAPACITY, this.#count * 2);
    this.#rows = copyInto(this.#rows, new Uint32Array(capacity));
    this.#depths = copyInto(this.#depths, new Uint8Array(capacity));
    this.#lengths = copyInto(this.#lengths, new Uint8Array(capacity));
    this.#starts = copyInto(this.#starts, new Uint32Array(capacity));
  }

  /** A copy in shared memory. */
  times(): Float64Array[] {
    return this.#times.map((times, i) => {
      const count = this.#timeCounts[i];
      return copyInto(times.subarray(0, count), new Float64Array(new SharedArrayBuffer(count * 8)));
    });
  }

  journeys(): Journeys {
    const count = this.#count;
    const shared = (sizeBytes: number): SharedArrayBuffer => new SharedArrayBuffer(sizeBytes);
    return {
      rows: copyInto(this.#rows.subarray(0, count), new Uint32Array(shared(count * 4))),
      depths: copyInto(this.#depths.subarray(0, count), new Uint8Array(shared(count))),
      lengths: copyInto(this.#lengths.subarray(0, count), new Uint8Array(shared(count))),
      starts: copyInto(this.#starts.subarray(0, count), new Uint32Array(shared(count * 4))),
      times: this.times(),
    };
  }
}

function copyInto<T extends Uint8Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
