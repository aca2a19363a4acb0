/**
 * /openapi.json, made once and on demand. A test holds that it describes exactly the routes that the router serves, and
 * the server's tests check real answers against these schemas.
 */
import { z } from 'zod';
import { createDocument, type ZodOpenApiPathsObject } from 'zod-openapi';
import { MAX_LOOKUP_EVENTS, MAX_LOOKUP_IDS } from '../lookup/lookup-request.ts';
import { accountPaths } from './account-paths.ts';
import { clusterPath, notReady, quarantinePaths } from './cluster-schema.ts';
import { historyPath, pastParameters } from './history-schema.ts';
import { identityPaths } from './identity-paths.ts';
import { matchingPaths } from './matching-schema.ts';
import {
  epochHeader,
  failures,
  fieldsParameter,
  INGEST_SECURITY,
  ingestOperation,
  json,
  OPEN,
  PAGE_SECURITY,
  pageOperation,
  READ_SECURITY,
  text,
} from './operation.ts';
import { profileApiPaths } from './profile-api-paths.ts';
import { profile, profilesAnswer, profilesRequest } from './profile-schema.ts';
import { queryPaths } from './query-paths.ts';
import { STREAM_DESCRIPTION } from './stream-text.ts';

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
          ...pastParameters,
        ],
        responses: {
          200: { ...json(profile, 'The profile.'), headers: epochHeader },
          ...failures(400, 401, 403, 404, 500, 503),
        },
      },
    },
    '/v1/profiles/{id}/history': historyPath(),
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
    ...accountPaths(),
    ...identityPaths(),
    ...matchingPaths(),
    ...queryPaths(),
    ...profileApiPaths(),
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
    '/v1/cluster': clusterPath(),
    ...quarantinePaths(),
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
          503: json(notReady, 'Recovering, shutting down, or without one of its shards.'),
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
      tags: [
        { name: 'ingest' },
        { name: 'read' },
        { name: 'accounts' },
        { name: 'query' },
        { name: 'segments' },
        { name: 'identity' },
        { name: 'profile api' },
        { name: 'operation' },
      ],
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
