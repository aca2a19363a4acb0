/**
 * Traits as of past moments (`profile/history/past-traits.ts`), kept for the next question about the same moment: the longest unused are
 * dropped first. Made in slices (`Chores`), and brought up to date before each use. Whoever reads one holds it, since its memory is given
 * back when it is dropped.
 */
import { type PastChoice, type PastSource, PastTraits } from '../../profile/history/past-traits.ts';
import { Chores } from '../binder/chores.ts';

const COUNT_MAX = 8;
/** Work between two turns. */
const SLICE_NS = 500_000;

export class PastStore {
  readonly #source: PastSource;
  readonly #sizeBytesMax: number;
  readonly #chores: Chores;
  /** In the order of last use. */
  readonly #kept = new Map<string, PastTraits>();
  readonly #holds = new Map<PastTraits, number>();

  constructor(source: PastSource, sizeBytesMax: number, chores = new Chores()) {
    this.#source = source;
    this.#sizeBytesMax = sizeBytesMax;
    this.#chores = chores;
  }

  /** Held from now on. On a trial it may still be in the making. Undefined: nothing came later, so that all is as it is now. */
  hold(choice: PastChoice): PastTraits | undefined {
    if (this.#isNow(choice)) return undefined;
    const key = JSON.stringify([choice.atMs, choice.hasSeen, choice.names]);
    let past = this.#kept.get(key);
    this.#kept.delete(key);
    if (past?.isVoid === true) {
      this.#free(past);
      past = undefined;
    }
    past ??= new PastTraits(this.#source, choice);
    this.#kept.set(key, past);
    this.#holds.set(past, (this.#holds.get(past) ?? 0) + 1);
    this.#bringUpToDate(past);
    this.#trim();
    return past;
  }

  #isNow({ atMs, hasSeen }: PastChoice): boolean {
    const { history, tables } = this.#source;
    return [history, ...(hasSeen ? tables : [])].every(({ times }) => times.maxs.every((max) => max <= atMs));
  }

  release(past: PastTraits): void {
    const count = (this.#holds.get(past) ?? 0) - 1;
    if (count > 0) {
      this.#holds.set(past, count);
      return;
    }
    this.#holds.delete(past);
    if (![...this.#kept.values()].includes(past)) past.free();
    else this.#trim();
  }

  /** As `hold`, with turns between slices of the work. */
  async holdInSlices(choice: PastChoice, pause: () => Promise<void>): Promise<PastTraits | undefined> {
    this.#chores.begin(0);
    const past = this.hold(choice);
    this.#chores.end();
    try {
      while (past !== undefined && !past.work(SLICE_NS)) await pause();
    } catch (error) {
      this.release(past!);
      throw error;
    }
    return past;
  }

  #bringUpToDate(past: PastTraits): void {
    const { costNs } = past;
    if (costNs === 0) return;
    // Whoever waits for it holds it.
    const work = (sliceNs: number): boolean => !this.#holds.has(past) || past.isVoid || past.work(sliceNs);
    if (!this.#chores.defers(costNs, { work })) past.work(Number.POSITIVE_INFINITY);
  }

  #trim(): void {
    let size = 0;
    for (const past of this.#kept.values()) size += past.sizeBytes;
    for (const [key, past] of this.#kept) {
      if (size <= this.#sizeBytesMax && this.#kept.size <= COUNT_MAX) return;
      if (this.#holds.has(past)) continue;
      size -= past.sizeBytes;
      this.#kept.delete(key);
      past.free();
    }
  }

  /** At once, or when the last who holds it lets go. */
  #free(past: PastTraits): void {
    if (!this.#holds.has(past)) past.free();
  }

  clear(): void {
    for (const past of this.#kept.values()) this.#free(past);
    this.#kept.clear();
  }
}
