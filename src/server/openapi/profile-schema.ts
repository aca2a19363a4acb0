/** Shapes of profile reads. */
import { z } from 'zod';
import { MAX_LOOKUP_EVENTS, MAX_LOOKUP_IDS } from '../lookup/lookup-request.ts';
import { tracedTrait } from './history-schema.ts';
import { mapEpoch } from './ingest-schema.ts';

export const identifier = z.strictObject({ type: z.string(), value: z.string() }).meta({ id: 'Identifier' });

const profileEvent = z
  .strictObject({
    event: z.string(),
    timestamp: z.string(),
    properties: z.looseObject({}),
    messageId: z.string(),
    context: z.looseObject({}).optional(),
  })
  .meta({ id: 'ProfileEvent' });

export const profile = z
  .strictObject({
    id: z.string(),
    identifiers: z.array(identifier).optional(),
    traits: z
      .union([z.looseObject({}), z.record(z.string(), tracedTrait)])
      .optional()
      .meta({ description: 'Nested; with `verbose` by path.' }),
    first_seen: z.string().optional(),
    last_seen: z.string().optional(),
    counts: z.record(z.string(), z.int()).optional().meta({ description: 'Events by name, ever.' }),
    segments: z.array(z.string()).optional(),
    events: z.array(profileEvent).optional().meta({ description: 'Newest first; only when asked for.' }),
  })
  .meta({ id: 'Profile', description: 'All fields are present unless `fields` chose some; `id` always is.' });

export const address = z
  .union([z.string(), identifier])
  .meta({ id: 'Address', description: '`user-1` (a user_id), `email:a@b.c` (type and value), or the two spelt out.' });

export const profilesRequest = z
  .looseObject({
    ids: z.array(address).max(MAX_LOOKUP_IDS),
    fields: z.array(z.string()).optional(),
    events: z.int().min(0).max(MAX_LOOKUP_EVENTS).optional(),
    at: z
      .union([z.string(), z.int()])
      .optional()
      .meta({ description: 'A past moment, as in `GET /v1/profiles/{id}`.' }),
    verbose: z.boolean().optional(),
  })
  .meta({ id: 'ProfilesRequest' });

export const profilesAnswer = z
  .strictObject({
    profiles: z.array(profile.nullable()).meta({ description: 'In the order of `ids`; null for who is not known.' }),
    epoch: mapEpoch,
  })
  .meta({ id: 'ProfilesAnswer' });
