/** Rows that have changed their buckets since the last question, each once, and the bitmaps brought up to them. */
import type { RowBitmap } from '../../bitmap/row-set.ts';

export class BucketMoves {
  /** Row, the bucket it was in and the one it is in; a number above all buckets = none. */
  readonly #moves: number[] = [];

  add(row: number, old: number, now: number): void {
    this.#moves.push(row, old, now);
  }

  get count(): number {
    return this.#moves.length / 3;
  }

  each(visit: (row: number, old: number, now: number) => void): void {
    for (let at = 0; at < this.#moves.length; at += 3) visit(this.#moves[at], this.#moves[at + 1], this.#moves[at + 2]);
  }

  apply(buckets: readonly RowBitmap[]): void {
    const changes = new BitmapChanges(buckets);
    this.each((row, old, now) => {
      if (old < buckets.length) changes.remove(old, row);
      if (now < buckets.length) changes.add(now, row);
    });
    changes.apply();
  }
}

/** Rows that leave and enter bitmaps, those of each bitmap together. */
export class BitmapChanges {
  readonly #bitmaps: readonly RowBitmap[];
  readonly #added: (number[] | undefined)[] = [];
  readonly #removed: (number[] | undefined)[] = [];

  constructor(bitmaps: readonly RowBitmap[]) {
    this.#bitmaps = bitmaps;
  }

  add(bitmap: number, row: number): void {
    const rows = this.#added[bitmap];
    if (rows === undefined) this.#added[bitmap] = [row];
    else rows.push(row);
  }

  remove(bitmap: number, row: number): void {
    const rows = this.#removed[bitmap];
    if (rows === undefined) this.#removed[bitmap] = [row];
    else rows.push(row);
  }

  apply(): void {
    for (const [index, bitmap] of this.#bitmaps.entries()) {
      const removed = this.#removed[index];
      const added = this.#added[index];
      if (removed !== undefined) bitmap.remove(removed);
      if (added !== undefined) bitmap.add(added);
    }
  }
}
