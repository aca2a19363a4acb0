/** The scan that looks for a sequence in each profile's runs: one bit a row out. Stretches of rows write to different words. */

import { STRETCH_ROWS } from '../index/run-partition.ts';
import { ChunkClaim, type Share } from './chunk-claim.ts';
import { EventSteps, type StepTables } from './event-steps.ts';
import { type SequenceShape, SequenceState } from '../evaluation/sequence-state.ts';

export interface SequenceScan extends StepTables {
  readonly kind: 'sequence';
  readonly shape: SequenceShape;
  readonly rowCount: number;
  /** Only these rows are asked for; absent = all. */
  readonly candidates: Uint32Array | undefined;
  /** The result: bit i = row i. Zero at the start. */
  readonly words: Uint32Array;
  /** Stretches of rows. */
  readonly chunks: Int32Array;
  readonly control: Int32Array;
  readonly costNs: number;
}

/** Yields after each stretch what it is estimated to have cost. */
export function* sequenceSteps(
  scan: SequenceScan,
  slabs: readonly SharedArrayBuffer[],
  share: Share,
): Generator<number, undefined, void> {
  const claim = new ChunkClaim(scan.chunks, scan.control, false, share);
  const steps = new EventSteps(scan, slabs);
  const state = new SequenceState(scan.shape);
  const lastStep = scan.shape.withinMs.length - 1;
  const { candidates, words } = scan;
  for (let stretch = claim.next(); stretch >= 0; stretch = claim.next()) {
    const first = stretch * STRETCH_ROWS;
    const end = Math.min(first + STRETCH_ROWS, scan.rowCount);
    for (let row = first; row < end; row++) {
      if (candidates !== undefined && ((candidates[row >>> 5] >>> (row & 31)) & 1) === 0) continue;
      if (steps.open(row) <= lastStep) continue;
      if (holds(steps, state, lastStep)) words[row >>> 5] |= 1 << (row & 31);
    }
    yield scan.costNs / scan.chunks.length;
  }
}

function holds(steps: EventSteps, state: SequenceState, lastStep: number): boolean {
  const { merge, useStarts, useSteps, useBars } = steps;
  state.reset();
  let position = 0;
  for (let source = merge.next(); source >= 0; source = merge.next()) {
    const table = merge.tables[source];
    const timeMs = merge.headsMs[source];
    const end = useStarts[table + 1];
    for (let use = useStarts[table]; use < end; use++) {
      if (!steps.fits(use, source)) continue;
      const step = useSteps[use];
      if (useBars[use] !== 0) state.bar(step, position);
      else if (state.offer(step, timeMs, position) && step === lastStep) return true;
    }
    position += 1;
  }
  return false;
}
