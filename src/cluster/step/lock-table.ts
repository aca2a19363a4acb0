/**
 * Which identifiers and profiles of this shard a step has in hand. A step takes all it asks for here or nothing, and gives way where it is
 * refused: it lets go of everything everywhere and begins again, so no two steps wait for each other.
 *
 * Invariant: what is locked has one holder; a holder's locks go all at once.
 */
export interface Frozen {
  /** `type:value`. */
  hasText(text: string): boolean;
  hasRow(row: number): boolean;
}

export class LockTable {
  readonly #byText = new Map<string, string>();
  readonly #byRow = new Map<number, string>();
  readonly #held = new Map<string, { readonly texts: string[]; readonly rows: number[] }>();
  /** Of slots that are being given away: nobody takes anything of them. */
  #frozen: Frozen | undefined;
  #released: Promise<void> | undefined;
  #release: () => void = () => undefined;

  /** Nothing is held or frozen. */
  get isEmpty(): boolean {
    return this.#held.size === 0 && this.#frozen === undefined;
  }

  /** From now on nobody takes identifiers and profiles of these slots; who holds some keeps them. */
  freeze(frozen: Frozen): void {
    this.#frozen = frozen;
  }

  thaw(): void {
    this.#frozen = undefined;
    this.#release();
  }

  /** Whether somebody still holds something that is frozen. */
  get isFrozenHeld(): boolean {
    const frozen = this.#frozen;
    if (frozen === undefined) return false;
    for (const text of this.#byText.keys()) if (frozen.hasText(text)) return true;
    for (const row of this.#byRow.keys()) if (frozen.hasRow(row)) return true;
    return false;
  }

  get holderCount(): number {
    return this.#held.size;
  }

  holders(): string[] {
    return [...this.#held.keys()];
  }

  /** Whether somebody other than the holder has the identifier (`type:value`). */
  isTextHeld(text: string, holder: string | undefined): boolean {
    const other = this.#byText.get(text);
    if (other !== undefined) return other !== holder;
    return this.#frozen?.hasText(text) === true;
  }

  isRowHeld(row: number, holder: string | undefined): boolean {
    const other = this.#byRow.get(row);
    if (other !== undefined) return other !== holder;
    return this.#frozen?.hasRow(row) === true;
  }

  /** All or nothing; what the holder has already it keeps. */
  take(holder: string, texts: readonly string[], rows: readonly number[]): boolean {
    if (texts.some((text) => this.isTextHeld(text, holder))) return false;
    if (rows.some((row) => this.isRowHeld(row, holder))) return false;
    let held = this.#held.get(holder);
    if (held === undefined) {
      held = { texts: [], rows: [] };
      this.#held.set(holder, held);
    }
    for (const text of texts) {
      if (this.#byText.has(text)) continue;
      this.#byText.set(text, holder);
      held.texts.push(text);
    }
    for (const row of rows) {
      if (this.#byRow.has(row)) continue;
      this.#byRow.set(row, holder);
      held.rows.push(row);
    }
    return true;
  }

  release(holder: string): void {
    const held = this.#held.get(holder);
    if (held === undefined) return;
    this.#held.delete(holder);
    for (const text of held.texts) this.#byText.delete(text);
    for (const row of held.rows) this.#byRow.delete(row);
    this.#release();
  }

  /** Resolves when something has been let go. */
  whenReleased(): Promise<void> {
    this.#released ??= new Promise((resolve) => {
      this.#release = () => {
        this.#released = undefined;
        this.#release = () => undefined;
        resolve();
      };
    });
    return this.#released;
  }
}
