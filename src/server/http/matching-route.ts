/** Probable duplicates: the read key sees how far a run is and what it suggests, the admin key runs, cancels and decides. */
import { EngineError } from '../../model/error.ts';
import { SUGGESTION_STATES, type SuggestionState } from '../../model/matching.ts';
import { parseDecision, parseMatchingRequest } from '../matching-request.ts';
import type { HttpRequest } from '../transport/transport.ts';
import type { Exchange } from './exchange.ts';
import { parameterOf, readJson } from './query-route.ts';

const PAGE_SIZE = 100;
export const PAGE_SIZE_MAX = 1_000;
const PREFIX_LENGTH = '/v1/identity/suggestions/'.length;

export async function matchingRoute(exchange: Exchange): Promise<void> {
  exchange.json(await exchange.door.engine.matching.state);
}

/** 202: it has begun; `GET` tells how far it is. */
export async function startMatchingRoute(exchange: Exchange): Promise<void> {
  const request = parseMatchingRequest(await readJson(exchange));
  exchange.json(await exchange.door.engine.matching.start(request), 202);
}

/** Answers when the run has ended; with none under way nothing happens. */
export async function cancelMatchingRoute(exchange: Exchange): Promise<void> {
  const { matching } = exchange.door.engine;
  await matching.cancel();
  exchange.json(await matching.settled());
}

export async function suggestionsRoute(exchange: Exchange, request: HttpRequest): Promise<void> {
  const parameters = new URLSearchParams(request.getQuery() ?? '');
  for (const name of parameters.keys()) {
    if (name === 'state' || name === 'limit' || name === 'cursor') continue;
    const message = `there is no parameter "${name.slice(0, 64)}"; there are state, limit, cursor`;
    throw new EngineError('invalid_request', message);
  }
  const state = stateOf(parameterOf(parameters, 'state') ?? 'open');
  const limit = limitOf(parameterOf(parameters, 'limit'));
  exchange.json(await exchange.door.engine.matching.suggestions(state, limit, parameterOf(parameters, 'cursor')));
}

export async function decideSuggestionRoute(exchange: Exchange, request: HttpRequest): Promise<void> {
  // Read before the body: the request is gone after the first await.
  const id = request.getUrl().slice(PREFIX_LENGTH);
  const decision = parseDecision(await readJson(exchange));
  exchange.json(await exchange.door.engine.matching.decide(id, decision));
}

function stateOf(text: string): SuggestionState {
  const state = SUGGESTION_STATES.find((one) => one === text);
  if (state !== undefined) return state;
  throw new EngineError('invalid_request', `"state" must be one of ${SUGGESTION_STATES.join(', ')}`);
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return PAGE_SIZE;
  if (/^[1-9]\d{0,3}$/.test(text) && Number(text) <= PAGE_SIZE_MAX) return Number(text);
  throw new EngineError('invalid_request', `"limit" must be a whole number from 1 to ${PAGE_SIZE_MAX}`);
}
