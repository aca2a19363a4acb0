/**
 * Where bytes rest between the call that hands them over and the transaction that writes them. The writing thread
 * reads them while JavaScript goes on, so they are copied out of the caller's memory, which may also be shared memory
 * (lmdb-js takes no SharedArrayBuffer: it would read from address 0). Slabs are used again after the commit: their
 * pages are already mapped, and lmdb-js looks the address of a buffer up only once.
 *
 * Cost: one memcpy and one Buffer view a copy.
 */
export class CopyArena {
  readonly #slabSizeBytes: number;
  readonly #idleCountMax: number;
  readonly #idle: Buffer[] = [];
  #used: Buffer[] = [];
  #current: Buffer | undefined;
  #offset = 0;

  /** Keeps at most `idleCountMax` slabs when nothing is in use. */
  constructor(slabSizeBytes: number, idleCountMax: number) {
    this.#slabSizeBytes = slabSizeBytes;
    this.#idleCountMax = idleCountMax;
  }

  copy(bytes: Uint8Array): Buffer {
    const size = bytes.byteLength;
    if (size > this.#slabSizeBytes) {
      const own = Buffer.allocUnsafeSlow(size);
      own.set(bytes);
      return own;
    }
    if (size > this.#slabSizeBytes >> 1) {
      // A slab of its own; the current one goes on to be filled.
      const whole = this.#newSlab();
      whole.set(bytes);
      return whole.subarray(0, size);
    }
    let slab = this.#current;
    if (slab === undefined || this.#offset + size > this.#slabSizeBytes) {
      slab = this.#newSlab();
      this.#current = slab;
      this.#offset = 0;
    }
    const start = this.#offset;
    slab.set(bytes, start);
    this.#offset = start + size;
    return slab.subarray(start, start + size);
  }

  /** Hands over the slabs filled since the last call; they come back through `recycle` once the disk has them. */
  take(): readonly Buffer[] {
    const taken = this.#used;
    this.#used = [];
    this.#current = undefined;
    return taken;
  }

  recycle(slabs: readonly Buffer[]): void {
    for (const slab of slabs) {
      if (this.#idle.length < this.#idleCountMax) this.#idle.push(slab);
    }
  }

  #newSlab(): Buffer {
    const slab = this.#idle.pop() ?? Buffer.allocUnsafeSlow(this.#slabSizeBytes);
    this.#used.push(slab);
    return slab;
  }
}
