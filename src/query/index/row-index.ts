/** What the indexes over a column of profiles have in common. All are derived, built in slices when asked, and kept up by a change log. */
import type { RowSet } from '../../bitmap/row-set.ts';

export interface RowIndex<Selection> {
  /** What is left of the building; 0 = it may be asked. */
  readonly restNs: number;
  /** Whether it can be brought up to date; if not, it has to be built anew. */
  readonly isUsable: boolean;
  readonly sizeBytes: number;
  /** Builds for about `costNs`; true when it is done. */
  build(costNs: number): boolean;
  /** The rows that fit now; undefined where a scan is the better way. */
  rows(selection: Selection): RowSet | undefined;
  /** Stops listening. */
  close(): void;
}
