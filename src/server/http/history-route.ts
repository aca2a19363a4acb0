/** `GET /v1/profiles/{id}/history`: every change of a profile's traits. The profile is named as in a lookup. */
import type { CancelSignal } from '../../base/cancel-source.ts';
import type { Gateway } from '../../engine/gateway.ts';
import { EngineError } from '../../model/error.ts';
import type { TraitHistory, TraitHistoryRequest } from '../../model/history.ts';
import { typedIdentifier } from '../lookup/address.ts';
import { momentMs, truthOf } from '../lookup/lookup-request.ts';
import type { HttpRequest } from '../transport/transport.ts';
import type { Exchange } from './exchange.ts';
import { decodeAddress } from './lookup-route.ts';
import { parameterOf, signalOf } from './query-route.ts';

const PARAMETERS: ReadonlySet<string> = new Set(['trait', 'from', 'to', 'limit', 'cursor', 'order', 'all']);

export async function historyRoute(exchange: Exchange, request: HttpRequest): Promise<void> {
  const address = decodeAddress(request.getParameter(0) ?? '');
  const asked = parseHistoryQuery(request.getQuery() ?? '');
  const history = await historyAt(exchange.door.engine, address, asked, signalOf(exchange));
  if (history === undefined) throw new EngineError('profile_not_found', 'no profile has this identifier');
  exchange.json(history);
}

/** Errors: invalid_request. */
export function parseHistoryQuery(query: string): TraitHistoryRequest {
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (PARAMETERS.has(name)) continue;
    throw new EngineError(
      'invalid_request',
      `there is no parameter "${name.slice(0, 64)}"; there are ${[...PARAMETERS].join(', ')}`,
    );
  }
  const moment = (name: string): number | undefined => {
    const text = parameterOf(parameters, name);
    return text === undefined ? undefined : momentMs(name, text);
  };
  const limit = parameterOf(parameters, 'limit');
  if (limit !== undefined && !/^[1-9]\d{0,8}$/.test(limit)) {
    throw new EngineError('invalid_request', '"limit" must be a whole number of 1 or more');
  }
  const order = parameterOf(parameters, 'order');
  if (order !== undefined && order !== 'asc' && order !== 'desc') {
    throw new EngineError('invalid_request', '"order" must be asc (oldest first) or desc');
  }
  const trait = parameterOf(parameters, 'trait');
  return {
    traits: trait?.split(',').filter((path) => path !== ''),
    fromMs: moment('from'),
    untilMs: moment('to'),
    limit: limit === undefined ? undefined : Number(limit),
    cursor: parameterOf(parameters, 'cursor'),
    order,
    all: truthOf('all', parameterOf(parameters, 'all') ?? null),
  };
}

/** A text has two readings, as in a lookup. */
async function historyAt(
  engine: Gateway,
  address: string,
  request: TraitHistoryRequest,
  signal: CancelSignal,
): Promise<TraitHistory | undefined> {
  const typed = typedIdentifier(address);
  const found = typed === undefined ? undefined : await engine.traitHistory(typed, request, signal);
  return found ?? (await engine.traitHistory({ type: 'user_id', value: address }, request, signal));
}
