/**
 * The messages of a link. Each is one msgpack array, first its kind:
 * hello [0, "kith", version], request [1, id, method, timeoutMs | nil, args], answer [2, id, result],
 * error [3, id, error], cancel [4, id], notify [5, method, args].
 */
import { EngineError, ERROR_STATUS, type ErrorCode, type ErrorSpan } from '../model/error.ts';

/** Grows with every change that the other end would not understand. */
export const PROTOCOL_VERSION = 1;
export const PROTOCOL_NAME = 'kith';

export const HELLO = 0;
export const REQUEST = 1;
export const ANSWER = 2;
export const ERROR = 3;
export const CANCEL = 4;
export const NOTIFY = 5;

/** Where the kind stands: after the array's header, which is one byte. */
export function kindOf(message: Uint8Array): number {
  return message.length > 1 ? message[1] : -1;
}

/** Causes below this are left out. */
const CAUSES_MAX = 4;

/** Of other errors the code is `internal`; their stack stays here. */
export function errorToWire(error: unknown, causes = CAUSES_MAX): Record<string, unknown> {
  if (!(error instanceof EngineError)) {
    return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
  }
  const wire: Record<string, unknown> = { code: error.code, message: error.message };
  if (error.details !== undefined) wire.details = error.details;
  if (error.span !== undefined) wire.span = error.span;
  if (error.retryAfterMs !== undefined) wire.retryAfterMs = error.retryAfterMs;
  if (error.cause instanceof EngineError && causes > 0) wire.cause = errorToWire(error.cause, causes - 1);
  return wire;
}

export function errorFromWire(wire: unknown, causes = CAUSES_MAX): EngineError {
  const { code, message, details, span, retryAfterMs, cause } = isRecord(wire) ? wire : {};
  const text = typeof message === 'string' ? message : 'the other process gave an error without a message';
  const options = {
    details: isRecord(details) ? details : undefined,
    span: isSpan(span) ? span : undefined,
    retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : undefined,
    cause: cause === undefined || causes === 0 ? undefined : errorFromWire(cause, causes - 1),
  };
  // A code of a later version is not lost.
  if (!isErrorCode(code))
    return new EngineError('internal', text, { ...options, details: { ...options.details, code } });
  return new EngineError(code, text, options);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSpan(value: unknown): value is ErrorSpan {
  return isRecord(value) && typeof value.start === 'number' && typeof value.end === 'number';
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_STATUS, code);
}
