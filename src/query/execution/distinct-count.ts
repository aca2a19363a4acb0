/** How many distinct values several lists hold together, each list of distinct values: what workers and shards found. */
import type { GroupValue } from '../../model/analysis.ts';

export interface DistinctList {
  readonly count: number;
  readonly at: (index: number) => GroupValue;
}

/** A value on its way into a set; it may be a text that has to be made. */
const VALUE_NS = 400;
const VALUES_PER_STEP = 256;

/** Yields what its parts are estimated to have cost. */
export function* distinctCount(lists: readonly DistinctList[]): Generator<number, number, void> {
  const found = lists.filter(({ count }) => count > 0);
  if (found.length <= 1) return found.length === 0 ? 0 : found[0].count;
  const values = new Set<GroupValue>();
  for (const { count, at } of found) {
    for (let i = 0; i < count; i++) {
      values.add(at(i));
      if (i % VALUES_PER_STEP === VALUES_PER_STEP - 1) yield VALUE_NS * VALUES_PER_STEP;
    }
  }
  return values.size;
}
