/**
 * Who scans which chunk. Workers of one scan share a counter and take the next chunk when they are free, so that none waits
 * for a slow one. Where the order of addition shows in the result (sums of doubles), each takes a fixed stretch
 * instead, so that equal questions get equal answers.
 */
const NEXT = 0;
const STOP = 1;

/** Two integers in shared memory: the next position, and whether to stop. */
export function newControl(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(8));
}

export function stop(control: Int32Array): void {
  Atomics.store(control, STOP, 1);
}

/** For scans that have no chunks to claim. */
export function isStopped(control: Int32Array): boolean {
  return Atomics.load(control, STOP) !== 0;
}

export interface Share {
  readonly index: number;
  readonly count: number;
}

export const WHOLE: Share = { index: 0, count: 1 };

export class ChunkClaim {
  readonly #chunks: Int32Array;
  readonly #control: Int32Array;
  readonly #end: number;
  /** −1 = positions come from the shared counter. */
  #position: number;

  constructor(chunks: Int32Array, control: Int32Array, isFixed: boolean, share: Share) {
    this.#chunks = chunks;
    this.#control = control;
    this.#position = isFixed ? Math.floor((chunks.length * share.index) / share.count) : -1;
    this.#end = isFixed ? Math.floor((chunks.length * (share.index + 1)) / share.count) : chunks.length;
  }

  /** The next chunk, or −1 when there is none or the scan was stopped. */
  next(): number {
    if (isStopped(this.#control)) return -1;
    const position = this.#position < 0 ? Atomics.add(this.#control, NEXT, 1) : this.#position++;
    return position < this.#end ? this.#chunks[position] : -1;
  }
}
