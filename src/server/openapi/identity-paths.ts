/** Identity as operations of /openapi.json. */
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { enrichmentAnswer, enrichmentRequest } from './enrichment-schema.ts';
import {
  identityGraph,
  identitySettings,
  identitySettingsAnswer,
  identitySettingsRequest,
  mergeAnswer,
  mergeRequest,
  unmergeAnswer,
  unmergeRequest,
} from './identity-schema.ts';
import { failures, json, READ_SECURITY } from './operation.ts';

const common = { tags: ['identity'], security: READ_SECURITY };
const dryRunParameter = {
  name: 'dryRun',
  in: 'query' as const,
  description: 'Only say what would come of it.',
  schema: { type: 'boolean' as const },
};

function command(
  operation: Pick<ZodOpenApiOperationObject, 'operationId' | 'summary' | 'description'>,
  request: Parameters<typeof json>[0],
  answer: Parameters<typeof json>[0],
): ZodOpenApiOperationObject {
  return {
    ...common,
    ...operation,
    parameters: [dryRunParameter],
    requestBody: { required: true, content: { 'application/json': { schema: request } } },
    responses: { 200: json(answer, 'Done, or what would be.'), ...failures(400, 401, 403, 404, 409, 413, 500, 503) },
  };
}

export function identityPaths(): ZodOpenApiPathsObject {
  return {
    '/v1/profiles/{id}/identity': {
      get: {
        ...common,
        operationId: 'getIdentity',
        summary: 'What holds a profile together, and what happened to its identity',
        description: 'A slash in the id must be percent-encoded.',
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
        responses: {
          200: json(identityGraph, 'Identifiers, links, journal.'),
          ...failures(400, 401, 403, 404, 500, 503),
        },
      },
    },
    '/v1/identity/merge': {
      post: command({ operationId: 'mergeProfiles', summary: 'Make one profile of two' }, mergeRequest, mergeAnswer),
    },
    '/v1/identity/unmerge': {
      post: command(
        {
          operationId: 'unmergeProfile',
          summary: 'Undo a link, or separate some identifiers of a profile from the rest',
          description:
            'Events go with the identifier that they came under. Links that were cut do not come back by events.',
        },
        unmergeRequest,
        unmergeAnswer,
      ),
    },
    '/v1/enrichment': {
      post: {
        ...common,
        operationId: 'enrich',
        summary: 'Join second- and third-party data to the profiles that there are',
        description:
          'Makes no profile, attaches no identifier, moves no `last_seen`. The same of source, priority, identifier, traits and time changes nothing.',
        requestBody: { required: true, content: { 'application/json': { schema: enrichmentRequest } } },
        responses: {
          200: json(enrichmentAnswer, 'What became of each record.'),
          ...failures(400, 401, 403, 413, 500, 503),
        },
      },
    },
    '/v1/identity/settings': {
      get: {
        ...common,
        operationId: 'getIdentitySettings',
        summary: 'The rules of identity in force',
        responses: { 200: json(identitySettings, 'With every default filled in.'), ...failures(401, 403, 500, 503) },
      },
      put: command(
        { operationId: 'putIdentitySettings', summary: 'Put other rules of identity in force' },
        identitySettingsRequest,
        identitySettingsAnswer,
      ),
    },
  };
}
