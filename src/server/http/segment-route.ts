/** Saved segments: the admin key writes, the read key reads and lists who is in one. */
import { EngineError } from '../../model/error.ts';
import type { SegmentRequest } from '../../model/segment.ts';
import { showingMistakes } from '../text-mistake.ts';
import type { HttpRequest } from '../transport/transport.ts';
import type { Exchange } from './exchange.ts';
import { isRecord } from './json-text.ts';
import { parameterOf, readJson, signalOf } from './query-route.ts';

const PREFIX_LENGTH = '/v1/segments/'.length;

export async function segmentsRoute(exchange: Exchange): Promise<void> {
  exchange.json({ segments: await exchange.door.engine.segments() });
}

export async function segmentRoute(exchange: Exchange, request: HttpRequest): Promise<void> {
  const key = keyOf(request);
  const segment = await exchange.door.engine.segment(key);
  if (segment === undefined) throw notFound(key);
  exchange.json(segment);
}

/** 200 with the segment as it is kept, whether it is new or not. */
export async function saveSegmentRoute(exchange: Exchange, request: HttpRequest): Promise<void> {
  const key = keyOf(request);
  const body = await readJson(exchange);
  if (!isRecord(body)) throw new EngineError('invalid_segment', 'the body must be a JSON object with "where"');
  const segment = body as Partial<SegmentRequest> as SegmentRequest;
  exchange.json(await showingMistakes(segment.where, async () => exchange.door.engine.saveSegment(key, segment)));
}

export async function deleteSegmentRoute(exchange: Exchange, request: HttpRequest): Promise<void> {
  await exchange.door.engine.deleteSegment(keyOf(request));
  exchange.json({ deleted: true });
}

/** A page of ids, as the query `{"where":{"segment":key},"as":"ids"}` gives them. */
export async function segmentMembersRoute(exchange: Exchange, request: HttpRequest): Promise<void> {
  const key = decode(request.getParameter(0) ?? '');
  const parameters = new URLSearchParams(request.getQuery() ?? '');
  const limit = parameterOf(parameters, 'limit');
  const cursor = parameterOf(parameters, 'cursor');
  if (limit !== undefined && !/^[1-9]\d{0,8}$/.test(limit)) {
    throw new EngineError('invalid_request', '"limit" must be a whole number of 1 or more');
  }
  const { engine } = exchange.door;
  const signal = signalOf(exchange);
  if ((await engine.segment(key)) === undefined) throw notFound(key);
  exchange.json(
    await engine.query(
      {
        where: { segment: key },
        as: 'ids',
        ...(limit === undefined ? {} : { limit: Number(limit) }),
        ...(cursor === undefined ? {} : { cursor }),
      },
      signal,
    ),
  );
}

function keyOf(request: HttpRequest): string {
  return decode(request.getUrl().slice(PREFIX_LENGTH));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new EngineError('malformed_request', 'the key in the path is not valid percent-encoded UTF-8');
  }
}

function notFound(key: string): EngineError {
  return new EngineError('segment_not_found', `there is no segment ${JSON.stringify(key.slice(0, 64))}`);
}
