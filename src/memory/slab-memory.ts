/**
 * Shared memory in slabs, handed out as pages, with copy-on-write snapshots.
 *
 * Everything a shard knows lives in pages: columns, dictionaries, hash tables. A page is a run of bytes in a slab (a
 * SharedArrayBuffer that never grows, because V8 scans a fixed-length view 17 times faster than a growing one).
 * Workers get the slabs and find pages by (slab, offset).
 *
 * Snapshots: `snapshot()` starts a new epoch. A page remembers the epoch it was born in: a snapshot sees the pages that were
 * born before it was taken. Whoever writes to a page for the first time in an epoch calls `own`: if a live snapshot sees the
 * page, the writer gets a copy and the old bytes stay as they are until the last such snapshot is released. So a query on a
 * worker and a checkpoint see one instant, and neither stops the writer. An append needs no copy, because a snapshot never
 * reads past the length it took; it only stamps the page as written (`touch`), and the page stays visible to the snapshot.
 *
 * A checkpoint reads for seconds while everything is written to; copies that the writer goes on in would leave a hole in the slabs
 * for every page that is ever hot. So its snapshot is a still one (`StillSnapshot`): read by this thread alone, each
 * page once. There the old bytes are put aside, outside the slabs, and the writer stays where it is.
 *
 * Owned by one thread; only the bytes are shared.
 */
import { assert } from '../base/assert.ts';
import { StillSnapshot } from './still-snapshot.ts';

const FIRST_SLAB_SIZE_BYTES = 1 << 20;
const LAST_SLAB_SIZE_BYTES = 1 << 26;
const MIN_PAGE_SIZE_BYTES = 64;
/** Multiples of it are sizes of pages as they are: a chunk of elements of three bytes is no power of two. */
const PAGE_STEP_BYTES = 4_096;
/** Behind the last page of a slab, see `wideView`. */
const SLAB_TAIL_BYTES = 8;
/** A chunk of 65,536 sixteen-byte message ids. */
export const MAX_PAGE_SIZE_BYTES = 1 << 20;

export class Page {
  readonly slabIndex: number;
  readonly offset: number;
  readonly sizeBytes: number;
  /** Epoch in which it was allocated: snapshots from then on may see it, however late it is written. */
  readonly bornEpoch: number;
  /** Epoch of the last write, appends included. Tells what a checkpoint must save, not who sees the page. */
  stamp: number;
  /** Id in the checkpoint store, 0 = never saved. */
  savedId = 0;
  /** The snapshot it was saved from: the saved copy is good while `stamp <= savedEpoch`. */
  savedEpoch = 0;
  /** The still snapshot that has read it and needs it no more. */
  takenEpoch = 0;

  constructor(slabIndex: number, offset: number, sizeBytes: number, bornEpoch: number) {
    this.slabIndex = slabIndex;
    this.offset = offset;
    this.sizeBytes = sizeBytes;
    this.bornEpoch = bornEpoch;
    this.stamp = bornEpoch;
  }
}

export interface Snapshot {
  readonly epoch: number;
}

interface Place {
  readonly slabIndex: number;
  readonly offset: number;
}

function isPowerOfTwo(size: number): boolean {
  return (size & (size - 1)) === 0;
}

function pageSizeOf(sizeBytes: number): number {
  if (sizeBytes <= MIN_PAGE_SIZE_BYTES) return MIN_PAGE_SIZE_BYTES;
  return sizeBytes % PAGE_STEP_BYTES === 0 ? sizeBytes : 2 ** Math.ceil(Math.log2(sizeBytes));
}

/**
 * The page as elements of odd widths: with what lies behind it, so that the last element too can be loaded in a wider piece,
 * of which the reader cuts off what is not its own. Nothing is written there.
 */
export function wideView(
  slabs: readonly SharedArrayBuffer[],
  page: Pick<Page, 'slabIndex' | 'offset' | 'sizeBytes'>,
): DataView {
  return new DataView(slabs[page.slabIndex], page.offset, page.sizeBytes + SLAB_TAIL_BYTES);
}

export class SlabMemory {
  readonly slabs: SharedArrayBuffer[] = [];
  /** Pages written in this epoch need no further care. Read by every write barrier. */
  epoch = 1;
  /** Bytes in live pages (allocated and not freed). */
  usedBytes = 0;
  /** Bytes of slabs asked from the system; untouched ones cost no physical memory. */
  reservedBytes = 0;

  #slabOffset = 0;
  #slabSize = 0;
  /** By the size's power of two. */
  readonly #free: Place[][] = [];
  /** Of other sizes, by size: few are asked for, and who gives one back soon wants one like it. */
  readonly #freeOdd = new Map<number, Place[]>();
  #live: number[] = [];
  #still: StillSnapshot | undefined;
  #retired: { page: Page; retiredAt: number }[] = [];

  /** Bytes of pages that were given back, or left over at the end of a slab, and wait for the next taker. */
  get freeBytes(): number {
    let bytes = 0;
    this.#free.forEach((list, order) => {
      bytes += list.length * 2 ** order;
    });
    for (const [size, list] of this.#freeOdd) bytes += list.length * size;
    return bytes;
  }

  /** A zeroed page of `sizeBytes`, rounded up to a power of two where it is not a multiple of 4 KiB. */
  allocate(sizeBytes: number): Page {
    assert(sizeBytes > 0 && sizeBytes <= MAX_PAGE_SIZE_BYTES, () => `page of ${sizeBytes} bytes`);
    const size = pageSizeOf(sizeBytes);
    this.usedBytes += size;
    const reuse = this.#freeOf(size)?.pop() ?? this.#cut(size);
    if (reuse !== undefined) {
      const page = new Page(reuse.slabIndex, reuse.offset, size, this.epoch);
      new Uint8Array(this.slabs[page.slabIndex], page.offset, size).fill(0);
      return page;
    }
    if (this.#slabOffset + size > this.#slabSize) this.#openSlab(size);
    const page = new Page(this.slabs.length - 1, this.#slabOffset, size, this.epoch);
    this.#slabOffset += size;
    return page;
  }

  /** A place of an odd size out of a free one of the next power of two; what is left of that is free for smaller pages. */
  #cut(size: number): Place | undefined {
    if (isPowerOfTwo(size)) return undefined;
    const above = 2 ** Math.ceil(Math.log2(size));
    const place = this.#freeOf(above)?.pop();
    if (place === undefined) return undefined;
    for (let at = size; at < above; ) {
      const rest = 2 ** Math.floor(Math.log2(above - at));
      this.#push(place.slabIndex, place.offset + at, rest);
      at += rest;
    }
    return place;
  }

  #openSlab(atLeastBytes: number): void {
    // What is left of the old slab is still good for smaller pages.
    this.#salvage();
    const next = Math.min(LAST_SLAB_SIZE_BYTES, Math.max(FIRST_SLAB_SIZE_BYTES, this.#slabSize * 2));
    this.#slabSize = Math.max(next, atLeastBytes);
    this.slabs.push(new SharedArrayBuffer(this.#slabSize + SLAB_TAIL_BYTES));
    this.reservedBytes += this.#slabSize;
    this.#slabOffset = 0;
  }

  #salvage(): void {
    while (this.#slabSize - this.#slabOffset >= MIN_PAGE_SIZE_BYTES) {
      const size = 2 ** Math.floor(Math.log2(this.#slabSize - this.#slabOffset));
      const usable = Math.min(size, MAX_PAGE_SIZE_BYTES);
      this.#push(this.slabs.length - 1, this.#slabOffset, usable);
      this.#slabOffset += usable;
    }
  }

  #push(slabIndex: number, offset: number, size: number): void {
    let list = this.#freeOf(size);
    if (list === undefined) {
      list = [];
      if (isPowerOfTwo(size)) this.#free[Math.log2(size)] = list;
      else this.#freeOdd.set(size, list);
    }
    list.push({ slabIndex, offset });
  }

  #freeOf(size: number): Place[] | undefined {
    return isPowerOfTwo(size) ? this.#free[Math.log2(size)] : this.#freeOdd.get(size);
  }

  /** Gives the page back, at once or when the last snapshot that sees it is released. */
  free(page: Page): void {
    if (this.#isVisible(page) || this.#isAwaited(page)) {
      this.#retired.push({ page, retiredAt: this.epoch });
      return;
    }
    this.#release(page);
  }

  #release(page: Page): void {
    this.usedBytes -= page.sizeBytes;
    this.#push(page.slabIndex, page.offset, page.sizeBytes);
  }

  #isVisible(page: Page): boolean {
    for (const epoch of this.#live) if (epoch >= page.bornEpoch) return true;
    return false;
  }

  /** Whether the still snapshot has yet to read it. */
  #isAwaited(page: Page): boolean {
    const still = this.#still;
    return (
      still !== undefined && page.bornEpoch <= still.epoch && page.takenEpoch !== still.epoch && !still.asides.has(page)
    );
  }

  /** The page to write to instead of `page`: itself, newly stamped, or a copy when a snapshot still sees the old bytes. */
  own(page: Page): Page {
    if (!this.#isVisible(page)) {
      if (this.#isAwaited(page)) {
        this.#still!.putAside(page, this.bytes(page));
        this.usedBytes += page.sizeBytes;
      }
      page.stamp = this.epoch;
      return page;
    }
    const copy = this.allocate(page.sizeBytes);
    this.bytes(copy).set(this.bytes(page));
    this.#retired.push({ page, retiredAt: this.epoch });
    return copy;
  }

  /** Notes an append to the page. True when no live snapshot sees it: until the next epoch anything may be written to it. */
  touch(page: Page): boolean {
    page.stamp = this.epoch;
    return !this.#isVisible(page) && !this.#isAwaited(page);
  }

  bytes(page: Page): Uint8Array {
    return new Uint8Array(this.slabs[page.slabIndex], page.offset, page.sizeBytes);
  }

  snapshot(): Snapshot {
    const snapshot = { epoch: this.epoch };
    this.#live.push(this.epoch);
    this.epoch += 1;
    return snapshot;
  }

  /** One at a time. */
  stillSnapshot(): StillSnapshot {
    assert(this.#still === undefined, 'a still snapshot is alive');
    this.#still = new StillSnapshot(this.epoch);
    this.epoch += 1;
    return this.#still;
  }

  /** The page's bytes as of the still snapshot, good until the next write to the page; from now on nobody copies it for the snapshot's sake. */
  take(still: StillSnapshot, page: Page): Uint8Array {
    assert(still === this.#still && page.takenEpoch !== still.epoch, 'a page is taken once');
    page.takenEpoch = still.epoch;
    const aside = still.takeAside(page);
    if (aside !== undefined) this.usedBytes -= page.sizeBytes;
    return aside ?? this.bytes(page);
  }

  release(snapshot: Snapshot): void {
    if (snapshot === this.#still) {
      this.usedBytes -= this.#still.asideBytes;
      this.#still = undefined;
    } else {
      const at = this.#live.indexOf(snapshot.epoch);
      assert(at >= 0, 'snapshot released twice');
      this.#live.splice(at, 1);
    }
    if (this.#retired.length === 0) return;
    // A retired page is visible to a snapshot taken after its birth and before its retirement.
    const epochs = this.#still === undefined ? this.#live : [...this.#live, this.#still.epoch];
    const kept: { page: Page; retiredAt: number }[] = [];
    for (const entry of this.#retired) {
      const isSeen = epochs.some((epoch) => epoch >= entry.page.bornEpoch && epoch < entry.retiredAt);
      if (isSeen) kept.push(entry);
      else this.#release(entry.page);
    }
    this.#retired = kept;
  }

  get liveSnapshotCount(): number {
    return this.#live.length + (this.#still === undefined ? 0 : 1);
  }
}
