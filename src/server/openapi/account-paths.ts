/** Accounts as operations of /openapi.json, and their shapes. */
import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { failures, json, READ_SECURITY } from './operation.ts';

export const account = z
  .strictObject({
    id: z.string().meta({ description: 'The `groupId` of its calls.' }),
    traits: z.looseObject({}).optional(),
    first_seen: z.string().optional(),
    last_seen: z.string().optional(),
    people: z.int().optional().meta({ description: 'How many are in it now.' }),
  })
  .meta({ id: 'Account', description: 'All fields are present unless `fields` of a query chose some.' });

export const accountPage = z
  .strictObject({ accounts: z.array(account), cursor: z.string().optional() })
  .meta({ id: 'AccountPage' });

export const accountPeople = z
  .strictObject({ ids: z.array(z.string()), cursor: z.string().optional() })
  .meta({ id: 'AccountPeople' });

const idParameter = {
  name: 'id',
  in: 'path' as const,
  required: true,
  description: 'Percent-encoded.',
  schema: { type: 'string' as const },
};
const pageParameters = [
  { name: 'limit', in: 'query' as const, schema: { type: 'integer' as const, minimum: 1, maximum: 10_000 } },
  { name: 'cursor', in: 'query' as const, description: 'Of the page before.', schema: { type: 'string' as const } },
];

function read(
  operationId: string,
  summary: string,
  answer: z.ZodType,
  parameters: ZodOpenApiOperationObject['parameters'],
): { get: ZodOpenApiOperationObject } {
  return {
    get: {
      operationId,
      summary,
      tags: ['accounts'],
      security: READ_SECURITY,
      ...(parameters === undefined ? {} : { parameters }),
      responses: { 200: json(answer, 'The answer.'), ...failures(400, 401, 403, 404, 500, 503) },
    },
  };
}

export function accountPaths(): ZodOpenApiPathsObject {
  return {
    '/v1/accounts': read('listAccounts', 'All accounts, a page at a time', accountPage, pageParameters),
    '/v1/accounts/{id}': read('getAccount', 'One account', account, [idParameter]),
    '/v1/accounts/{id}/people': read('accountPeople', 'Ids of the people who are in an account', accountPeople, [
      idParameter,
      ...pageParameters,
    ]),
    '/v1/profiles/{id}/accounts': read('profileAccounts', 'The accounts that somebody is in', accountPage, [
      idParameter,
      ...pageParameters,
    ]),
  };
}
