/**
 * Answers in the shape of the Profile API: `Request-Id` on every one, and its own error codes, which are few. What none of them fits is the
 * server's own mistake, `internal_error`.
 */
import { randomUUID } from 'node:crypto';
import { EngineError } from '../../model/error.ts';
import { errorFields } from '../../runtime/logger.ts';
import { type Exchange, errorHeaders, type Headers } from '../http/exchange.ts';

export const API_ERROR_CODES = [
  'not_found',
  'validation_error',
  'authentication_error',
  'rate_limit_error',
  'invalid_request_error',
  'internal_error',
] as const;
export type ApiErrorCode = (typeof API_ERROR_CODES)[number];

export function sendApiJson(exchange: Exchange, body: string): void {
  exchange.send(200, 'application/json', body, [['request-id', randomUUID()]]);
}

/** Whatever was thrown; what is not an `EngineError` is our mistake, logged under the request's id and not shown. */
export function failApi(exchange: Exchange, error: unknown, headers: Headers = []): void {
  if (!exchange.isOpen) return;
  const requestId = randomUUID();
  const { door } = exchange;
  const known =
    error instanceof EngineError
      ? error
      : new EngineError('internal', 'something went wrong in the server; it has been logged');
  if (known !== error) door.settings.logger.error('request failed', { requestId, ...errorFields(error) });
  door.metrics.countRefused(known.code);
  const body = { error: { code: apiCodeOf(known), message: known.message } };
  exchange.send(known.status, 'application/json', JSON.stringify(body), [
    ['request-id', requestId],
    ...errorHeaders(known, door),
    ...headers,
  ]);
}

export function apiCodeOf({ code, status }: EngineError): ApiErrorCode {
  if (status === 401 || status === 403) return 'authentication_error';
  if (status === 404) return 'not_found';
  // Both say: not now, come back after `Retry-After`.
  if (status === 429 || status === 503) return 'rate_limit_error';
  if (status >= 500) return 'internal_error';
  return code === 'malformed_request' ? 'validation_error' : 'invalid_request_error';
}
