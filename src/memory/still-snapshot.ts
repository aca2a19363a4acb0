/**
 * A snapshot that one reader goes through page by page, each once: a checkpoint. Old bytes of pages that were written to before the
 * reader came are kept here, in buffers of their own that go back to the system as a whole when the reader is done.
 */
/** Larger than what an allocator keeps for itself, so that the system gets it back; untouched bytes cost nothing. */
const BUFFER_SIZE_BYTES = 1 << 26;

export class StillSnapshot {
  readonly epoch: number;
  /** By page. */
  readonly asides = new Map<object, Uint8Array>();
  /** Bytes that are put aside and not taken. */
  asideBytes = 0;
  #buffer = new Uint8Array(0);
  #filled = 0;

  constructor(epoch: number) {
    this.epoch = epoch;
  }

  putAside(page: object, bytes: Uint8Array): void {
    const size = bytes.length;
    if (this.#filled + size > this.#buffer.length) {
      this.#buffer = new Uint8Array(BUFFER_SIZE_BYTES);
      this.#filled = 0;
    }
    const copy = this.#buffer.subarray(this.#filled, this.#filled + size);
    copy.set(bytes);
    this.#filled += size;
    this.asides.set(page, copy);
    this.asideBytes += size;
  }

  /** What was put aside of the page, if anything; it is forgotten here. */
  takeAside(page: object): Uint8Array | undefined {
    const bytes = this.asides.get(page);
    if (bytes === undefined) return undefined;
    this.asides.delete(page);
    this.asideBytes -= bytes.length;
    return bytes;
  }
}
