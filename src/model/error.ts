/**
 * Every error that a caller can see: one stable code each. Codes are never renamed or reused, because logs, metrics
 * and clients depend on them. The HTTP status is part of the contract: SDKs retry 429 and 5xx and never 400.
 */
export const ERROR_STATUS = {
  // The request as a whole.
  malformed_json: 400,
  malformed_msgpack: 400,
  malformed_gzip: 400,
  malformed_header: 400,
  malformed_request: 400,
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  profile_not_found: 404,
  account_not_found: 404,
  method_not_allowed: 405,
  payload_too_large: 413,
  unsupported_encoding: 415,
  too_many_requests: 429,
  memory_limit: 503,
  overloaded: 503,
  shutting_down: 503,
  storage_failed: 503,
  // Of a cluster: a part of it cannot be asked for now.
  shard_unavailable: 503,
  deadline_exceeded: 504,
  internal: 500,
  // One item of a batch.
  invalid_item: 400,
  missing_user: 400,
  missing_event: 400,
  missing_previous_id: 400,
  missing_group_id: 400,
  unknown_type: 400,
  invalid_id: 400,
  id_too_long: 400,
  name_too_long: 400,
  event_too_large: 400,
  too_many_properties: 400,
  too_deep: 400,
  invalid_value: 400,
  invalid_number: 400,
  invalid_timestamp: 400,
  invalid_message_id: 400,
  schema_limit: 400,
  no_identifier: 400,
  quarantined: 400,
  merge_refused: 409,
  merge_not_found: 404,
  suggestion_not_found: 404,
  suggestion_decided: 409,
  matching_running: 409,
  // A row of an import.
  malformed_csv: 400,
  invalid_mapping: 400,
  // A query.
  query_syntax: 400,
  query_invalid: 400,
  query_type: 400,
  query_too_large: 400,
  query_unsupported: 400,
  query_timeout: 408,
  query_cancelled: 499,
  query_unknown_name: 400,
  invalid_cursor: 400,
  history_not_kept: 400,
  // Saved segments.
  invalid_segment: 400,
  unknown_segment: 400,
  segment_cycle: 400,
  segment_not_found: 404,
  segment_in_use: 409,
  // Identity.
  invalid_identity_settings: 400,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** Whether the same may succeed later: what is wrong is not the caller's. */
export function isRetryable(code: ErrorCode): boolean {
  const status = ERROR_STATUS[code];
  return status === 429 || status === 503 || status === 504;
}

/** Where in a text the mistake stands: 0-based offsets in UTF-16 units, `end` exclusive. */
export interface ErrorSpan {
  readonly start: number;
  readonly end: number;
}

export interface EngineErrorOptions {
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly span?: ErrorSpan | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** The caller's mistake, or the world's failure that the caller should see. The message says what to do. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly span: ErrorSpan | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: EngineErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
    this.span = options.span;
    this.retryAfterMs = options.retryAfterMs;
  }

  get status(): number {
    return ERROR_STATUS[this.code];
  }
}

/** The wire form: `{"error":{"code","message","details"?}}`; a span travels in details as `position` and `end`. */
export function errorBody(error: EngineError): { error: { code: ErrorCode; message: string; details?: object } } {
  const details =
    error.span === undefined ? error.details : { ...error.details, position: error.span.start, end: error.span.end };
  return { error: { code: error.code, message: error.message, ...(details === undefined ? {} : { details }) } };
}
