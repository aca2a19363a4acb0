/**
 * Shared memory that questions use for a moment: counters and bits. Fresh pages cost more than what is done in them (2 µs for 4 KiB
 * here), so some is kept. What is kept is all zeros: whoever gives memory back has cleared it. Who fails or is cancelled in between
 * gives nothing back, and the collector takes it.
 */

/** Of free memory that is kept, at most. */
const KEPT_BYTES_MAX = 32 * 1024 * 1024;
/** Sizes are powers of two from here on, so that memory still fits when some profiles were added. */
const SIZE_BYTES_MIN = 4_096;

export class ScratchMemory {
  readonly #free = new Map<number, SharedArrayBuffer[]>();
  readonly #keptBytesMax: number;
  #keptBytes = 0;

  constructor(keptBytesMax = KEPT_BYTES_MAX) {
    this.#keptBytesMax = keptBytesMax;
  }

  /** Free at the moment. */
  get sizeBytes(): number {
    return this.#keptBytes;
  }

  /** At least so many bytes, all zero. */
  take(sizeBytes: number): SharedArrayBuffer {
    const size = sizeClassOf(sizeBytes);
    const memory = this.#free.get(size)?.pop();
    if (memory === undefined) return new SharedArrayBuffer(size);
    this.#keptBytes -= size;
    return memory;
  }

  /** All zeros again, and nobody looks at it any more. */
  give(memory: SharedArrayBuffer): void {
    const { byteLength } = memory;
    if (this.#keptBytes + byteLength > this.#keptBytesMax) this.clear();
    if (byteLength > this.#keptBytesMax) return;
    const free = this.#free.get(byteLength);
    if (free === undefined) this.#free.set(byteLength, [memory]);
    else free.push(memory);
    this.#keptBytes += byteLength;
  }

  clear(): void {
    this.#free.clear();
    this.#keptBytes = 0;
  }
}

function sizeClassOf(sizeBytes: number): number {
  let size = SIZE_BYTES_MIN;
  while (size < sizeBytes) size *= 2;
  return size;
}
