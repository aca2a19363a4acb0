/**
 * The counts of an import and its refusals. A refusal counts only once its row is acknowledged: a run that continues
 * reads the rows after that again, and would count them twice.
 */
export interface Refusal {
  readonly row: number;
  readonly code: string;
  readonly message: string;
  /** The item as JSON, when the row became one. */
  readonly item?: string | undefined;
}

export interface TallyState {
  readonly skipped: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly refusedByCode: Readonly<Record<string, number>>;
  readonly firstRefusals: readonly Refusal[];
}

const FIRST_REFUSAL_COUNT = 20;

export class Tally {
  #skipped: number;
  #accepted: number;
  #duplicates: number;
  readonly #refusedByCode: Map<string, number>;
  readonly #firstRefusals: Refusal[];
  #pending: Refusal[] = [];
  #pendingSkips: number[] = [];

  constructor(state?: TallyState | undefined) {
    this.#skipped = state?.skipped ?? 0;
    this.#accepted = state?.accepted ?? 0;
    this.#duplicates = state?.duplicates ?? 0;
    this.#refusedByCode = new Map(Object.entries(state?.refusedByCode ?? {}));
    this.#firstRefusals = [...(state?.firstRefusals ?? [])];
  }

  accept(accepted: number, duplicates: number): void {
    this.#accepted += accepted - duplicates;
    this.#duplicates += duplicates;
  }

  refuse(refusal: Refusal): void {
    this.#pending.push(refusal);
  }

  skip(row: number): void {
    this.#pendingSkips.push(row);
  }

  /** Counts what happened up to `ackedRow`, and gives the refusals among it in row order. */
  settle(ackedRow: number): readonly Refusal[] {
    const skipCount = this.#pendingSkips.length;
    this.#pendingSkips = this.#pendingSkips.filter((row) => row > ackedRow);
    this.#skipped += skipCount - this.#pendingSkips.length;
    const settled = this.#pending.filter((refusal) => refusal.row <= ackedRow).sort((a, b) => a.row - b.row);
    this.#pending = this.#pending.filter((refusal) => refusal.row > ackedRow);
    for (const refusal of settled) {
      this.#refusedByCode.set(refusal.code, (this.#refusedByCode.get(refusal.code) ?? 0) + 1);
      if (this.#firstRefusals.length < FIRST_REFUSAL_COUNT) {
        this.#firstRefusals.push({ row: refusal.row, code: refusal.code, message: refusal.message });
      }
    }
    return settled;
  }

  get state(): TallyState {
    return {
      skipped: this.#skipped,
      accepted: this.#accepted,
      duplicates: this.#duplicates,
      refusedByCode: Object.fromEntries(this.#refusedByCode),
      firstRefusals: this.#firstRefusals,
    };
  }
}
