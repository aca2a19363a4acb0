/** Probable duplicates: shapes of a run and of its suggestions, and their operations. */
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { MATCHING_STAGES, SUGGESTION_STATES } from '../../model/matching.ts';
import { PAGE_SIZE_MAX } from '../http/matching-route.ts';
import { failures, json, READ_SECURITY } from './operation.ts';
import { identifier } from './profile-schema.ts';

const time = z.string().meta({ description: 'ISO 8601.' });

export const matchingRequest = z
  .strictObject({
    fields: z.array(z.string()).min(1).max(16).optional().meta({
      description: 'Traits to compare by. Without it those whose names look like personal data.',
    }),
    suggestFrom: z.number().min(0.01).lt(1).optional().meta({
      description: 'Pairs from this probability on are suggested. Without it `linkage.review` of the rules.',
    }),
    seed: z.int().min(0).optional().meta({ description: 'Same data, same seed, same suggestions.' }),
  })
  .meta({ id: 'MatchingRequest' });

export const matchingState = z
  .strictObject({
    state: z.enum(['never', 'running', 'done', 'failed', 'cancelled']),
    startedAt: time.optional(),
    endedAt: time.optional(),
    progress: z
      .strictObject({ stage: z.enum(MATCHING_STAGES), done: z.int(), total: z.int() })
      .optional()
      .meta({ description: 'Each stage counts from 0 to its own total.' }),
    fields: z.array(z.string()).optional().meta({ description: 'Traits that are compared.' }),
    rules: z.array(z.string()).optional().meta({
      description: 'The keys that brought profiles together to be compared.',
    }),
    profiles: z.int().optional().meta({ description: 'Those with at least one of the traits.' }),
    comparedPairs: z.int().optional(),
    suggested: z.int().optional().meta({ description: 'Pairs that wait for a decision.' }),
    merged: z.int().optional().meta({ description: 'Pairs merged at once (`linkage.isAutomatic` of the rules).' }),
    error: z.strictObject({ code: z.string(), message: z.string() }).optional(),
  })
  .meta({ id: 'MatchingState', description: 'Of the run under way, or of the last one since the start.' });

export const suggestion = z
  .strictObject({
    id: z.string(),
    state: z.enum(SUGGESTION_STATES),
    a: identifier,
    b: identifier,
    probability: z.number(),
    weight: z.number().meta({
      description:
        'log2 of the odds that they are one person: `priorWeight`, `crowdWeight` and the weights of the evidence added up.',
    }),
    priorWeight: z.number().meta({ description: 'log2 of the odds of two profiles drawn at random.' }),
    crowdWeight: z.number().meta({
      description: 'Taken off because people who live or work together look alike too; 0 or below.',
    }),
    evidence: z.array(
      z.strictObject({
        field: z.string(),
        level: z.string().meta({ description: 'How alike the two values are.' }),
        a: z.string().meta({ description: 'In the form that is compared; empty = missing.' }),
        b: z.string(),
        weight: z.number().meta({ description: 'Above 0 it speaks for one person, below 0 for two.' }),
      }),
    ),
    suggestedAt: time,
    decidedAt: time.optional(),
  })
  .meta({ id: 'Suggestion' });

export const suggestionPage = z
  .strictObject({ suggestions: z.array(suggestion), cursor: z.string().optional() })
  .meta({ id: 'SuggestionPage', description: 'Likeliest first; `cursor` gives the next page.' });

const decision = z.strictObject({ decision: z.enum(['accept', 'reject']) }).meta({ id: 'Decision' });

const common = { tags: ['identity'], security: READ_SECURITY };
const body = (schema: z.ZodType) => ({ required: true, content: { 'application/json': { schema } } });

export function matchingPaths(): ZodOpenApiPathsObject {
  return {
    '/v1/identity/matching': {
      get: {
        ...common,
        operationId: 'getMatching',
        summary: 'How far the search for probable duplicates is, or what came of it',
        responses: { 200: json(matchingState, 'The state.'), ...failures(401, 403, 500, 503) },
      },
      post: {
        ...common,
        operationId: 'startMatching',
        summary: 'Search for profiles that are probably one person',
        description:
          'Runs on workers, one run at a time. Its suggestions take the place of those still open; pairs that were decided or cut are not suggested again.',
        requestBody: body(matchingRequest),
        responses: { 202: json(matchingState, 'It has begun.'), ...failures(400, 401, 403, 409, 413, 500, 503) },
      },
      delete: {
        ...common,
        operationId: 'cancelMatching',
        summary: 'Cancel the run under way',
        description: 'The suggestions of earlier runs stay. With no run under way nothing happens.',
        responses: { 200: json(matchingState, 'It has ended.'), ...failures(401, 403, 500, 503) },
      },
    },
    '/v1/identity/suggestions': {
      get: {
        ...common,
        operationId: 'getSuggestions',
        summary: 'Pairs of profiles that are probably one person, and why',
        description: 'Open ones whose profiles became one, or are gone, are left out.',
        parameters: [
          { name: 'state', in: 'query', schema: { type: 'string', enum: [...SUGGESTION_STATES], default: 'open' } },
          {
            name: 'limit',
            in: 'query',
            schema: { type: 'integer', minimum: 1, maximum: PAGE_SIZE_MAX, default: 100 },
          },
          { name: 'cursor', in: 'query', schema: { type: 'string' }, description: 'Of the page before.' },
        ],
        responses: { 200: json(suggestionPage, 'A page.'), ...failures(400, 401, 403, 500, 503) },
      },
    },
    '/v1/identity/suggestions/{id}': {
      post: {
        ...common,
        operationId: 'decideSuggestion',
        summary: 'Accept a suggestion, which merges the two, or reject it for good',
        description: 'A merge can be undone as any other: `POST /v1/identity/unmerge`.',
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
        requestBody: body(decision),
        responses: {
          200: json(suggestion, 'As it was decided.'),
          ...failures(400, 401, 403, 404, 409, 413, 500, 503),
        },
      },
    },
  };
}
