/** What the second half of a breakdown works on: pairs of key and row that the first scan kept, and which keys are which group. */
import type { TallyFunction } from './tally-figure.ts';
import type { ListedValues } from './value-list.ts';

export interface TallyScan {
  readonly kind: 'tally';
  readonly pairs: readonly { readonly keys: Uint32Array; readonly rows: Uint32Array }[];
  /** Targets of key k: `targets[starts[k]]` … `targets[starts[k + 1] − 1]`. */
  readonly starts: Uint32Array;
  readonly targets: Uint32Array;
  /** Targets below are groups, which have a figure; the next is the rest. */
  readonly groupCount: number;
  readonly rowCount: number;
  readonly fn: TallyFunction | undefined;
  /** By key; or by row, where the figure is over a group's distinct profiles. */
  readonly values: readonly ListedValues[];
  readonly isByRow: boolean;
  readonly costNs: number;
  readonly chunks: Int32Array;
  readonly control: Int32Array;
}
