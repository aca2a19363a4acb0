/**
 * Rows that follow each other in buckets, as sets: at some boundaries between buckets there is a bitmap of all rows below, so that any stretch of
 * buckets is the difference of two of these and a few buckets more or less. Boundaries stand where a 32nd of the rows lies between
 * one and the next (a larger bucket has one before and one behind it), so what is added or taken away is at most a 64th at either end.
 */
import { RowBitmap, RowSet } from '../../bitmap/row-set.ts';
import { BitmapChanges, type BucketMoves } from './bucket-moves.ts';

const STRETCH_SHARE = 1 / 32;
/** A row of a bucket that goes into a large set or out of it; one of several buckets that are put together; all of a bitmap, by containers. */
const ROW_NS = 1;
const UNION_ROW_NS = 7;
const CONTAINER_NS = 600;
const CONTAINER_ROWS = 65_536;
/** Of the rows, that may have moved: each goes into or out of some dozen bitmaps. */
const KEPT_UP_SHARE = 1 / 128;

export class BucketPrefixes {
  readonly #buckets: readonly RowBitmap[];
  /** Rows of each bucket, kept up by whoever owns them. */
  readonly #counts: Uint32Array;
  /** Rows in the buckets before each, and in all. */
  readonly #starts: Float64Array;
  /** A boundary stands before this bucket; ascending, the first 0, the last behind all. */
  readonly #places: readonly number[];
  /** Of the same boundary; the first has none below. */
  readonly #below: readonly RowBitmap[];

  constructor(buckets: readonly RowBitmap[], counts: Uint32Array) {
    this.#buckets = buckets;
    this.#counts = counts;
    this.#starts = new Float64Array(counts.length + 1);
    this.#recount();
    this.#places = placesOf(counts, this.#starts[counts.length] * STRETCH_SHARE);
    const below = [new RowBitmap()];
    for (let i = 1; i < this.#places.length; i++) {
      const members = this.#buckets.slice(this.#places[i - 1], this.#places[i]).map((bitmap) => bitmap.rows());
      below.push(RowBitmap.of(RowSet.union([below[i - 1].rows(), ...members])));
    }
    this.#below = below;
  }

  get sizeBytes(): number {
    return this.#below.reduce((sum, bitmap) => sum + bitmap.sizeBytes, 0);
  }

  /** Whether bringing them up to the moves costs less than making them anew. */
  isKeptUp(moves: BucketMoves): boolean {
    return moves.count <= this.#starts[this.#counts.length] * KEPT_UP_SHARE;
  }

  /** The counts have changed by the moves. */
  apply(moves: BucketMoves): void {
    this.#recount();
    const changes = new BitmapChanges(this.#below);
    moves.each((row, old, now) => {
      const until = this.#after(Math.max(old, now));
      for (let i = this.#after(Math.min(old, now)); i < until; i++) {
        if (now < old) changes.add(i, row);
        else changes.remove(i, row);
      }
    });
    changes.apply();
  }

  #recount(): void {
    const starts = this.#starts;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      starts[bucket + 1] = starts[bucket] + this.#counts[bucket];
    }
  }

  /** Rows of the buckets `[from, until)` and of the lists. */
  between(from: number, until: number, lists: readonly Uint32Array[]): RowSet {
    const ends = this.#cheapestEnds(from, until);
    if (ends === undefined) {
      return RowSet.assembled({
        of: undefined,
        without: undefined,
        added: this.#rows(from, until),
        removed: [],
        lists,
      });
    }
    const lowerAt = this.#places[ends.lower];
    const upperAt = this.#places[ends.upper];
    return RowSet.assembled({
      of: this.#below[ends.upper].rows(),
      without: ends.lower === 0 ? undefined : this.#below[ends.lower].rows(),
      added: [...this.#rows(from, lowerAt), ...this.#rows(upperAt, until)],
      removed: [...this.#rows(lowerAt, from), ...this.#rows(until, upperAt)],
      lists,
    });
  }

  /** The two boundaries to begin with, each the one before its place or the one behind; undefined = put the buckets together. */
  #cheapestEnds(from: number, until: number): { readonly lower: number; readonly upper: number } | undefined {
    const starts = this.#starts;
    const count = starts[until] - starts[from];
    const containers = starts[this.#counts.length] / CONTAINER_ROWS;
    let leastNs = until - from <= 1 ? 0 : count * UNION_ROW_NS;
    let best: { readonly lower: number; readonly upper: number } | undefined;
    for (const lower of this.#around(from)) {
      for (const upper of this.#around(until)) {
        if (lower >= upper) continue;
        const lowerOff = Math.abs(starts[from] - starts[this.#places[lower]]);
        const upperOff = Math.abs(starts[until] - starts[this.#places[upper]]);
        const costNs = containers * CONTAINER_NS + (lowerOff + upperOff) * ROW_NS;
        if (costNs >= leastNs) continue;
        leastNs = costNs;
        best = { lower, upper };
      }
    }
    return best;
  }

  #rows(from: number, until: number): RowSet[] {
    const sets: RowSet[] = [];
    for (let bucket = from; bucket < until; bucket++) {
      if (this.#counts[bucket] > 0) sets.push(this.#buckets[bucket].rows());
    }
    return sets;
  }

  /** The boundaries before and behind the place before `bucket`; one where it is at the place. */
  #around(bucket: number): readonly number[] {
    const above = this.#places.findIndex((place) => place >= bucket);
    return this.#places[above] === bucket ? [above] : [above - 1, above];
  }

  /** The first boundary that has the bucket below it. */
  #after(bucket: number): number {
    const at = this.#places.findIndex((place) => place > bucket);
    return at < 0 ? this.#places.length : at;
  }
}

function placesOf(counts: Uint32Array, stretchCount: number): number[] {
  const places = [0];
  let since = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    const isLarge = counts[bucket] > stretchCount;
    if (since > 0 && (isLarge || since + counts[bucket] > stretchCount)) {
      places.push(bucket);
      since = 0;
    }
    since += counts[bucket];
    if (isLarge) {
      places.push(bucket + 1);
      since = 0;
    }
  }
  if (places.at(-1) !== counts.length) places.push(counts.length);
  return places;
}
