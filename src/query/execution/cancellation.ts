/** A query that its caller gave up, or whose time ran out. */
import type { CancelSignal } from '../../base/cancel-source.ts';
import { EngineError } from '../../model/error.ts';

export function cancellation({ reason }: Pick<CancelSignal, 'reason'>): EngineError {
  const isTimeout = reason instanceof Error && reason.name === 'TimeoutError';
  if (isTimeout)
    return new EngineError('query_timeout', 'the query took longer than its time limit; narrow it or allow more');
  return new EngineError('query_cancelled', 'the query was cancelled');
}

/** Errors: query_timeout, query_cancelled. */
export function assertGoing(signal: CancelSignal | undefined): void {
  if (signal?.aborted === true) throw cancellation(signal);
}
