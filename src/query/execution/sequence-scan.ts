/** The scan that looks for a sequence in each profile's runs: one bit a row out. Stretches of rows write to different words. */

import { type SequenceShape, SequenceState } from '../evaluation/sequence-state.ts';
import { ChunkClaim, type Share } from './chunk-claim.ts';
import { EventSteps, type StepTables } from './event-steps.ts';
import { STRETCH_ROWS } from './run-partition.ts';
import { hasKernel, StepKernel } from './step-kernel.ts';

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
  const walk = hasKernel(scan) ? kernelWalk(scan, slabs) : plainWalk(scan, slabs);
  for (let stretch = claim.next(); stretch >= 0; stretch = claim.next()) {
    const first = stretch * STRETCH_ROWS;
    walk(first, Math.min(first + STRETCH_ROWS, scan.rowCount));
    yield scan.costNs / scan.chunks.length;
  }
}

/** Goes through the rows `[first, end)`. */
type Walk = (first: number, end: number) => void;

function plainWalk(scan: SequenceScan, slabs: readonly SharedArrayBuffer[]): Walk {
  const steps = new EventSteps(scan, slabs);
  const state = new SequenceState(scan.shape);
  const lastStep = scan.shape.withinMs.length - 1;
  const { candidates, words } = scan;
  return (first, end) => {
    for (let row = first; row < end; row++) {
      if (candidates !== undefined && ((candidates[row >>> 5] >>> (row & 31)) & 1) === 0) continue;
      if (steps.open(row) <= lastStep) continue;
      if (holds(steps, state, lastStep)) words[row >>> 5] |= 1 << (row & 31);
    }
  };
}

/** The rules of `SequenceState`, written out: t, p = time and position of the latest end of a step, b = what bars the way to it, f = seen. */
function kernelWalk(scan: SequenceScan, slabs: readonly SharedArrayBuffer[]): Walk {
  return (first, end) => {
    const kernel = new StepKernel(scan, slabs);
    const { builder } = kernel;
    const { withinMs, isFirst, fromMs } = scan.shape;
    const stepCount = withinMs.length;
    const isBarred = barredSteps(scan);
    const from = builder.argument(fromMs);
    const words = builder.argument(scan.words);
    let begin = `if(limit<${stepCount})continue;`;
    for (let i = 0; i < stepCount; i++) {
      begin += `let t${i}=0,p${i}=-1;${isBarred[i] ? `let b${i}=-1;` : ''}${isFirst[i] === 1 ? `let f${i}=0;` : ''}`;
    }
    const offer = (i: number): string => {
      const conditions = isFirst.includes(1) ? [`m>=${from}`] : [];
      if (i > 0) conditions.push(`p${i - 1}>=0`);
      if (isBarred[i]) conditions.push(`b${i}<=p${i - 1}`);
      if (i > 0 && withinMs[i] !== Infinity) conditions.push(`m-t${i - 1}<=${builder.argument(withinMs[i])}`);
      const isLast = i === stepCount - 1;
      const reached = isLast ? `${words}[row>>>5]|=1<<(row&31);break events;` : `t${i}=m;p${i}=pos;`;
      const text = conditions.length === 0 ? reached : `if(${conditions.join('&&')}){${reached}}`;
      return isFirst[i] === 1 ? `if(f${i}===0){f${i}=1;${text}}` : text;
    };
    kernel.run({ first, end, members: scan.candidates }, { begin, offer, bar: (i) => `b${i}=pos;`, end: '' });
  };
}

export function barredSteps({ useBars, useSteps, stepTables }: StepTables): boolean[] {
  const isBarred = Array.from(stepTables, () => false);
  useSteps.forEach((step, use) => {
    if (useBars[use] !== 0) isBarred[step] = true;
  });
  return isBarred;
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
