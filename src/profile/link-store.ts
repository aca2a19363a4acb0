/**
 * Links of the identity graph that are not some identifier's parent: two identifiers that came in one call when both were known already.
 * Few profiles have any. Codes are those of `IdentifierStore`; both sides belong to one profile, and stay together in merges.
 *
 * 12 bytes a link, and three hash slots: one to find the link by its ends, one at each end to walk them.
 */
import { mix32 } from '../base/hash.ts';
import { U32Column } from '../memory/fixed-column.ts';
import { PairTable } from '../memory/pair-table.ts';
import type { LoadContext, SaveContext, SavedState } from '../memory/persist.ts';
import type { SlabMemory } from '../memory/slab-memory.ts';

const STRIDE = 3;
const LINKED_AT = 2;

export interface Link {
  readonly a: number;
  readonly b: number;
  /** To the second. */
  readonly linkedAtMs: number;
}

export class LinkStore {
  readonly #links: U32Column;
  readonly #byPair: PairTable;
  readonly #byEnd: PairTable;

  constructor(memory: SlabMemory, context?: LoadContext, state?: SavedState) {
    this.#links = new U32Column(memory);
    if (context !== undefined && state !== undefined) {
      this.#links.load(context, state['links'] as SavedState);
      this.#byPair = PairTable.load(context, state['byPair'] as SavedState);
      this.#byEnd = PairTable.load(context, state['byEnd'] as SavedState);
    } else {
      this.#byPair = new PairTable(memory);
      this.#byEnd = new PairTable(memory);
    }
  }

  get usedBytes(): number {
    return this.#links.usedBytes + this.#byPair.usedBytes + this.#byEnd.usedBytes;
  }

  has(a: number, b: number): boolean {
    return this.#indexOf(a, b) >= 0;
  }

  add(a: number, b: number, linkedAtMs: number): void {
    const index = this.#links.length / STRIDE;
    this.#links.push(a);
    this.#links.push(b);
    this.#links.push(Math.max(0, Math.floor(linkedAtMs / 1_000)) >>> 0);
    this.#byPair.insert(pairKey(a, b), index + 1);
    this.#byEnd.insert(mix32(a), index + 1);
    this.#byEnd.insert(mix32(b), index + 1);
  }

  /** Both ends become 0, which is no identifier. */
  remove(a: number, b: number): void {
    for (let index = this.#indexOf(a, b); index >= 0; index = this.#indexOf(a, b)) {
      this.#links.set(index * STRIDE, 0);
      this.#links.set(index * STRIDE + 1, 0);
    }
  }

  /** Links with the identifier at one end. */
  of(code: number): Link[] {
    const found: Link[] = [];
    const key = mix32(code);
    for (let value = this.#byEnd.first(key); value !== 0; value = this.#byEnd.next(key)) {
      const at = (value - 1) * STRIDE;
      const a = this.#links.get(at);
      if (a === 0) continue;
      found.push({ a, b: this.#links.get(at + 1), linkedAtMs: this.#links.get(at + LINKED_AT) * 1_000 });
    }
    return found;
  }

  #indexOf(a: number, b: number): number {
    const key = pairKey(a, b);
    for (let value = this.#byPair.first(key); value !== 0; value = this.#byPair.next(key)) {
      const at = (value - 1) * STRIDE;
      const first = this.#links.get(at);
      const second = this.#links.get(at + 1);
      if ((first === a && second === b) || (first === b && second === a)) return value - 1;
    }
    return -1;
  }

  save(context: SaveContext): SavedState {
    return {
      links: this.#links.save(context),
      byPair: this.#byPair.save(context),
      byEnd: this.#byEnd.save(context),
    };
  }
}

function pairKey(a: number, b: number): number {
  const low = Math.min(a, b);
  const high = Math.max(a, b);
  return mix32(low ^ Math.imul(high, 0x9e3779b1));
}
