/**
 * Message ids seen lately, as 64-bit hashes in two generations: when the newer one is half a window old or full, it
 * becomes the older and the oldest is dropped. So an id is remembered for at least half the window (or the last `count / 2` ids,
 * whichever is less) and at most the whole of it, in bounded memory: about 15 bytes an id. Time is the commands', so a
 * replay decides the same. Two different ids share a 64-bit hash once in 10¹² for ten million ids.
 */
import { mix32 } from '../base/hash.ts';
import { PairTable } from '../memory/pair-table.ts';
import type { LoadContext, SaveContext, SavedState } from '../memory/persist.ts';
import type { SlabMemory } from '../memory/slab-memory.ts';

export interface DedupOptions {
  readonly windowMs: number;
  /** Most ids remembered. */
  readonly count: number;
}

export class DedupWindow {
  readonly #memory: SlabMemory;
  readonly #options: DedupOptions;
  #newer: PairTable;
  #older: PairTable;
  #newerSinceMs = Number.NEGATIVE_INFINITY;

  constructor(memory: SlabMemory, options: DedupOptions, newer = new PairTable(memory), older = new PairTable(memory)) {
    this.#memory = memory;
    this.#options = options;
    this.#newer = newer;
    this.#older = older;
  }

  get usedBytes(): number {
    return this.#newer.usedBytes + this.#older.usedBytes;
  }

  get count(): number {
    return this.#newer.count + this.#older.count;
  }

  /** True when the id was seen inside the window; else remembers it. `hash` and `check` are two hashes of the id. */
  isDuplicate(hash: number, check: number, nowMs: number): boolean {
    const half = this.#options.windowMs / 2;
    if (nowMs - this.#newerSinceMs >= half || this.#newer.count >= this.#options.count / 2) this.#turn(nowMs, half);
    const key = mix32(hash);
    const value = check === 0 ? 1 : check >>> 0;
    if (contains(this.#newer, key, value) || contains(this.#older, key, value)) return true;
    this.#newer.insert(key, value);
    return false;
  }

  #turn(nowMs: number, half: number): void {
    const isStale = nowMs - this.#newerSinceMs >= 2 * half;
    const dropped = this.#older;
    this.#older = isStale ? new PairTable(this.#memory) : this.#newer;
    if (isStale) this.#newer.clear();
    dropped.clear();
    if (!isStale) this.#newer = dropped;
    this.#newerSinceMs = nowMs;
  }

  save(context: SaveContext): SavedState {
    return { newer: this.#newer.save(context), older: this.#older.save(context), newerSinceMs: this.#newerSinceMs };
  }

  static load(context: LoadContext, state: SavedState, options: DedupOptions): DedupWindow {
    const window = new DedupWindow(
      context.memory,
      options,
      PairTable.load(context, state['newer'] as SavedState),
      PairTable.load(context, state['older'] as SavedState),
    );
    window.#newerSinceMs = state['newerSinceMs'] as number;
    return window;
  }
}

function contains(table: PairTable, key: number, value: number): boolean {
  let found = table.first(key);
  while (found !== 0) {
    if (found === value) return true;
    found = table.next(key);
  }
  return false;
}
