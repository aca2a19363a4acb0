/** Identity by request: the read key looks, the admin key merges, separates and changes the rules; each can be tried first. */
import { EngineError } from '../../model/error.ts';
import { parseEnrichmentRequest } from '../enrichment-request.ts';
import { identityGraphAt, parseMergeRequest, parseUnmergeRequest } from '../identity-request.ts';
import { truthOf } from '../lookup/lookup-request.ts';
import type { HttpRequest } from '../transport/transport.ts';
import { readBody } from './body.ts';
import type { Exchange } from './exchange.ts';
import { parseJsonBytes } from './json-text.ts';
import { decodeAddress } from './lookup-route.ts';
import { parameterOf, readJson } from './query-route.ts';

/** `GET /v1/profiles/{id}/identity`. A slash in the id is to be percent-encoded. */
export async function identityGraphRoute(exchange: Exchange, request: HttpRequest): Promise<void> {
  const graph = await identityGraphAt(exchange.door.engine, decodeAddress(request.getParameter(0) ?? ''));
  if (graph === undefined) throw new EngineError('profile_not_found', 'no profile has this identifier');
  exchange.json(graph);
}

export async function mergeRoute(exchange: Exchange, request: HttpRequest): Promise<void> {
  const { engine } = exchange.door;
  const isDry = isDryRun(request);
  exchange.json(await engine.mergeProfiles(await parseMergeRequest(await readJson(exchange), engine, isDry)));
}

export async function unmergeRoute(exchange: Exchange, request: HttpRequest): Promise<void> {
  const { engine } = exchange.door;
  const isDry = isDryRun(request);
  exchange.json(await engine.unmergeProfile(await parseUnmergeRequest(await readJson(exchange), engine, isDry)));
}

export async function identitySettingsRoute(exchange: Exchange): Promise<void> {
  exchange.json(await exchange.door.engine.identitySettings());
}

export async function saveIdentitySettingsRoute(exchange: Exchange, request: HttpRequest): Promise<void> {
  const dryRun = isDryRun(request);
  exchange.json(await exchange.door.engine.setIdentitySettings(await readJson(exchange), { dryRun }));
}

/** Needs the admin key: the answer tells whom the engine has. */
export async function enrichmentRoute(exchange: Exchange): Promise<void> {
  const body = await readBody(exchange, { limitBytes: exchange.door.settings.limits.bodySizeBytes });
  let json: unknown;
  try {
    json = parseJsonBytes(body.bytes);
  } finally {
    body.release();
  }
  exchange.json(await exchange.door.engine.enrich(parseEnrichmentRequest(json)));
}

/** Read before the body: the request is gone after the handler's first await. */
function isDryRun(request: HttpRequest): boolean {
  const text = parameterOf(new URLSearchParams(request.getQuery() ?? ''), 'dryRun');
  return truthOf('dryRun', text ?? null) ?? false;
}
