/**
 * Puts the routes into the transport. Every handler is wrapped here: rights are checked first, nothing escapes (an
 * exception in a transport callback ends the process), and what no route takes gets 404, or 405 with `Allow`.
 */
import { EngineError } from '../../model/error.ts';
import type { Door } from '../door.ts';
import type { BytePage } from '../lookup/byte-page.ts';
import type { RouteMeter } from '../metrics/route-meter.ts';
import { failApi } from '../profile-api/api-answer.ts';
import { PROFILE_API_PREFIX } from '../profile-api/profile-path.ts';
import type { App, HttpRequest, HttpResponse } from '../transport/transport.ts';
import { neededRights, requireRights, rightsOfRequest } from './access.ts';
import { Exchange, type Headers } from './exchange.ts';
import { profileHandler, shuttingDown } from './lookup-route.ts';
import { isReady } from './operation-route.ts';
import { PROFILE_PATH, type Route, STREAM_PATH } from './route.ts';
import { routes } from './routes.ts';

interface KnownPath {
  readonly pattern: RegExp;
  readonly method: string;
}

export function addRoutes(app: App, door: Door, page: BytePage, openApiJson: () => string): void {
  const table = routes(page, openApiJson);
  const meters = new Map<string, RouteMeter>();
  for (const route of table) {
    // One a path, whatever the methods on it.
    const meter = meters.get(route.path) ?? door.metrics.meter(route.path);
    meters.set(route.path, meter);
    const handler = (response: HttpResponse, request: HttpRequest): void => run(door, meter, route, response, request);
    const pattern = patternOf(route.path);
    if (route.method === 'get') app.get(pattern, handler);
    else if (route.method === 'post') app.post(pattern, handler);
    else if (route.method === 'put') app.put(pattern, handler);
    else app.del(pattern, handler);
  }
  app.get(patternOf(PROFILE_PATH), profileHandler(door, door.metrics.meter(PROFILE_PATH)));
  const known = [...table, { method: 'get', path: PROFILE_PATH }, { method: 'get', path: STREAM_PATH }].map(knownPath);
  const meter = door.metrics.meter('other');
  app.any('/*', (response, request) => refuse(door, meter, known, response, request));
}

function run(door: Door, meter: RouteMeter, route: Route, response: HttpResponse, request: HttpRequest): void {
  const exchange = new Exchange(door, response, meter);
  const fail = route.fail ?? failPlain;
  try {
    if (door.lifecycle.isClosing && route.isAlwaysOn !== true) throw shuttingDown();
    // An ingest key may be in the body, so those routes check for themselves.
    const needed = route.access === 'ingest' ? 0 : neededRights(route.access, door.isLoopback);
    if (needed !== 0) requireRights(rightsOfRequest(door, request), needed);
    const done = route.handle(exchange, request);
    done?.catch((error: unknown) => fail(exchange, error));
  } catch (error) {
    fail(exchange, error);
  }
}

function failPlain(exchange: Exchange, error: unknown, headers?: Headers): void {
  exchange.fail(error, headers);
}

function refuse(
  door: Door,
  meter: RouteMeter,
  known: readonly KnownPath[],
  response: HttpResponse,
  request: HttpRequest,
): void {
  const exchange = new Exchange(door, response, meter);
  const path = request.getUrl();
  const fail = path.startsWith(PROFILE_API_PREFIX) ? failApi : failPlain;
  try {
    const method = request.getMethod();
    const allowed = [
      ...new Set(known.filter((entry) => entry.pattern.test(path)).map((entry) => entry.method.toUpperCase())),
    ];
    if (method === 'head') {
      // An answer to HEAD has no body, which the exchange would send. Balancers ask for /health and /ready this way.
      if (path === '/health') exchange.sendHeadOnly(200);
      else if (path === '/ready') isReady(door).then((isServing) => exchange.sendHeadOnly(isServing ? 200 : 503));
      else exchange.sendHeadOnly(allowed.length > 0 ? 405 : 404, [['allow', allowed.join(', ')]]);
    } else if (allowed.length === 0) throw notFound();
    else if (method === 'get' && path === STREAM_PATH) {
      throw new EngineError('invalid_request', 'this is a WebSocket endpoint: connect with ws:// or wss://');
    } else {
      const error = new EngineError('method_not_allowed', `use ${allowed.join(' or ')} here`, {
        details: { allow: allowed },
      });
      fail(exchange, error, [['allow', allowed.join(', ')]]);
    }
  } catch (error) {
    fail(exchange, error);
  }
}

function notFound(): EngineError {
  return new EngineError('not_found', 'there is nothing here; /openapi.json lists what there is');
}

/** A last `{part}` takes all that follows, slashes too; one in the middle takes one part. */
function patternOf(path: string): string {
  return path.replace(/\{\w+\}$/, '*').replace(/\{(\w+)\}/g, ':$1');
}

function knownPath(route: { readonly method: string; readonly path: string }): KnownPath {
  const pattern = patternOf(route.path).replace(/[.]/g, '\\.').replace(/:\w+/g, '[^/]+').replace(/\*$/, '.+');
  return { pattern: new RegExp(`^${pattern}$`), method: route.method };
}
