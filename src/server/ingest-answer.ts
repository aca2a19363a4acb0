/**
 * What became of a batch, for its sender, the same over HTTP and WebSocket. SDKs send again what was answered by 429 or 5xx and forget all else,
 * so what only could not be stored now must not look like what is wrong.
 */
import { EngineError, isRetryable } from '../model/error.ts';
import type { IngestResult, RejectedItem } from '../model/ingest.ts';

/** Until a part of a cluster is back, usually. */
const RETRY_AFTER_MS = 1_000;

/** The error for the whole batch: nothing of it was stored, and some of it might be the next time. Undefined = answer item by item. */
export function batchRefusal({ accepted, rejected }: IngestResult): EngineError | undefined {
  if (accepted > 0) return undefined;
  const passing = rejected.find(({ code }) => isRetryable(code));
  return passing && new EngineError(passing.code, passing.message, { retryAfterMs: RETRY_AFTER_MS });
}

/** With `retryable` on the items that are to be sent again. */
export function markedRejections(rejected: readonly RejectedItem[]): readonly RejectedItem[] {
  if (!rejected.some(({ code }) => isRetryable(code))) return rejected;
  return rejected.map((item) => (isRetryable(item.code) ? { ...item, retryable: true } : item));
}
