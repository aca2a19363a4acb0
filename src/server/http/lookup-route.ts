/**
 * Profile lookups. `GET /v1/profiles/{id}` is the hottest path of the product and answers inside the transport's
 * callback: no promise, no per-request object but the identifier; guarded by the bench lookup-http against a bare
 * handler. Only an engine that answers by promise makes it an exchange like any other.
 */
import { performance } from 'node:perf_hooks';
import { isPromise } from '../../base/awaitable.ts';
import { EngineError, errorBody } from '../../model/error.ts';
import { errorFields } from '../../runtime/logger.ts';
import { READ } from '../auth/key-ring.ts';
import { epochText } from '../cluster-epoch.ts';
import type { Door } from '../door.ts';
import { lookupJsonAt } from '../lookup/address.ts';
import type { BytePage } from '../lookup/byte-page.ts';
import { parseAddresses, parseLookupOptions, parseLookupQuery } from '../lookup/lookup-request.ts';
import { finishProfilesJson, writeProfilesJson } from '../lookup/profile-list.ts';
import type { RouteMeter } from '../metrics/route-meter.ts';
import type { HttpRequest, HttpResponse } from '../transport/transport.ts';
import { checkLocalCaller, requireRights } from './access.ts';
import { readBody } from './body.ts';
import { type Exchange, errorHeaders, statusLine } from './exchange.ts';
import { isRecord, parseJsonBytes } from './json-text.ts';
import { LateLookup, PROFILE_NOT_FOUND } from './late-lookup.ts';

export const PROFILE_PREFIX = '/v1/profiles/';
const PREFIX_LENGTH = PROFILE_PREFIX.length;
const PERCENT = '%';
/** Ids and field names: 1,000 ids of the longest kind fit. */
const BODY_LIMIT_BYTES = 1024 * 1024;

export function profileHandler(door: Door, meter: RouteMeter): (response: HttpResponse, request: HttpRequest) => void {
  const { engine, keys, lifecycle } = door;
  const lookUpFor = engine.lookUpFor?.bind(engine);
  return (response, request) => {
    const startedAtMs = performance.now();
    try {
      if (lifecycle.isClosing) throw shuttingDown();
      if (keys.isOpen) checkLocalCaller(request);
      const rights = keys.rightsOfAuthorization(request.getHeader('authorization'));
      if ((rights & READ) === 0) requireRights(rights, READ);
      const address = request.getUrl().slice(PREFIX_LENGTH);
      const query = request.getQuery();
      const decoded = address.includes(PERCENT) ? decodeAddress(address) : address;
      const options = query === undefined || query === '' ? undefined : parseLookupQuery(query);
      if (lookUpFor !== undefined) {
        new LateLookup(door, response, meter, startedAtMs).ask(decoded, options, lookUpFor);
        return;
      }
      const json = lookupJsonAt(engine, decoded, options);
      if (isPromise(json)) {
        answerLater(new LateLookup(door, response, meter, startedAtMs), json);
        return;
      }
      if (json === undefined) throw PROFILE_NOT_FOUND;
      response.writeHeader('content-type', 'application/json').end(json);
      meter.record(200, performance.now() - startedAtMs);
    } catch (error) {
      meter.record(answerError(door, response, error, meter.route), performance.now() - startedAtMs);
    }
  };
}

/** The bytes are good only for the turn in which they come. */
function answerLater(lookup: LateLookup, later: Promise<Uint8Array | undefined>): void {
  later.then(
    (json) => lookup.resolve(json),
    (error: unknown) => lookup.reject(error),
  );
}

/** `POST /v1/profiles/get`. The page is shared: it is filled and handed over without a pause in between. */
export function profilesRoute(page: BytePage): (exchange: Exchange) => Promise<void> {
  return async (exchange) => {
    const body = await readBody(exchange, { limitBytes: BODY_LIMIT_BYTES });
    let request: unknown;
    try {
      request = parseJsonBytes(body.bytes);
    } finally {
      body.release();
    }
    if (!isRecord(request)) throw new EngineError('invalid_request', 'the body must be a JSON object with "ids"');
    const addresses = parseAddresses(request['ids']);
    const options = parseLookupOptions(request['fields'], request['events'], request['at'], request['verbose']);
    page.reset();
    page.text('{"profiles":');
    const late = writeProfilesJson(page, exchange.door.engine, addresses, options);
    if (late !== undefined) {
      const begun = Buffer.from(page.view());
      const found = await late.profiles;
      page.reset();
      page.bytes(begun);
      finishProfilesJson(page, late.index, found);
    }
    page.text(`${epochText(exchange.door.engine.epoch)}}`);
    exchange.send(200, 'application/json', Buffer.from(page.view()));
    page.reset();
  };
}

export function shuttingDown(): EngineError {
  return new EngineError('shutting_down', 'the server is shutting down; try again soon', { retryAfterMs: 2_000 });
}

/** Errors: malformed_request. */
export function decodeAddress(address: string): string {
  try {
    return decodeURIComponent(address);
  } catch {
    throw new EngineError('malformed_request', 'the identifier in the path is not valid percent-encoded UTF-8');
  }
}

/** Runs inside the transport's callback, so the response is whole and corked. Returns the status. */
function answerError(door: Door, response: HttpResponse, error: unknown, route: string): number {
  const known =
    error instanceof EngineError
      ? error
      : new EngineError('internal', 'something went wrong in the server; it has been logged');
  if (known !== error) door.settings.logger.error('request failed', { route, ...errorFields(error) });
  if (known !== PROFILE_NOT_FOUND) door.metrics.countRefused(known.code);
  response.writeStatus(statusLine(known.status));
  response.writeHeader('content-type', 'application/json');
  for (const [name, value] of errorHeaders(known, door)) response.writeHeader(name, value);
  response.end(JSON.stringify(errorBody(known)), door.lifecycle.isClosing);
  return known.status;
}
