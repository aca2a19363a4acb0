/** Shapes of the Profile API's answers. Members that are null say that there is nothing to say, not that it was not looked for. */
import { z } from 'zod';
import { API_ERROR_CODES } from '../profile-api/api-answer.ts';
import { COLLECTIONS } from '../profile-api/profile-path.ts';

const source = z.union([z.string(), z.null()]).meta({
  description: "What the message's context names as its source (`source`, `source.name`, `library.name`).",
});
const messageId = z.union([z.string(), z.null()]);

export const apiCursor = z
  .strictObject({
    url: z.string().meta({ description: 'Of the next page; of this list when there is none.' }),
    has_more: z.boolean(),
    next: z.string().meta({ description: 'Opaque. Empty when there is nothing more.' }),
    limit: z.int(),
  })
  .meta({ id: 'ApiCursor' });

export const apiError = z
  .strictObject({ error: z.strictObject({ code: z.enum(API_ERROR_CODES), message: z.string() }) })
  .meta({ id: 'ApiError' });

export const apiTracedTrait = z
  .strictObject({ value: z.unknown(), source_id: source, updated_at: z.union([z.string(), z.null()]) })
  .meta({
    id: 'ApiTracedTrait',
    description: 'Of an object: the newest call that any of it came by. Of accounts neither is kept.',
  });

export const apiTraits = z
  .strictObject({ traits: z.record(z.string(), z.unknown()), cursor: apiCursor })
  .meta({ id: 'ApiTraits', description: 'By name. With `verbose` each value is an `ApiTracedTrait`.' });

export const apiTracedTraits = z
  .strictObject({ traits: z.record(z.string(), apiTracedTrait), cursor: apiCursor })
  .meta({ id: 'ApiTracedTraits' });

const named = { id: z.string(), type: z.string(), collection: z.enum(COLLECTIONS), encoding: z.literal('none') };

export const apiExternalId = z
  .strictObject({
    ...named,
    created_at: z.string().meta({ description: 'When the profile got it, to the second.' }),
    source_id: source,
    first_message_id: messageId.meta({
      description: 'The earliest message that came under this identifier; null when it only came along with others.',
    }),
  })
  .meta({ id: 'ApiExternalId' });

export const apiExternalIds = z
  .strictObject({ data: z.array(apiExternalId), cursor: apiCursor })
  .meta({ id: 'ApiExternalIds' });

export const apiEvent = z
  .strictObject({
    external_ids: z.array(z.strictObject(named)).meta({ description: 'The identifier that it came under.' }),
    type: z.enum(['track', 'page', 'screen', 'group', 'identify']),
    event: z.string().meta({ description: '`identify` for an identify call.' }),
    message_id: z.string(),
    source_id: source,
    timestamp: z.string(),
    properties: z.looseObject({}),
    traits: z.looseObject({}).optional().meta({ description: 'Of an identify call.' }),
    context: z.looseObject({}),
  })
  .meta({ id: 'ApiEvent' });

export const apiEvents = z.strictObject({ data: z.array(apiEvent), cursor: apiCursor }).meta({ id: 'ApiEvents' });

export const apiMetadata = z
  .strictObject({
    metadata: z
      .strictObject({
        created_at: z.string(),
        updated_at: z.string(),
        expires_at: z.null().meta({ description: 'Profiles do not expire.' }),
        first_message_id: messageId,
        first_source_id: source,
        last_message_id: messageId,
        last_source_id: source,
      })
      .partial(),
  })
  .meta({ id: 'ApiMetadata' });

export const apiLinks = z
  .strictObject({
    data: z.array(
      z.strictObject({
        to_collection: z.enum(COLLECTIONS),
        external_ids: z.array(apiExternalId.partial({ first_message_id: true })),
      }),
    ),
    cursor: apiCursor,
  })
  .meta({ id: 'ApiLinks' });
