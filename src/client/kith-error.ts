/** What the client rejects with: the server's code where the server spoke, else one of the client's own. Says which codes another try may mend. */
import type { ErrorCode } from '../model/error.ts';

/** `connection_lost`, `unreachable`: no server could be asked, for as long as the client tried. `client_closed`: `close()` was called. */
export type ClientErrorCode = 'connection_lost' | 'unreachable' | 'client_closed';
/** Any text: a newer server may have codes that this client does not know. */
export type KithErrorCode = ErrorCode | ClientErrorCode | (string & Record<never, never>);

export interface KithErrorOptions {
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly messageId?: string | undefined;
  readonly cause?: unknown;
}

export class KithError extends Error {
  override readonly name = 'KithError';
  readonly code: KithErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  /** How long the server asked to be left alone. */
  readonly retryAfterMs: number | undefined;
  /** Of the item that was refused. */
  readonly messageId: string | undefined;

  constructor(code: KithErrorCode, message: string, options: KithErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
    this.retryAfterMs = options.retryAfterMs;
    this.messageId = options.messageId;
  }
}

/** A deadline that passed inside the server leaves open what happened; asked again under the same messageId it is safe. */
const RETRYABLE: ReadonlySet<string> = new Set([
  'overloaded',
  'memory_limit',
  'shutting_down',
  'shard_unavailable',
  'storage_failed',
  'too_many_requests',
  'deadline_exceeded',
  'connection_lost',
  'unreachable',
]);

export function isRetryable(error: KithError): boolean {
  return RETRYABLE.has(error.code);
}

/** `{"code","message","details"?,"retryAfterMs"?}` as the server writes it, from a text of any origin. */
export function errorOf(value: unknown, messageId?: string): KithError {
  if (isRecord(value) && typeof value['code'] === 'string' && typeof value['message'] === 'string') {
    const { details, retryAfterMs } = value;
    return new KithError(value['code'], value['message'], {
      details: isRecord(details) ? details : undefined,
      retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : undefined,
      messageId,
    });
  }
  return new KithError('internal', 'the server answered with an error that this client cannot read', { messageId });
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
