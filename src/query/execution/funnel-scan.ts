/**
 * The scan that sends profiles through a funnel, over their runs: how many came how far, and how long each step took. The times are put in
 * order where they were gathered, so that medians over workers and shards are found by halving.
 */
import { STRETCH_ROWS } from '../index/run-partition.ts';
import { ChunkClaim, type Share } from './chunk-claim.ts';
import { EventSteps, type StepTables } from './event-steps.ts';
import { type FunnelShape, FunnelState } from './funnel-state.ts';
import { JourneyList, type Journeys } from './journey-list.ts';
import { sortSteps } from './number-sort.ts';

export interface FunnelScan extends StepTables {
  readonly kind: 'funnel';
  readonly shape: FunnelShape;
  readonly rowCount: number;
  /** Only these rows are asked for; absent = all. */
  readonly members: Uint32Array | undefined;
  /** The profiles one by one too, to be put into groups. */
  readonly isListed: boolean;
  /** Stretches of rows. */
  readonly chunks: Int32Array;
  readonly control: Int32Array;
  readonly costNs: number;
}

export interface FunnelOutcome {
  /** Profiles by depth, 0 to all steps. */
  readonly depths: Float64Array;
  /** From the second step on: times since the step before, ascending. */
  readonly times: readonly Float64Array[];
  readonly journeys: Journeys | undefined;
}

/** Yields after each stretch what it is estimated to have cost. */
export function* funnelSteps(
  scan: FunnelScan,
  slabs: readonly SharedArrayBuffer[],
  share: Share,
): Generator<number, FunnelOutcome, void> {
  const claim = new ChunkClaim(scan.chunks, scan.control, false, share);
  const steps = new EventSteps(scan, slabs);
  const { stepCount } = scan.shape;
  const state = new FunnelState(scan.shape);
  const list = new JourneyList(stepCount, scan.isListed);
  const depths = new Float64Array(stepCount + 1);
  const { members, rowCount } = scan;
  for (let stretch = claim.next(); stretch >= 0; stretch = claim.next()) {
    const first = stretch * STRETCH_ROWS;
    const end = Math.min(first + STRETCH_ROWS, rowCount);
    for (let row = first; row < end; row++) {
      if (members !== undefined && ((members[row >>> 5] >>> (row & 31)) & 1) === 0) continue;
      const limit = steps.open(row);
      if (limit === 0) continue;
      walk(steps, state, limit);
      depths[state.depth] += 1;
      if (state.depth > 0) list.add(row, state);
    }
    yield scan.costNs / scan.chunks.length;
  }
  const journeys = scan.isListed ? list.journeys() : undefined;
  const times = list.times();
  for (const values of times) yield* sortSteps(values);
  return { depths, times, journeys };
}

/** `limit`: no more steps can be reached. */
function walk(steps: EventSteps, state: FunnelState, limit: number): void {
  const { merge, useStarts, useSteps, useBars } = steps;
  steps.closeBeyond(limit);
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
      else state.offer(step, timeMs, position, merge.index(source));
    }
    if (state.length === limit) return;
    position += 1;
  }
}
