/**
 * Rendered profiles, so that a repeated lookup is a slice of bytes: a ring buffer, off the JavaScript heap, the oldest overwritten
 * first. An entry is `[row u32][length u32][bytes]`; `#positions[row]` leads to it and is checked against the entry's
 * own row, because the ring may have passed over it. Any change to the profile forgets its entry.
 *
 * A ring that outgrows its first size is reserved whole, and becomes resident as it is filled: if it doubled, a lookup would now and then
 * wait for a copy of a hundred megabytes.
 */
const HEADER_SIZE_BYTES = 8;
/** Entries larger than this share of the ring are not worth the others they push out. */
const LARGEST_SHARE = 64;
/** Most engines in tests, and shards of small populations, never need more. */
const FIRST_SIZE_BYTES = 1024 * 1024;

export class RenderCache {
  readonly #capacity: number;
  #ring: Uint8Array;
  #view: DataView;
  /** Where the next entry goes, and how far the ring is filled. */
  #head = 0;
  #filled = 0;
  /** Position + 1 of the row's entry, 0 = none. */
  #positions = new Uint32Array(1_024);
  // Result of the last successful `find`.
  start = 0;
  end = 0;

  constructor(capacityBytes: number) {
    this.#capacity = Math.min(capacityBytes, 2 ** 31);
    const first = Math.min(this.#capacity, FIRST_SIZE_BYTES);
    this.#ring = new Uint8Array(first);
    this.#view = new DataView(this.#ring.buffer);
  }

  /** What is resident. */
  get usedBytes(): number {
    return this.#filled + this.#positions.length * 4;
  }

  get bytes(): Uint8Array {
    return this.#ring;
  }

  /** Sets `start` and `end` of the profile's bytes in `bytes`. */
  find(row: number): boolean {
    if (row >= this.#positions.length) return false;
    const position = this.#positions[row];
    if (position === 0) return false;
    const at = position - 1;
    this.start = at + HEADER_SIZE_BYTES;
    this.end = this.start + this.#view.getUint32(at + 4, true);
    return true;
  }

  invalidate(row: number): void {
    if (row < this.#positions.length) this.#positions[row] = 0;
  }

  store(row: number, source: Uint8Array, start: number, end: number): void {
    const size = (HEADER_SIZE_BYTES + end - start + 3) & ~3;
    if (size > this.#capacity / LARGEST_SHARE) return;
    if (this.#head + size > this.#ring.length) this.#wrapOrGrow(size);
    this.#evict(this.#head, this.#head + size);
    const at = this.#head;
    this.#view.setUint32(at, row, true);
    this.#view.setUint32(at + 4, end - start, true);
    this.#ring.set(source.subarray(start, end), at + HEADER_SIZE_BYTES);
    this.#head = at + size;
    if (this.#head > this.#filled) this.#filled = this.#head;
    if (row >= this.#positions.length) this.#growPositions(row);
    this.#positions[row] = at + 1;
  }

  /** Forgets the entries that lie in `[from, to)`; `#tail` walks over whole entries ahead of the head. */
  #tail = 0;
  #evict(from: number, to: number): void {
    if (from >= this.#filled) return;
    if (this.#tail < from) this.#tail = from;
    while (this.#tail < to && this.#tail < this.#filled) {
      const row = this.#view.getUint32(this.#tail, true);
      if (row < this.#positions.length && this.#positions[row] === this.#tail + 1) this.#positions[row] = 0;
      this.#tail += (HEADER_SIZE_BYTES + this.#view.getUint32(this.#tail + 4, true) + 3) & ~3;
    }
  }

  #wrapOrGrow(size: number): void {
    if (this.#ring.length < this.#capacity) {
      const larger = new Uint8Array(this.#capacity);
      larger.set(this.#ring);
      this.#ring = larger;
      this.#view = new DataView(larger.buffer);
      if (this.#head + size <= larger.length) return;
    }
    // What is left at the end would be read as entries: forget it, and start over.
    this.#evict(this.#head, this.#filled);
    this.#filled = this.#head;
    this.#head = 0;
    this.#tail = 0;
  }

  #growPositions(row: number): void {
    let length = this.#positions.length;
    while (length <= row) length *= 2;
    const larger = new Uint32Array(length);
    larger.set(this.#positions);
    this.#positions = larger;
  }
}
