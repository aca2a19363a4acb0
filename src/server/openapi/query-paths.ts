/** Questions, saved segments, the schema catalogue and completion, as operations of /openapi.json. */
import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { flatFunnelRequest, flatRetentionRequest } from './analysis-schema.ts';
import { failures, json, READ_SECURITY } from './operation.ts';
import { funnelAnswer, idsAnswer, queryAnswer, queryRequest, retentionAnswer } from './query-request-schema.ts';
import {
  catalogue,
  completionAnswer,
  completionRequest,
  segment,
  segmentList,
  segmentRequest,
  segmentSaved,
} from './segment-schema.ts';
import { whyAnswer, whyRequest } from './why-schema.ts';

const keyParameter = {
  name: 'key',
  in: 'path' as const,
  required: true,
  description: '1 to 64 of `a-z A-Z 0-9 . _ -`.',
  schema: { type: 'string' as const },
};
const textParameter = (name: string, description: string) => ({
  name,
  in: 'query' as const,
  description,
  schema: { type: 'string' as const },
});

function asked(
  operationId: string,
  summary: string,
  request: z.ZodType,
  answer: z.ZodType,
  description?: string | undefined,
): { post: ZodOpenApiOperationObject } {
  return {
    post: {
      operationId,
      summary,
      ...(description === undefined ? {} : { description }),
      tags: ['query'],
      security: READ_SECURITY,
      requestBody: { required: true, content: { 'application/json': { schema: request } } },
      responses: { 200: json(answer, 'The answer.'), ...failures(400, 401, 403, 408, 413, 429, 500, 503) },
    },
  };
}

export function queryPaths(): ZodOpenApiPathsObject {
  return {
    '/v1/query': asked(
      'query',
      'Ask a question about everyone',
      queryRequest,
      queryAnswer,
      'Exact, at one instant. `warnings` name what nobody ever sent.',
    ),
    '/v1/query/funnel': asked('funnel', 'A funnel, its fields at the top', flatFunnelRequest, funnelAnswer),
    '/v1/query/retention': asked(
      'retention',
      'Retention, its fields at the top',
      flatRetentionRequest,
      retentionAnswer,
    ),
    '/v1/query/complete': asked(
      'complete',
      'What may be typed next in a query text',
      completionRequest,
      completionAnswer,
      'The grammar says which kind of thing may stand at the cursor, the data says which ones there are.',
    ),
    '/v1/query/why': {
      post: {
        operationId: 'why',
        summary: 'Why one profile fits a condition or does not, and until when',
        tags: ['query'],
        security: READ_SECURITY,
        requestBody: { required: true, content: { 'application/json': { schema: whyRequest } } },
        responses: {
          200: json(whyAnswer, "The condition's tree with what each leaf saw."),
          ...failures(400, 401, 403, 404, 413, 500, 503),
        },
      },
    },
    '/v1/schema': {
      get: {
        operationId: 'schema',
        summary: 'Every trait, event and property that was ever sent',
        description: 'Read from the data when asked. With `event` or `trait` only that is read.',
        tags: ['query'],
        security: READ_SECURITY,
        parameters: [
          textParameter('event', 'Only this event and its properties.'),
          textParameter('trait', 'Only this trait, and what is below it.'),
        ],
        responses: { 200: json(catalogue, 'The catalogue.'), ...failures(400, 401, 403, 500, 503) },
      },
    },
    ...segmentPaths(),
  };
}

function segmentPaths(): ZodOpenApiPathsObject {
  const common = { tags: ['segments'], security: READ_SECURITY };
  return {
    '/v1/segments': {
      get: {
        ...common,
        operationId: 'listSegments',
        summary: 'All saved segments, in the order of their keys',
        responses: { 200: json(segmentList, 'The segments.'), ...failures(401, 403, 500, 503) },
      },
    },
    '/v1/segments/{key}': {
      get: {
        ...common,
        operationId: 'getSegment',
        summary: 'One saved segment',
        parameters: [keyParameter],
        responses: { 200: json(segment, 'The segment.'), ...failures(401, 403, 404, 500, 503) },
      },
      put: {
        ...common,
        operationId: 'saveSegment',
        summary: 'Save a condition under a key, new or in place of another',
        description: 'Needs the admin key. Conditions may name other segments; one that would reach itself is refused.',
        parameters: [keyParameter],
        requestBody: { required: true, content: { 'application/json': { schema: segmentRequest } } },
        responses: { 200: json(segmentSaved, 'As it is kept.'), ...failures(400, 401, 403, 413, 500, 503) },
      },
      delete: {
        ...common,
        operationId: 'deleteSegment',
        summary: 'Delete a segment that no other names',
        description: 'Needs the admin key.',
        parameters: [keyParameter],
        responses: {
          200: json(z.strictObject({ deleted: z.literal(true) }), 'It is gone.'),
          ...failures(401, 403, 404, 409, 500, 503),
        },
      },
    },
    '/v1/segments/{key}/members': {
      get: {
        ...common,
        operationId: 'segmentMembers',
        summary: 'Ids of the profiles in a segment, a page at a time',
        parameters: [
          keyParameter,
          { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1 } },
          textParameter('cursor', 'Of the page before.'),
        ],
        responses: { 200: json(idsAnswer, 'A page.'), ...failures(400, 401, 403, 404, 408, 500, 503) },
      },
    },
  };
}
