/** What an evaluation yields to whoever drives it, and goes on with. */
import type { RowSet } from '../../bitmap/row-set.ts';
import type { AccumulatorState } from './accumulator.ts';
import type { Pause } from './pace.ts';
import type { Scan } from './scan.ts';

/** A measuring scan goes on with the merged state; other scans leave their result in their own words, and it goes on with undefined. */
export type Evaluation = Generator<Scan | Pause, RowSet, AccumulatorState | undefined>;
