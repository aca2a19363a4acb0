/**
 * The one way in which a disk's refusal reaches a caller: `EngineError` storage_failed, saying what was attempted.
 * lmdb-js hides the reason of a failed commit behind a second promise on the error (`commitError`), which must be
 * taken up even when nobody asks: left alone it would end the process as an unhandled rejection.
 */
import { EngineError } from '../model/error.ts';

/** How long to wait for lmdb-js to tell the reason; it normally comes within the same turn. */
const REASON_WAIT_MS = 1_000;

export function storageFailure(attempt: string, cause?: unknown): EngineError {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  return new EngineError('storage_failed', `${attempt}${reason}.`, { cause });
}

/** The disk's own error behind a rejected lmdb-js commit. */
export async function commitFailureReason(error: unknown): Promise<unknown> {
  const { commitError } = error as { commitError?: Promise<never> };
  if (commitError === undefined) return error;
  const reason = commitError.then(undefined, (cause: unknown) => cause);
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<unknown>((resolve) => {
    timer = setTimeout(() => resolve(error), REASON_WAIT_MS);
  });
  try {
    return await Promise.race([reason, patience]);
  } finally {
    clearTimeout(timer);
  }
}
