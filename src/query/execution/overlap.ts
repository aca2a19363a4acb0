/** Sizes of several conditions and of their pairs, on one shard at one instant, within the selected rows. */
import { assert } from '../../base/assert.ts';
import type { RowSet } from '../../bitmap/row-set.ts';
import type { Expression } from '../../model/expression.ts';
import { assertSupported } from '../binder/supported.ts';
import type { Instant } from './instant.ts';

/** `both`: of pairs (0, 1), (0, 2) … (1, 2) … */
export interface OverlapPart {
  readonly counts: readonly number[];
  readonly both: readonly number[];
}

/** Of one pair over one container of 65,536 rows, roughly. */
const CONTAINER_NS = 1_000;
const CONTAINER_ROWS = 65_536;

export function captureOverlap(
  instant: Instant,
  expressions: readonly Expression[],
): (rows: RowSet) => Promise<OverlapPart> {
  const { captureSelection, rowCount, moment } = instant;
  assert(captureSelection !== undefined, 'overlap asks for more conditions than the question has');
  const evaluations = expressions.map((expression) => {
    assertSupported(expression, moment.atMs);
    return captureSelection(expression);
  });
  const pairNs = CONTAINER_NS * Math.ceil(rowCount / CONTAINER_ROWS);
  return async (rows) => {
    const isEveryone = rows.cardinality === rowCount;
    const sets: RowSet[] = [];
    for (const evaluate of evaluations) {
      const found = await evaluate();
      sets.push(isEveryone ? found : found.and(rows));
    }
    const both: number[] = [];
    for (let a = 0; a < sets.length; a++) {
      for (let b = a + 1; b < sets.length; b++) {
        await instant.spend(pairNs);
        both.push(sets[a].intersectionCount(sets[b]));
      }
    }
    return { counts: sets.map(({ cardinality }) => cardinality), both };
  };
}
