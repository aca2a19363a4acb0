/**
 * Message ids seen lately, as 64-bit hashes in two generations: when the newer one is half a window old or full, it
 * becomes the older and the oldest is dropped. So an id is remembered for at least half the window (or the last `count / 2` ids,
 * whichever is less) and at most the whole of it, in bounded memory: 12 bytes an id on the average. Time is the commands', so a
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
  readonly #options: DedupOptions;
  #newer: PairTable;
  #older: PairTable;
  #newerSinceMs = Number.NEGATIVE_INFINITY;

  constructor(memory: SlabMemory, options: DedupOptions, newer = new PairTable(memory), older = new PairTable(memory)) {
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

  /** Whether the id was seen inside the window; remembers nothing. */
  has(hash: number, check: number, nowMs: number): boolean {
    const half = this.#options.windowMs / 2;
    const ageMs = nowMs - this.#newerSinceMs;
    const key = mix32(hash);
    const value = check === 0 ? 1 : check >>> 0;
    return (ageMs < 2 * half && this.#newer.has(key, value)) || (ageMs < half && this.#older.has(key, value));
  }

  /**
   * True when the id was seen inside the window; else remembers it. `hash` and `check` are two hashes of the id.
   * A duplicate changes nothing: it is not in the log, so a replay does not see it.
   */
  isDuplicate(hash: number, check: number, nowMs: number): boolean {
    if (this.has(hash, check, nowMs)) return true;
    const half = this.#options.windowMs / 2;
    const ageMs = nowMs - this.#newerSinceMs;
    const key = mix32(hash);
    const value = check === 0 ? 1 : check >>> 0;
    if (ageMs >= half || this.#newer.count >= this.#options.count / 2) this.#turn(nowMs, half);
    this.#newer.insert(key, value);
    return false;
  }

  /** The newer generation becomes the older; after a whole window without a new id both are forgotten. */
  #turn(nowMs: number, half: number): void {
    const ageMs = nowMs - this.#newerSinceMs;
    const dropped = this.#older;
    // Traffic is mostly what it was: then the next generation needs no step of growth.
    if (ageMs < half && this.#newer.count >= dropped.count / 2) dropped.clearKeepingShape();
    else dropped.clear();
    if (ageMs >= 2 * half) {
      this.#newer.clear();
    } else {
      this.#older = this.#newer;
      this.#newer = dropped;
    }
    // On the grid of half windows, so that no id outlives the window however rarely ids come.
    this.#newerSinceMs = ageMs >= half && ageMs < 2 * half ? this.#newerSinceMs + half : nowMs;
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
