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
  /** Rows read, without the header and blank lines. */
  readonly rows: number;
  readonly skipped: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly refusedByCode: Readonly<Record<string, number>>;
  readonly firstRefusals: readonly Refusal[];
}

const FIRST_REFUSAL_COUNT = 20;

export class Tally {
  #rows: number;
  #skipped: number;
  #accepted: number;
  #duplicates: number;
  readonly #refusedByCode: Map<string, number>;
  readonly #firstRefusals: Refusal[];
  #pending: Refusal[] = [];
  readonly #pendingRows: number[] = [];
  readonly #pendingSkips: number[] = [];

  constructor(state?: TallyState | undefined) {
    this.#rows = state?.rows ?? 0;
    this.#skipped = state?.skipped ?? 0;
    this.#accepted = state?.accepted ?? 0;
    this.#duplicates = state?.duplicates ?? 0;
    this.#refusedByCode = new Map(Object.entries(state?.refusedByCode ?? {}));
    this.#firstRefusals = [...(state?.firstRefusals ?? [])];
  }

  read(row: number): void {
    this.#pendingRows.push(row);
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
    this.#rows += takeUpTo(this.#pendingRows, ackedRow);
    this.#skipped += takeUpTo(this.#pendingSkips, ackedRow);
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
      rows: this.#rows,
      skipped: this.#skipped,
      accepted: this.#accepted,
      duplicates: this.#duplicates,
      refusedByCode: Object.fromEntries(this.#refusedByCode),
      firstRefusals: this.#firstRefusals,
    };
  }
}

/** Removes the numbers up to `row` from an ascending list, and tells how many they were. */
function takeUpTo(rows: number[], row: number): number {
  const above = rows.findIndex((candidate) => candidate > row);
  return rows.splice(0, above === -1 ? rows.length : above).length;
}
