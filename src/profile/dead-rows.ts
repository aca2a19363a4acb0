/**
 * Which rows are no profile any more. A living profile has a name, a dead row has none; nothing else tells them apart, so this is found again
 * after a restart and never saved.
 */
import { RowBitmap, type RowSet } from '../bitmap/row-set.ts';
import type { ProfileTable } from './profile-table.ts';

export class DeadRows {
  readonly #profiles: ProfileTable;
  readonly #bitmap = new RowBitmap();
  /** Not in the bitmap yet: one row at a time is dear there. */
  readonly #newly: number[] = [];
  #count = 0;

  /** Costs a look at each row of the table. */
  constructor(profiles: ProfileTable) {
    this.#profiles = profiles;
    const dead: number[] = [];
    for (let row = 0; row < profiles.count; row++) if (profiles.primaries.get(row) === 0) dead.push(row);
    this.#bitmap.add(dead);
    this.#count = dead.length;
  }

  get count(): number {
    return this.#count;
  }

  has(row: number): boolean {
    return this.#count > 0 && this.#profiles.primaries.get(row) === 0;
  }

  /** The row must be a living profile; its name is gone from here on. */
  add(row: number): void {
    this.#profiles.primaries.set(row, 0);
    this.#newly.push(row);
    this.#count += 1;
  }

  /** As they are now. */
  rows(): RowSet {
    if (this.#newly.length > 0) {
      this.#bitmap.add(this.#newly);
      this.#newly.length = 0;
    }
    return this.#bitmap.rows();
  }
}
