/** The Profile API as operations of /openapi.json. */
import type { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { EVENT_SORTS } from '../profile-api/events-answer.ts';
import { COMMON_PARAMETERS } from '../profile-api/part-reader.ts';
import { PART_READERS } from '../profile-api/profile-api-route.ts';
import { COLLECTIONS, PARTS, type Part, pathOfPart } from '../profile-api/profile-path.ts';
import { TRAIT_CLASSES } from '../profile-api/traits-answer.ts';
import { json, READ_SECURITY } from './operation.ts';
import { apiError, apiEvents, apiExternalIds, apiLinks, apiMetadata, apiTraits } from './profile-api-schema.ts';

const OPERATIONS: Readonly<Record<Part, { readonly summary: string; readonly answer: z.ZodType }>> = {
  traits: {
    summary: 'Traits, by name; with `class=audience` the saved segments that the profile is in',
    answer: apiTraits,
  },
  external_ids: { summary: 'Identifiers, by type and value', answer: apiExternalIds },
  events: {
    summary: 'Events of all names and all times, identify calls among them, newest first',
    answer: apiEvents,
  },
  metadata: { summary: 'First and last message', answer: apiMetadata },
  links: { summary: 'The accounts that a person is in, by id; the people of an account', answer: apiLinks },
};

const DESCRIPTION =
  "The shapes of Segment's Profile API over the same profiles as `/v1/profiles`. There is one space: any name of it is taken. An account is named by its `group_id`; it has no events of its own and no past. Every answer has a `Request-Id`.";

const QUERY_TEXTS: Readonly<Record<string, string>> = {
  next: '`cursor.next` of the page before.',
  include: 'Names to keep (traits, event names, types of identifiers, keys of segments), separated by commas.',
  exclude: 'Event names to leave out, separated by commas.',
  class: 'Absent = traits that were sent. Nothing computes traits here, so `computed_trait` gives none.',
  fields: 'Paths (`address.city`) to keep inside of traits or properties, separated by commas.',
  start: 'ISO 8601: events from then on.',
  end: 'ISO 8601: events before then.',
  sort: 'By time.',
  verbose: 'Traits as `ApiTracedTrait`: value, source, time. Of an audience, `updated_at` is when it was looked at.',
  as_of: 'ISO 8601: the profile as of a past moment. Who is one person is as of now.',
  suppressNotFound: 'Nobody there: 200 with an empty answer in place of 404.',
};

function queryParameter(part: Part, name: string) {
  const { limitUsual, limitMax } = PART_READERS[part];
  const base = { name, in: 'query' as const };
  if (name === 'limit') {
    const schema = { type: 'integer' as const, minimum: 1, maximum: limitMax, default: limitUsual };
    return { ...base, description: 'Things on a page.', schema };
  }
  const description = QUERY_TEXTS[name];
  const isFlag = name === 'verbose' || name === 'suppressNotFound';
  if (isFlag) return { ...base, description, schema: { type: 'boolean' as const } };
  const choices = name === 'class' ? TRAIT_CLASSES : name === 'sort' ? EVENT_SORTS : undefined;
  const schema = { type: 'string' as const, ...(choices === undefined ? {} : { enum: [...choices] }) };
  return { ...base, description, schema };
}

function pathParameter(name: string, description: string, choices?: readonly string[]) {
  const schema = { type: 'string' as const, ...(choices === undefined ? {} : { enum: [...choices] }) };
  return { name, in: 'path' as const, required: true, description, schema };
}

const FAILURES = {
  400: json(apiError, '`validation_error`: the path is wrong. `invalid_request_error`: a parameter is.'),
  401: json(apiError, '`authentication_error`: no valid key.'),
  403: json(apiError, '`authentication_error`: the key is known and may not read.'),
  404: json(apiError, '`not_found`: nobody has the identifier, or had been seen by then.'),
  500: json(apiError, "`internal_error`: the server's mistake, logged with the `Request-Id`."),
  503: json(apiError, '`rate_limit_error`: try again after `Retry-After` seconds.'),
};

export function profileApiPaths(): ZodOpenApiPathsObject {
  return Object.fromEntries(
    PARTS.map((part) => {
      const { summary, answer } = OPERATIONS[part];
      const names = [...PART_READERS[part].parameters, ...COMMON_PARAMETERS];
      const operation = {
        operationId: `profileApi_${part}`,
        summary,
        description: DESCRIPTION,
        tags: ['profile api'],
        security: READ_SECURITY,
        parameters: [
          pathParameter('space', 'Any name.'),
          pathParameter('collection', 'People, or accounts.', COLLECTIONS),
          pathParameter('profile', '`type:value`, such as `user_id:u1`, percent-encoded: `email:a%40b.c`.'),
          ...names.map((name) => queryParameter(part, name)),
        ],
        responses: { 200: json(answer, 'A page.'), ...FAILURES },
      };
      return [pathOfPart(part), { get: operation }];
    }),
  );
}
