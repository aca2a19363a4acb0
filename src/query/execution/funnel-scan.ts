/**
 * The scan that sends profiles through a funnel, over their runs: how many came how far, and how long each step took. The times are put in
 * order where they were gathered, so that medians over workers and shards are found by halving.
 */

import { ChunkClaim, type Share } from './chunk-claim.ts';
import { EventSteps, type StepTables } from './event-steps.ts';
import { type FunnelShape, FunnelState } from './funnel-state.ts';
import { JourneyList, type Journeys } from './journey-list.ts';
import { sortSteps } from './number-sort.ts';
import { STRETCH_ROWS } from './run-partition.ts';
import { barredSteps } from './sequence-scan.ts';
import { hasKernel, StepKernel } from './step-kernel.ts';

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
  const { stepCount } = scan.shape;
  const list = new JourneyList(stepCount, scan.isListed);
  const depths = new Float64Array(stepCount + 1);
  const walk = hasKernel(scan) ? kernelWalk(scan, slabs, depths, list) : plainWalk(scan, slabs, depths, list);
  for (let stretch = claim.next(); stretch >= 0; stretch = claim.next()) {
    const first = stretch * STRETCH_ROWS;
    walk(first, Math.min(first + STRETCH_ROWS, scan.rowCount));
    yield scan.costNs / scan.chunks.length;
  }
  const journeys = scan.isListed ? list.journeys() : undefined;
  const times = list.times();
  for (const values of times) yield* sortSteps(values);
  return { depths, times, journeys };
}

/** Sends the rows `[first, end)` through. */
type Walk = (first: number, end: number) => void;

function plainWalk(
  scan: FunnelScan,
  slabs: readonly SharedArrayBuffer[],
  depths: Float64Array,
  list: JourneyList,
): Walk {
  const steps = new EventSteps(scan, slabs);
  const state = new FunnelState(scan.shape);
  const { members } = scan;
  return (first, end) => {
    for (let row = first; row < end; row++) {
      if (members !== undefined && ((members[row >>> 5] >>> (row & 31)) & 1) === 0) continue;
      const limit = steps.open(row);
      if (limit === 0) continue;
      goThrough(steps, state, limit);
      depths[state.depth] += 1;
      if (state.depth > 0) list.add(row, state.depth, state.length, state.start, state.chainMs);
    }
  };
}

/**
 * The rules of `FunnelState`, written out: q, x = position and first event of the chain that waits at a step, w = times of its steps;
 * p, u = position and latest start of the step's latest end; b = what bars the way to the step.
 */
function kernelWalk(
  scan: FunnelScan,
  slabs: readonly SharedArrayBuffer[],
  depths: Float64Array,
  list: JourneyList,
): Walk {
  const { stepCount, withinMs, hasBars } = scan.shape;
  const chainMs = new Float64Array(stepCount);
  const add = (row: number, depth: number, length: number, start: number): void =>
    list.add(row, depth, length, start, chainMs);
  const isBarred = barredSteps(scan);
  return (first, end) => {
    const kernel = new StepKernel(scan, slabs);
    const { builder } = kernel;
    const chain = builder.argument(chainMs);
    const within = builder.argument(withinMs);
    let begin = 'let depth=0,length=0,start=0;';
    for (let i = 0; i < stepCount; i++) {
      begin += `let q${i}=-1,x${i}=0${columns(i)
        .map((j) => `,w${i}_${j}=0`)
        .join('')};`;
      if (hasBars) begin += `let p${i}=-1,u${i}=0;${isBarred[i] ? `let b${i}=-1;` : ''}`;
    }
    const offer = (i: number, index: string): string => {
      const depthText = hasBars ? depthOffer(i, isBarred[i], withinMs === Infinity ? undefined : within) : '';
      const noted = `length=${i + 1};start=x${i};${columns(i)
        .map((j) => `${chain}[${j}]=w${i}_${j};`)
        .join('')}`;
      const note = `if(length<=${i}){${noted}if(length===limit)break events;}`;
      if (i === 0) return `${depthText}q0=pos;${scan.isListed ? `x0=${index};` : ''}w0_0=m;${note}`;
      const h = i - 1;
      const barred = isBarred[i] ? `&&b${i}<=q${h}` : '';
      const late = withinMs === Infinity ? '' : `&&m-w${h}_0<=${within}`;
      const moved = `${columns(h)
        .map((j) => `w${i}_${j}=w${h}_${j};`)
        .join('')}w${i}_${i}=m;q${i}=pos;x${i}=x${h};q${h}=-1;`;
      return `${depthText}if(q${h}>=0${barred}${late}){${moved}${note}}`;
    };
    const done = `if(depth<length)depth=length;${builder.argument(depths)}[depth]++;if(depth!==0)${builder.argument(add)}(row,depth,length,start);`;
    kernel.run({ first, end, members: scan.members }, { begin, offer, bar: (i) => `b${i}=pos;`, end: done });
  };
}

function depthOffer(i: number, isBarred: boolean, within: string | undefined): string {
  const reached = `p${i}=pos;if(depth<=${i})depth=${i + 1};`;
  if (i === 0) return `u0=m;${reached}`;
  const h = i - 1;
  const barred = isBarred ? `&&b${i}<=p${h}` : '';
  const late = within === undefined ? '' : `&&m-u${h}<=${within}`;
  return `if(p${h}>=0${barred}${late}){u${i}=u${h};${reached}}`;
}

/** 0 to i. */
function columns(i: number): number[] {
  return Array.from({ length: i + 1 }, (_, j) => j);
}

/** `limit`: no more steps can be reached. */
function goThrough(steps: EventSteps, state: FunnelState, limit: number): void {
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
