/**
 * Drives an evaluation: small scans and all else on this thread, large scans on workers. Answers in the same turn when nothing has
 * to be waited for. Errors: query_timeout, query_cancelled.
 */
import type { RowSet } from '../../bitmap/row-set.ts';
import { mergeSteps } from './accumulator.ts';
import { assertGoing } from './cancellation.ts';
import type { Evaluation } from './evaluation.ts';
import type { Instant } from './instant.ts';
import type { Pause } from './pace.ts';
import type { Scan } from './scan.ts';
import { scanCostNs } from './scan-runner.ts';

export function drive(evaluation: Evaluation, instant: Instant): RowSet | Promise<RowSet> {
  let step = evaluation.next();
  while (step.done !== true) {
    const waiting = waitFor(step.value, instant);
    if (waiting !== undefined) return driveLater(evaluation, instant, waiting);
    step = evaluation.next(step.value.kind === 'pause' ? undefined : (instant.scanHere(step.value) as Resumption));
  }
  return step.value;
}

async function driveLater(evaluation: Evaluation, instant: Instant, first: Promise<Resumption>): Promise<RowSet> {
  let step = evaluation.next(await first);
  while (step.done !== true) {
    const waiting = waitFor(step.value, instant);
    if (waiting !== undefined) step = evaluation.next(await waiting);
    else step = evaluation.next(step.value.kind === 'pause' ? undefined : (instant.scanHere(step.value) as Resumption));
    assertGoing(instant.signal);
  }
  return step.value;
}

type Resumption = Parameters<Evaluation['next']>[0];

/** Undefined: go on at once. */
function waitFor(step: Scan | Pause, instant: Instant): Promise<Resumption> | undefined {
  if (step.kind === 'pause') return instant.pause()?.then(() => undefined);
  if (instant.isForWorkers(step)) return onWorkers(step, instant);
  return instant.spend(scanCostNs(step))?.then(() => instant.scanHere(step) as Resumption);
}

async function onWorkers(scan: Scan, instant: Instant): Promise<Resumption> {
  const outcomes = await instant.scan(scan);
  if (scan.kind !== 'measure') return undefined;
  return instant.inSlices(mergeSteps(scan.measure, outcomes as Parameters<typeof mergeSteps>[1]));
}
