/**
 * Links back, append-only: for each index an earlier index, or `NO_LINK`. Kept as the distance in three bytes; a link over
 * 16 million elements and more lies in a hash table beside, and few do. One cache line a look-up.
 */
import { mix32 } from '../base/hash.ts';
import { PairTable } from './pair-table.ts';
import type { LoadContext, SaveContext, SavedState } from './persist.ts';
import type { Page, SlabMemory } from './slab-memory.ts';

export const NO_LINK = 0xffff_ffff;

const LINK_SIZE_BYTES = 3;
const PAGE_SIZE_BYTES = 1 << 18;
/** Links of one page; the last byte of the page is left over. */
export const LINKS_PER_PAGE = Math.floor(PAGE_SIZE_BYTES / LINK_SIZE_BYTES);
const FIRST_PAGE_SIZE_BYTES = 64;
/** Stands for a distance that is in the table. No distance is 0, so 0 means no link. */
const FAR = 0xff_ffff;

export class LinkColumn {
  readonly memory: SlabMemory;
  length = 0;
  #far: PairTable;
  readonly #pages: Page[] = [];
  readonly #views: Uint8Array[] = [];
  /** Where the next link goes. */
  #tail: Uint8Array = new Uint8Array(0);
  #tailAt = 0;

  constructor(memory: SlabMemory) {
    this.memory = memory;
    this.#far = new PairTable(memory);
  }

  get usedBytes(): number {
    let bytes = this.#far.usedBytes;
    for (const page of this.#pages) bytes += page.sizeBytes;
    return bytes;
  }

  get(index: number): number {
    const at = (index / LINKS_PER_PAGE) >>> 0;
    const view = this.#views[at];
    const local = (index - at * LINKS_PER_PAGE) * LINK_SIZE_BYTES;
    const distance = view[local] | (view[local + 1] << 8) | (view[local + 2] << 16);
    if (distance === 0) return NO_LINK;
    return distance === FAR ? this.#far.first(mix32(index)) - 1 : index - distance;
  }

  push(target: number): void {
    const index = this.length;
    if (this.#tailAt + LINK_SIZE_BYTES > this.#tail.length) this.#makeRoom();
    const page = this.#pages[this.#pages.length - 1];
    if (page.stamp !== this.memory.epoch) page.stamp = this.memory.epoch;
    let distance = target === NO_LINK ? 0 : index - target;
    if (distance >= FAR) {
      // mix32 is a bijection: one pair a key.
      this.#far.insert(mix32(index), target + 1);
      distance = FAR;
    }
    const view = this.#tail;
    const at = this.#tailAt;
    view[at] = distance;
    view[at + 1] = distance >>> 8;
    view[at + 2] = distance >>> 16;
    this.#tailAt = at + LINK_SIZE_BYTES;
    this.length = index + 1;
  }

  /** Doubles the first page until it is a whole one; opens another when it is. */
  #makeRoom(): void {
    const last = this.#pages.length - 1;
    const isGrowing = last === 0 && this.#tail.length < PAGE_SIZE_BYTES;
    const size = last < 0 ? FIRST_PAGE_SIZE_BYTES : isGrowing ? 2 * this.#tail.length : PAGE_SIZE_BYTES;
    const page = this.memory.allocate(size);
    const view = this.memory.bytes(page);
    if (isGrowing) {
      view.set(this.#tail);
      this.memory.free(this.#pages[0]);
      this.#pages[0] = page;
      this.#views[0] = view;
    } else {
      this.#pages.push(page);
      this.#views.push(view);
      this.#tailAt = 0;
    }
    this.#tail = view;
  }

  save(context: SaveContext): SavedState {
    return { length: this.length, far: this.#far.save(context), pages: context.list(this.#pages) };
  }

  load(context: LoadContext, state: SavedState): void {
    this.length = state['length'] as number;
    this.#far.free();
    this.#far = PairTable.load(context, state['far'] as SavedState);
    for (const page of context.list(state['pages'] as number[])) {
      this.#pages.push(page!);
      this.#views.push(this.memory.bytes(page!));
    }
    const last = this.#views.length - 1;
    if (last < 0) return;
    this.#tail = this.#views[last];
    this.#tailAt = (this.length - last * LINKS_PER_PAGE) * LINK_SIZE_BYTES;
  }
}
