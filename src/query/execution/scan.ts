/** A scan of any kind, run here or by a worker: the same code on both sides. */
import type { AccumulatorState } from './accumulator.ts';
import type { Share } from './chunk-claim.ts';
import { runMeasure } from './measure-run.ts';
import type { MeasureScan } from './measure-scan.ts';
import { type RowScan, runRowScan } from './row-scan.ts';

/** Each kind of scan with what one worker's part of it gives back; plain data over shared memory. */
interface ScanKinds {
  /** The result is in the scan's words. */
  readonly rows: { readonly scan: RowScan; readonly outcome: undefined };
  readonly measure: { readonly scan: MeasureScan; readonly outcome: AccumulatorState };
}
export type Scan = ScanKinds[keyof ScanKinds]['scan'];
export type ScanOutcome<S extends Scan> = ScanKinds[S['kind']]['outcome'];

/** One worker's part: the description, the memory it speaks of, and which share of fixed work is its own. */
export interface ScanTask {
  readonly scan: Scan;
  readonly slabs: readonly SharedArrayBuffer[];
  readonly share: Share;
}

export function runScan({ scan, slabs, share }: ScanTask): ScanOutcome<Scan> {
  switch (scan.kind) {
    case 'rows':
      runRowScan(scan, slabs, share);
      return undefined;
    default:
      return runMeasure(scan, slabs, share).state(scan.isTotal);
  }
}
