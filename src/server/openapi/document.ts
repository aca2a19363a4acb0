/**
 * /openapi.json, made once and on demand. A test holds that it describes exactly the routes that the router serves, and
 * the server's tests check real answers against these schemas.
 */
import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { MAX_LOOKUP_EVENTS, MAX_LOOKUP_IDS } from '../lookup/lookup-request.ts';
import { batchRequest, errorAnswer, ingestAnswer, singleRequest } from './ingest-schema.ts';
import { profile, profilesAnswer, profilesRequest } from './profile-schema.ts';
import { queryAnswer, queryRequest } from './query-schema.ts';
import { STREAM_DESCRIPTION } from './stream-text.ts';

type Security = { [scheme: string]: string[] }[];

const INGEST_SECURITY: Security = [{ bearer: [] }, { basic: [] }, { writeKey: [] }];
const READ_SECURITY: Security = [{ bearer: [] }, { basic: [] }];
const OPEN: Security = [{}];
/** Open on a loopback host, else a read or admin key. */
const PAGE_SECURITY: Security = [{}, ...READ_SECURITY];

const json = (schema: z.ZodType, description: string) => ({ description, content: { 'application/json': { schema } } });
const text = (type: string, description: string) => ({ description, content: { [type]: { schema: z.string() } } });
const failures = (...statuses: (keyof typeof FAILURE)[]) =>
  Object.fromEntries(statuses.map((status) => [status, FAILURE[status]]));
const FAILURE = {
  400: json(errorAnswer, 'The request is wrong: repeating it does not help.'),
  401: json(errorAnswer, 'No valid key.'),
  403: json(errorAnswer, 'The key is known and may not do this.'),
  404: json(errorAnswer, 'Not found.'),
  408: json(errorAnswer, 'The query ran into its time-out.'),
  413: json(errorAnswer, 'Too large.'),
  415: json(errorAnswer, 'Content-Encoding is not gzip, deflate or br.'),
  429: json(errorAnswer, 'Too many at once: try again after `Retry-After` seconds.'),
  500: json(errorAnswer, "The server's mistake."),
  503: json(errorAnswer, 'Overloaded, out of memory or shutting down: try again after `Retry-After` seconds.'),
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
const fieldsParameter = {
  name: 'fields',
  in: 'query' as const,
  description: 'Trait paths or top-level names, separated by commas.',
  schema: { type: 'string' as const },
};

function ingestOperation(kind: string): ZodOpenApiOperationObject {
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

function pageOperation(
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

function paths(): ZodOpenApiPathsObject {
  const ingestKinds = ['identify', 'track', 'page', 'screen', 'group', 'alias', 'batch', 'import'];
  return {
    ...Object.fromEntries(ingestKinds.map((kind) => [`/v1/${kind}`, { post: ingestOperation(kind) }])),
    '/v1/profiles/{id}': {
      get: {
        operationId: 'getProfile',
        summary: 'One profile',
        description:
          '`{id}` is a user_id, or `type:value`. What has the form of the second and finds nobody is tried as a user_id.',
        tags: ['read'],
        security: READ_SECURITY,
        parameters: [
          { name: 'id', in: 'path', required: true, schema: { type: 'string' }, description: 'Percent-encoded.' },
          fieldsParameter,
          {
            name: 'events',
            in: 'query',
            description: 'How many of the newest events to include.',
            schema: { type: 'integer', minimum: 0, maximum: MAX_LOOKUP_EVENTS },
          },
        ],
        responses: { 200: json(profile, 'The profile.'), ...failures(400, 401, 403, 404, 500, 503) },
      },
    },
    '/v1/profiles/get': {
      post: {
        operationId: 'getProfiles',
        summary: `Up to ${MAX_LOOKUP_IDS} profiles`,
        tags: ['read'],
        security: READ_SECURITY,
        requestBody: { required: true, content: { 'application/json': { schema: profilesRequest } } },
        responses: {
          200: json(profilesAnswer, 'The profiles, in the order asked.'),
          ...failures(400, 401, 403, 413, 500, 503),
        },
      },
    },
    '/v1/query': {
      post: {
        operationId: 'query',
        summary: 'Ask for a segment',
        tags: ['read'],
        security: READ_SECURITY,
        requestBody: { required: true, content: { 'application/json': { schema: queryRequest } } },
        responses: { 200: json(queryAnswer, 'The exact answer.'), ...failures(400, 401, 403, 408, 413, 429, 500, 503) },
      },
    },
    '/v1/export': {
      get: {
        operationId: 'export',
        summary: 'All profiles, one JSON object a line',
        description: 'A connection that breaks off before the end of the chunked answer means that the export failed.',
        tags: ['read'],
        security: READ_SECURITY,
        parameters: [
          fieldsParameter,
          {
            name: 'events',
            in: 'query',
            description: '1 = with all events.',
            schema: { type: 'integer', enum: [0, 1] },
          },
        ],
        responses: { 200: text('application/x-ndjson', 'Lines of Profile.'), ...failures(400, 401, 403, 500, 503) },
      },
    },
    '/v1/stream': {
      get: {
        operationId: 'stream',
        summary: 'WebSocket: ingest, lookups and queries on one connection',
        description: STREAM_DESCRIPTION,
        tags: ['ingest', 'read'],
        security: [...INGEST_SECURITY, { keyInUrl: [] }, {}],
        responses: { 101: { description: 'Upgraded.' }, ...failures(400, 401, 503) },
      },
    },
    '/v1/admin/checkpoint': {
      post: {
        operationId: 'checkpoint',
        summary: 'Write a checkpoint now',
        tags: ['operation'],
        security: READ_SECURITY,
        responses: {
          200: json(
            z
              .strictObject({ seq: z.array(z.number()), sizeBytes: z.number(), tookMs: z.number() })
              .meta({ id: 'Checkpoint' }),
            'Written.',
          ),
          ...failures(401, 403, 500, 503),
        },
      },
    },
    '/v1/admin/state-hash': {
      get: {
        operationId: 'stateHash',
        summary: 'A hash of the whole content; reads everything',
        tags: ['operation'],
        security: READ_SECURITY,
        responses: {
          200: json(z.strictObject({ stateHash: z.string() }).meta({ id: 'StateHash' }), 'Equal for equal content.'),
          ...failures(401, 403, 500, 503),
        },
      },
    },
    '/health': {
      get: {
        operationId: 'health',
        summary: 'The process lives',
        tags: ['operation'],
        security: OPEN,
        responses: { 200: json(z.strictObject({ status: z.literal('ok') }), 'It does.') },
      },
    },
    '/ready': {
      get: {
        operationId: 'ready',
        summary: 'It serves',
        tags: ['operation'],
        security: OPEN,
        responses: {
          200: json(z.strictObject({ status: z.literal('ready') }), 'Send traffic.'),
          503: json(z.strictObject({ status: z.literal('not_ready') }), 'Recovering or shutting down.'),
        },
      },
    },
    '/metrics': pageOperation('metrics', 'Prometheus metrics', { 200: text('text/plain', 'Exposition format 0.0.4.') }),
    '/openapi.json': pageOperation('openapi', 'This document', { 200: json(z.looseObject({}), 'OpenAPI 3.1.') }),
    '/docs': pageOperation('docs', 'This document as a page, offline', { 200: text('text/html', 'The page.') }),
    '/docs/{file}': {
      get: {
        operationId: 'docsFile',
        summary: 'A file of the documentation page',
        tags: ['operation'],
        security: PAGE_SECURITY,
        parameters: [{ name: 'file', in: 'path', required: true, schema: { type: 'string' } }],
        responses: {
          200: {
            description: 'The file.',
            content: {
              'text/css': { schema: z.string() },
              'text/javascript': { schema: z.string() },
              'image/png': { schema: { type: 'string', format: 'binary' } },
            },
          },
          ...failures(401, 403, 404),
        },
      },
    },
  };
}

let cached: string | undefined;

/** The document as JSON text. */
export function openApiJson(): string {
  cached ??= JSON.stringify(
    createDocument({
      openapi: '3.1.0',
      info: {
        title: 'Kith',
        version: '1',
        description:
          'A customer data engine: events in, profiles and segments out, exact and at once. Errors everywhere: `{"error":{"code","message","details"?}}`.',
      },
      tags: [{ name: 'ingest' }, { name: 'read' }, { name: 'operation' }],
      paths: paths(),
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'The key. Write keys ingest, read keys read, admin keys do all.',
          },
          basic: { type: 'http', scheme: 'basic', description: 'The key as user name, any password.' },
          writeKey: { type: 'apiKey', in: 'header', name: 'X-Write-Key' },
          keyInUrl: { type: 'apiKey', in: 'query', name: 'key', description: 'WebSocket only.' },
        },
      },
    }),
  );
  return cached;
}
