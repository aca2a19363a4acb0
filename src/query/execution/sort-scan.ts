/** Numbers put in ascending order where they lie, on whichever thread runs it. A number is an element; one chunk holds them all. */
import { sortSteps } from './number-sort.ts';

export interface SortScan {
  readonly kind: 'sort';
  /** In shared memory. */
  readonly values: Float64Array;
  readonly costNs: number;
  readonly chunks: Int32Array;
  readonly control: Int32Array;
}

export function* sortScanSteps({ values }: SortScan): Generator<number, undefined, void> {
  yield* sortSteps(values);
  return undefined;
}
