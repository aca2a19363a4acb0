/** Which shown groups each key of a breakdown's piece is in: what its second half is told. */
import type { BreakdownPiece } from '../../query/execution/breakdown.ts';

/** Targets of each key: its shown groups by place, then the rest where it has others. */
export interface Aim {
  /** Targets of key k: `targets[starts[k]]` … `targets[starts[k + 1] − 1]`. */
  readonly starts: Uint32Array;
  readonly targets: Uint32Array;
  readonly groupCount: number;
  /** Elements that are in the rest. */
  readonly restCount: number;
}

const KEYS_PER_STEP = 1_024;
const KEY_NS = 15;

/** `places`: of each group, −1 = not shown. Yields what its parts are estimated to have cost. */
export function* aimOf(
  { keys, counts, starts: groupStarts, groups, keyEnd }: BreakdownPiece,
  places: Int32Array,
  shownCount: number,
): Generator<number, Aim, void> {
  const starts = new Uint32Array(new SharedArrayBuffer((keyEnd + 1) * 4));
  const targets = new Uint32Array(new SharedArrayBuffer((groups.length + keys.length) * 4));
  let [at, restCount, key] = [0, 0, 0];
  for (let k = 0; k < keys.length; k++) {
    starts.fill(at, key, keys[k] + 1);
    key = keys[k] + 1;
    let isInRest = false;
    for (let s = groupStarts[k]; s < groupStarts[k + 1]; s++) {
      const place = places[groups[s]];
      if (place < 0) isInRest = true;
      else targets[at++] = place;
    }
    if (isInRest) {
      targets[at++] = shownCount;
      restCount += counts[k];
    }
    if (k % KEYS_PER_STEP === KEYS_PER_STEP - 1)
      yield KEY_NS * (groupStarts[k + 1] - groupStarts[k + 1 - KEYS_PER_STEP]);
  }
  starts.fill(at, key);
  return { starts, targets, groupCount: shownCount, restCount };
}
