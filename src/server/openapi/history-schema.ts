/** Shapes of a profile's past. */
import { z } from 'zod';
import type { ZodOpenApiPathItemObject } from 'zod-openapi';
import { CHANGE_LIMIT_MAX } from '../../engine/profile-history.ts';
import { failures, json, READ_SECURITY } from './operation.ts';

const origin = {
  source: z.string().nullable().meta({ description: 'As the call named it in `context`; null when it did not.' }),
  messageId: z.string(),
  at: z.string().meta({ description: "The call's time." }),
};

export const tracedTrait = z
  .strictObject({
    value: z.unknown(),
    ...origin,
    madeOf: z
      .array(z.strictObject({ value: z.unknown(), ...origin }))
      .optional()
      .meta({ description: 'Values of which a rule (`sum`, `union`) made this one, oldest first.' }),
  })
  .meta({ id: 'TracedTrait', description: 'A trait of a lookup with `verbose`, whose `traits` are by path.' });

export const traitHistory = z
  .strictObject({
    id: z.string(),
    changes: z.array(
      z
        .strictObject({
          trait: z.string(),
          kind: z.enum(['set', 'removed', 'kept']),
          value: z.unknown().optional().meta({ description: 'From then on; absent when removed.' }),
          previous: z.unknown().optional().meta({ description: 'Until then; absent when there was none.' }),
          ...origin,
        })
        .meta({ id: 'TraitChange' }),
    ),
    cursor: z.string().optional().meta({ description: 'For the next page; absent on the last.' }),
  })
  .meta({ id: 'TraitHistory' });

const moment = { type: 'string' as const, description: 'ISO 8601, or milliseconds since 1970.' };

/** Parameters of a lookup that look at the past. */
export const pastParameters = [
  {
    name: 'at',
    in: 'query' as const,
    description:
      'The profile as of that moment, by the times that events carry: ISO 8601 or milliseconds since 1970. Who is one person is as of now; an identifier is shown when the profile had it by then (time of receipt, to the second) or something of then came under it. 404 when nothing was known by then.',
    schema: { type: 'string' as const },
  },
  {
    name: 'verbose',
    in: 'query' as const,
    description: '`traits` becomes a flat map, path → TracedTrait: value, source, message id and time of each.',
    schema: { type: 'boolean' as const },
  },
];

export function historyPath(): ZodOpenApiPathItemObject {
  return {
    get: {
      operationId: 'getProfileHistory',
      summary: 'Every change of a profile’s traits',
      description:
        'In the order of the times that the calls carry. A call that repeats a value changes nothing and is told only with `all` (`kept`).',
      tags: ['read'],
      security: READ_SECURITY,
      parameters: [
        { name: 'id', in: 'path', required: true, schema: { type: 'string' }, description: 'Percent-encoded.' },
        {
          name: 'trait',
          in: 'query',
          description: 'Trait paths, separated by commas; each names what is below it too.',
          schema: { type: 'string' },
        },
        { name: 'from', in: 'query', description: 'Included.', schema: moment },
        { name: 'to', in: 'query', description: 'Included.', schema: moment },
        {
          name: 'limit',
          in: 'query',
          schema: { type: 'integer', minimum: 1, maximum: CHANGE_LIMIT_MAX, default: 100 },
        },
        { name: 'cursor', in: 'query', description: 'Of the page before.', schema: { type: 'string' } },
        { name: 'order', in: 'query', schema: { type: 'string', enum: ['asc', 'desc'], default: 'asc' } },
        { name: 'all', in: 'query', description: 'With calls that changed nothing.', schema: { type: 'boolean' } },
      ],
      responses: { 200: json(traitHistory, 'A page of changes.'), ...failures(400, 401, 403, 404, 500, 503) },
    },
  };
}
