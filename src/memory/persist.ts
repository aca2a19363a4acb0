/**
 * How structures made of pages go into a checkpoint and come back. `save` runs in one turn: it notes the pages and the small
 * facts around them; the bytes are written afterwards from a snapshot. `load` runs at recovery: pages are copied in
 * as they were, nothing is rebuilt.
 */
import type { Page, SlabMemory, Snapshot } from './slab-memory.ts';

/** The state around the pages: plain data that msgpack can carry. */
export type SavedState = { readonly [key: string]: unknown };

export class SaveContext {
  readonly pages: Page[] = [];
  readonly snapshot: Snapshot;

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
  }

  /** Notes a page; the number stands for it in the saved state. */
  page(page: Page): number {
    this.pages.push(page);
    return this.pages.length - 1;
  }

  /** `-1` where there is none. */
  list(pages: readonly (Page | undefined)[]): number[] {
    return pages.map((page) => (page === undefined ? -1 : this.page(page)));
  }
}

const ZEROS = Buffer.alloc(4_096);

/** Bytes up to the zeros at the end, to the next 4 KiB: the end of many a page was never written to. */
function filledLength(bytes: Uint8Array): number {
  let length = bytes.length;
  while (length >= ZEROS.length && ZEROS.equals(bytes.subarray(length - ZEROS.length, length))) length -= ZEROS.length;
  return length;
}

export class LoadContext {
  readonly memory: SlabMemory;
  readonly #pageIds: readonly number[];
  readonly #read: (pageId: number) => Uint8Array;
  readonly #snapshotEpoch: number;

  /** `pageIds[i]` = the store's id of the page noted as `i`. */
  constructor(memory: SlabMemory, pageIds: readonly number[], read: (pageId: number) => Uint8Array) {
    this.memory = memory;
    this.#pageIds = pageIds;
    this.#read = read;
    this.#snapshotEpoch = memory.epoch;
  }

  page(index: number): Page {
    const pageId = this.#pageIds[index];
    const bytes = this.#read(pageId);
    const page = this.memory.allocate(bytes.length);
    // A page comes zeroed, and what is not written to takes no memory.
    this.memory.bytes(page).set(bytes.subarray(0, filledLength(bytes)));
    page.savedId = pageId;
    page.savedEpoch = this.#snapshotEpoch;
    return page;
  }

  list(indexes: readonly number[]): (Page | undefined)[] {
    return indexes.map((index) => (index < 0 ? undefined : this.page(index)));
  }
}
