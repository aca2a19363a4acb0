/** The pieces that the operations of /openapi.json are put together from. */
import { z } from 'zod';
import type { ZodOpenApiOperationObject } from 'zod-openapi';
import { batchRequest, errorAnswer, ingestAnswer, singleRequest } from './ingest-schema.ts';

type Security = { [scheme: string]: string[] }[];

export const INGEST_SECURITY: Security = [{ bearer: [] }, { basic: [] }, { writeKey: [] }];
export const READ_SECURITY: Security = [{ bearer: [] }, { basic: [] }];
export const OPEN: Security = [{}];
/** Open on a loopback host, else a read or admin key. */
export const PAGE_SECURITY: Security = [{}, ...READ_SECURITY];

export const json = (schema: z.ZodType, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});
export const text = (type: string, description: string) => ({
  description,
  content: { [type]: { schema: z.string() } },
});
export const failures = (...statuses: (keyof typeof FAILURE)[]) =>
  Object.fromEntries(
    // Whatever may be away may also be too slow.
    statuses
      .flatMap((status): (keyof typeof FAILURE)[] => (status === 503 ? [503, 504] : [status]))
      .map((status) => [status, FAILURE[status]]),
  );
const FAILURE = {
  400: json(errorAnswer, 'The request is wrong: repeating it does not help.'),
  401: json(errorAnswer, 'No valid key.'),
  403: json(errorAnswer, 'The key is known and may not do this.'),
  404: json(errorAnswer, 'Not found.'),
  408: json(errorAnswer, 'The query ran into its time-out.'),
  409: json(errorAnswer, 'Others need it: change or delete them first.'),
  413: json(errorAnswer, 'Too large.'),
  415: json(errorAnswer, 'Content-Encoding is not gzip, deflate or br.'),
  429: json(errorAnswer, 'Too many at once: try again after `Retry-After` seconds.'),
  500: json(errorAnswer, "The server's mistake."),
  503: json(
    errorAnswer,
    'Overloaded, out of memory, shutting down, or a shard is away: try again after `Retry-After` seconds.',
  ),
  504: json(errorAnswer, 'A shard did not answer in time; what was sent may have been done.'),
};

const ackParameters = [
  {
    name: 'X-Kith-Ack',
    in: 'header' as const,
    description:
      'When to answer: `durable` (default, on disk), `applied` (visible in memory) or `received`. Also as `?ack=`.',
    schema: { type: 'string' as const, enum: ['durable', 'applied', 'received'] },
  },
  {
    name: 'Content-Encoding',
    in: 'header' as const,
    description: 'The limits hold for the decoded body.',
    schema: { type: 'string' as const, enum: ['gzip', 'deflate', 'br', 'identity'] },
  },
];
/** For answers whose body is the profile's own. */
export const epochHeader = {
  'x-kith-epoch': {
    description:
      'Of a cluster alone: the epoch of the map in `/v1/cluster` that the answer went by. A client that goes by an older one fetches it again.',
    schema: { type: 'integer' as const },
  },
};
export const fieldsParameter = {
  name: 'fields',
  in: 'query' as const,
  description: 'Trait paths or top-level names, separated by commas.',
  schema: { type: 'string' as const },
};

export function ingestOperation(kind: string): ZodOpenApiOperationObject {
  const isBatch = kind === 'batch' || kind === 'import';
  return {
    operationId: kind,
    summary: isBatch
      ? `Ingest many items${kind === 'import' ? ' of the past, with timestamps taken as they stand' : ''}`
      : `Ingest one ${kind}`,
    tags: ['ingest'],
    security: INGEST_SECURITY,
    parameters: ackParameters,
    requestBody: {
      required: true,
      content: { 'application/json': { schema: isBatch ? batchRequest : singleRequest } },
    },
    responses: {
      200: json(ingestAnswer, isBatch ? 'What became of each item: a bad one does not sink the others.' : 'Accepted.'),
      ...failures(400, 401, 403, 413, 415, 429, 500, 503),
    },
  };
}

export function pageOperation(
  operationId: string,
  summary: string,
  ok: ZodOpenApiOperationObject['responses'],
): { get: ZodOpenApiOperationObject } {
  return {
    get: {
      operationId,
      summary,
      tags: ['operation'],
      security: PAGE_SECURITY,
      responses: { ...ok, ...failures(401, 403) },
    },
  };
}
