/** A scan of any kind, run here or by a worker: the same code on both sides. */

import type { AccumulatorState } from './accumulator.ts';
import type { Share } from './chunk-claim.ts';
import { type CountScan, countSteps } from './count-scan.ts';
import { type FunnelOutcome, type FunnelScan, funnelSteps } from './funnel-scan.ts';
import { type GatherScan, gatherSteps } from './gather-scan.ts';
import { type GroupOutcome, type GroupScan, groupSteps } from './group-scan.ts';
import { measureSteps } from './measure-run.ts';
import type { MeasureScan } from './measure-scan.ts';
import { type RetentionOutcome, type RetentionScan, retentionSteps } from './retention-scan.ts';
import { type RowScan, rowScanSteps } from './row-scan.ts';
import { type RunCountScan, runCountSteps } from './run-count.ts';
import { type PartitionScan, partitionSteps } from './run-partition.ts';
import { type RunScan, runSteps } from './run-sort.ts';
import { type SequenceScan, sequenceSteps } from './sequence-scan.ts';
import { type SortScan, sortScanSteps } from './sort-scan.ts';
import type { SortedNumbers } from './sorted-numbers.ts';
import type { TallyScan } from './tally-input.ts';
import { type TallyOutcome, tallySteps } from './tally-scan.ts';
import { type ValueScan, valueSteps } from './value-scan.ts';

/** Each kind of scan with what one worker's part of it gives back; plain data over shared memory. */
interface ScanKinds {
  /** The result is in the scan's words. */
  readonly rows: { readonly scan: RowScan; readonly outcome: undefined };
  /** These three leave their result in shared memory. */
  readonly partition: { readonly scan: PartitionScan; readonly outcome: undefined };
  readonly runs: { readonly scan: RunScan; readonly outcome: undefined };
  readonly funnel: { readonly scan: FunnelScan; readonly outcome: FunnelOutcome };
  readonly run_count: { readonly scan: RunCountScan; readonly outcome: undefined };
  /** The result is in the words of its `pack`. */
  readonly count: { readonly scan: CountScan; readonly outcome: undefined };
  /** The result is in its words. */
  readonly value: { readonly scan: ValueScan; readonly outcome: undefined };
  readonly sequence: { readonly scan: SequenceScan; readonly outcome: undefined };
  readonly measure: { readonly scan: MeasureScan; readonly outcome: AccumulatorState };
  readonly gather: { readonly scan: GatherScan; readonly outcome: SortedNumbers };
  /** The values are put in order where they lie. */
  readonly sort: { readonly scan: SortScan; readonly outcome: undefined };
  readonly retention: { readonly scan: RetentionScan; readonly outcome: RetentionOutcome };
  readonly group: { readonly scan: GroupScan; readonly outcome: GroupOutcome };
  readonly tally: { readonly scan: TallyScan; readonly outcome: TallyOutcome };
}
export type Scan = ScanKinds[keyof ScanKinds]['scan'];
export type ScanOutcome<S extends Scan> = ScanKinds[S['kind']]['outcome'];

/** One worker's part: the description, the memory it speaks of, and which share of fixed work is its own. */
export interface ScanTask {
  readonly scan: Scan;
  readonly slabs: readonly SharedArrayBuffer[];
  readonly share: Share;
}

/** Yields after each piece what it is estimated to have cost (ns): there a worker may turn to another scan. */
export function* scanSteps({ scan, slabs, share }: ScanTask): Generator<number, ScanOutcome<Scan>, void> {
  switch (scan.kind) {
    case 'rows':
      return yield* rowScanSteps(scan, slabs, share);
    case 'partition':
      return yield* partitionSteps(scan, slabs, share);
    case 'runs':
      return yield* runSteps(scan, share);
    case 'funnel':
      return yield* funnelSteps(scan, slabs, share);
    case 'run_count':
      return yield* runCountSteps(scan, share);
    case 'count':
      return yield* countSteps(scan, slabs, share);
    case 'value':
      return yield* valueSteps(scan, slabs, share);
    case 'sequence':
      return yield* sequenceSteps(scan, slabs, share);
    case 'gather':
      return yield* gatherSteps(scan, slabs, share);
    case 'sort':
      return yield* sortScanSteps(scan);
    case 'retention':
      return yield* retentionSteps(scan, slabs, share);
    case 'group':
      return yield* groupSteps(scan, slabs, share);
    case 'tally':
      return yield* tallySteps(scan);
    default: {
      const accumulator = yield* measureSteps(scan, slabs, share);
      return accumulator.state(scan.isTotal);
    }
  }
}

/** In one go. */
export function runScan(task: ScanTask): ScanOutcome<Scan> {
  const steps = scanSteps(task);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
