/**
 * Names on the way in become small integers: a path is (parent path, key), interned once, so that `address.city` costs one
 * comparison per segment and no string. Process-wide and not part of any shard's state: shards keep names, and meet
 * them again through here after a restart.
 *
 * A key that follows the same key as last time (messages of one kind look alike) is found without hashing.
 * Bounded: past `limit` names nothing new is learned and `intern` gives −1; −2 means that the name is not UTF-8.
 */
import { mix32, xxh32 } from '../base/hash.ts';
import { isValidUtf8 } from '../runtime/utf8.ts';

/** Path ids below `FIRST_FREE_PATH` are roots. */
export const ROOT_ENVELOPE = 0;
export const ROOT_PROPERTIES = 1;
export const ROOT_TRAITS = 2;
export const ROOT_CONTEXT = 3;
const ROOT_COUNT = 4;

export class NameInterner {
  /** Lowered from infinity once the log is replayed. */
  limit: number;
  readonly #parents: number[] = [];
  readonly #roots: number[] = [];
  readonly #names: string[] = [];
  /** Keys one after another in `#bytes`. */
  #bytes = new Uint8Array(4_096);
  #used = 0;
  #starts = new Int32Array(256);
  #lengths = new Int32Array(256);
  #parentOf = new Int32Array(256);
  #followers = new Int32Array(256).fill(-1);
  #slots = new Int32Array(512).fill(-1);
  #last = 0;

  constructor(limit: number) {
    this.limit = limit;
    for (let root = 0; root < ROOT_COUNT; root++) this.#push(-1, root, '', new Uint8Array(0), 0, 0);
  }

  get count(): number {
    return this.#names.length;
  }

  /** Which root the path hangs from. */
  rootOf(path: number): number {
    return this.#roots[path];
  }

  parentOf(path: number): number {
    return this.#parents[path];
  }

  /** The last segment, as text. */
  nameOf(path: number): string {
    return this.#names[path];
  }

  /** Segments from below the root. */
  segmentsOf(path: number): string[] {
    const segments: string[] = [];
    for (let at = path; at >= ROOT_COUNT; at = this.#parents[at]) segments.push(this.#names[at]);
    return segments.reverse();
  }

  /** The path of this key under `parent`; learned when new, −1 when the limit is reached. */
  intern(parent: number, bytes: Uint8Array, offset: number, length: number): number {
    const guess = this.#followers[this.#last];
    if (guess >= 0 && this.#parentOf[guess] === parent && this.#isEqual(guess, bytes, offset, length)) {
      this.#last = guess;
      return guess;
    }
    const mask = this.#slots.length - 1;
    let slot = mix32(xxh32(bytes, offset, length, parent)) & mask;
    for (;;) {
      const path = this.#slots[slot];
      if (path < 0) break;
      if (this.#parentOf[path] === parent && this.#isEqual(path, bytes, offset, length)) {
        this.#followers[this.#last] = path;
        this.#last = path;
        return path;
      }
      slot = (slot + 1) & mask;
    }
    if (this.#names.length >= this.limit) return -1;
    if (!isValidUtf8(bytes, offset, length)) return -2;
    const name = Buffer.from(bytes.buffer, bytes.byteOffset + offset, length).toString('utf8');
    const path = this.#push(parent, this.#roots[parent], name, bytes, offset, length);
    this.#slots[slot] = path;
    if (this.#names.length * 2 > this.#slots.length) this.#rehash();
    return path;
  }

  /** By text: for the engine's own names and for recovery, where the limit does not hold. */
  path(root: number, segments: readonly string[]): number {
    let at = root;
    for (const segment of segments) {
      const bytes = Buffer.from(segment, 'utf8');
      const found = this.#find(at, bytes);
      at = found >= 0 ? found : this.#add(at, bytes);
    }
    return at;
  }

  /** The same path under another parent: moves everything below `from` to below `to`. */
  moved(path: number, from: number, to: number): number {
    let at = to;
    const steps: number[] = [];
    for (let p = path; p !== from; p = this.#parents[p]) steps.push(p);
    for (let i = steps.length - 1; i >= 0; i--) {
      const step = steps[i];
      at = this.path(at, [this.#names[step]]);
    }
    return at;
  }

  #find(parent: number, bytes: Uint8Array): number {
    const mask = this.#slots.length - 1;
    let slot = mix32(xxh32(bytes, 0, bytes.length, parent)) & mask;
    for (;;) {
      const path = this.#slots[slot];
      if (path < 0) return -1;
      if (this.#parentOf[path] === parent && this.#isEqual(path, bytes, 0, bytes.length)) return path;
      slot = (slot + 1) & mask;
    }
  }

  #add(parent: number, bytes: Uint8Array): number {
    const name = Buffer.from(bytes).toString('utf8');
    const path = this.#push(parent, this.#roots[parent], name, bytes, 0, bytes.length);
    this.#place(path);
    if (this.#names.length * 2 > this.#slots.length) this.#rehash();
    return path;
  }

  #isEqual(path: number, bytes: Uint8Array, offset: number, length: number): boolean {
    if (this.#lengths[path] !== length) return false;
    const own = this.#bytes;
    const start = this.#starts[path];
    for (let i = 0; i < length; i++) if (own[start + i] !== bytes[offset + i]) return false;
    return true;
  }

  #push(parent: number, root: number, name: string, bytes: Uint8Array, offset: number, length: number): number {
    const path = this.#names.length;
    if (path === this.#starts.length) this.#growColumns();
    while (this.#used + length > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes.subarray(offset, offset + length), this.#used);
    this.#starts[path] = this.#used;
    this.#lengths[path] = length;
    this.#parentOf[path] = parent;
    this.#used += length;
    this.#parents.push(parent);
    this.#roots.push(root);
    this.#names.push(name);
    return path;
  }

  #growColumns(): void {
    this.#starts = doubled(this.#starts, 0);
    this.#lengths = doubled(this.#lengths, 0);
    this.#parentOf = doubled(this.#parentOf, 0);
    this.#followers = doubled(this.#followers, -1);
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2).fill(-1);
    for (let path = ROOT_COUNT; path < this.#names.length; path++) this.#place(path);
  }

  #place(path: number): void {
    const mask = this.#slots.length - 1;
    let slot = mix32(xxh32(this.#bytes, this.#starts[path], this.#lengths[path], this.#parentOf[path])) & mask;
    while (this.#slots[slot] >= 0) slot = (slot + 1) & mask;
    this.#slots[slot] = path;
  }
}

function doubled(old: Int32Array<ArrayBuffer>, fill: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(old.length * 2).fill(fill);
  larger.set(old);
  return larger;
}
