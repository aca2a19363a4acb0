/**
 * Segment's Profile API as a second door to the same profiles: for callers that have it built in. Read only. What it shows is what
 * `/v1/profiles` shows, cut into pages and named as there.
 */
import { EngineError } from '../../model/error.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Route } from '../http/route.ts';
import type { HttpRequest } from '../transport/transport.ts';
import { ACCOUNT_READERS } from './account-answers.ts';
import { failApi, sendApiJson } from './api-answer.ts';
import { eventsPart } from './events-answer.ts';
import { externalIdsPart, linksPart, metadataPart } from './list-answers.ts';
import { PageQuery } from './page-query.ts';
import { COMMON_PARAMETERS, type PartReader } from './part-reader.ts';
import { PARTS, type Part, parseProfilePath, pathOfPart } from './profile-path.ts';
import { traitsPart } from './traits-answer.ts';

export const PART_READERS: Readonly<Record<Part, PartReader>> = {
  traits: traitsPart,
  external_ids: externalIdsPart,
  events: eventsPart,
  metadata: metadataPart,
  links: linksPart,
};

export function profileApiRoutes(): readonly Route[] {
  return PARTS.map((part) => ({
    method: 'get',
    path: pathOfPart(part),
    access: 'read',
    fail: failApi,
    handle: (exchange, request) => answerPart(exchange, request, part),
  }));
}

/** Reads the request before its first pause. */
async function answerPart(exchange: Exchange, request: HttpRequest, part: Part): Promise<void> {
  const path = request.getUrl();
  const rawQuery = request.getQuery() ?? '';
  const { collection, identifier } = parseProfilePath(path);
  const reader = collection === 'users' ? PART_READERS[part] : ACCOUNT_READERS[part];
  const query = new PageQuery(rawQuery, [...reader.parameters, ...COMMON_PARAMETERS]);
  const limit = query.count('limit', reader.limitUsual, reader.limitMax);
  const list = { path, queryWith: (next: string) => query.toString(next), limit };
  const isNobodyEmpty = query.flag('suppressNotFound');
  const body = await reader.read(exchange.door.engine, { identifier, query, list });
  if (body !== undefined) sendApiJson(exchange, body);
  else if (isNobodyEmpty) sendApiJson(exchange, reader.empty(list));
  else throw new EngineError('profile_not_found', 'no profile has this identifier, or it was not known by then');
}
