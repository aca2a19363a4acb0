/** A scan of either kind, run here or by a worker: the same code on both sides. */
import type { AccumulatorState } from './accumulator.ts';
import type { Share } from './chunk-claim.ts';
import { runMeasure } from './measure-run.ts';
import type { MeasureScan } from './measure-scan.ts';
import { type RowScan, runRowScan } from './row-scan.ts';

export type Scan = RowScan | MeasureScan;

/** One worker's part: the description, the memory it speaks of, and which share of fixed work is its own. */
export interface ScanTask {
  readonly scan: Scan;
  readonly slabs: readonly SharedArrayBuffer[];
  readonly share: Share;
}

/** The state of a measuring scan; undefined for a row scan, whose result is in its words. */
export function runScan({ scan, slabs, share }: ScanTask): AccumulatorState | undefined {
  if (scan.kind === 'measure') return runMeasure(scan, slabs, share).state(scan.isTotal);
  runRowScan(scan, slabs, share);
  return undefined;
}
