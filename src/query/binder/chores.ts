/**
 * Work that binding and planning need and that is too long for one turn: testing the texts of a large dictionary, building the bitmaps
 * of a column. While a question is bound on trial, such work is noted instead of done; it is then done in slices with turns
 * between, and the question is bound again. What the trial gave is thrown away, so it may be wrong.
 */

export interface Chore {
  /** Works for about `costNs`; true when nothing is left. What is done stays done, also for other questions. */
  work(costNs: number): boolean;
}

export class Chores {
  #leftNs = Number.POSITIVE_INFINITY;
  #noted: Chore[] = [];

  /** From here on work beyond `limitNs` is noted. */
  begin(limitNs: number): void {
    this.#leftNs = limitNs;
    this.#noted = [];
  }

  /** From here on all work is done at once again. What was noted: none = the binding is good. */
  end(): readonly Chore[] {
    this.#leftNs = Number.POSITIVE_INFINITY;
    return this.#noted;
  }

  /** True: the chore is noted and its work to be left for now. */
  defers(costNs: number, chore: Chore): boolean {
    if (costNs <= this.#leftNs) {
      this.#leftNs -= costNs;
      return false;
    }
    this.#noted.push(chore);
    return true;
  }
}
