/** Accounts over HTTP, with a real engine behind the door. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { account, accountPage, accountPeople } from '../../src/server/openapi/account-paths.ts';
import { queryAnswer, queryRequest } from '../../src/server/openapi/query-request-schema.ts';
import type { RunningServer } from '../../src/server/server.ts';
import type { TestEngine } from '../helpers/test-engine.ts';
import { asReader, asWriter, call, openEngine, post, serve } from './harness.ts';

let engine: TestEngine;
let server: RunningServer;

beforeEach(async () => {
  engine = await openEngine({ shards: 2, workers: 1 });
  server = await serve(engine);
  const timestamp = '2026-01-01T00:00:00Z';
  await post(`${server.url}/v1/import`, {
    batch: [
      { type: 'group', userId: 'ada', groupId: 'a/b c', traits: { plan: 'pro' }, timestamp, messageId: '1' },
      { type: 'group', userId: 'bob', groupId: 'a/b c', timestamp, messageId: '2' },
      { type: 'group', anonymousId: 'eve', groupId: 'tiny', traits: { plan: 'free' }, timestamp, messageId: '3' },
      { type: 'track', userId: 'joe', event: 'Login', timestamp, messageId: '4' },
    ],
  });
});
afterEach(async () => {
  await server.close();
  await engine.close();
});

const get = (path: string) => call(`${server.url}/v1/${path}`, { headers: asReader });

describe('accounts', () => {
  test('are listed and looked up', async () => {
    const seen = { first_seen: '2026-01-01T00:00:00.000Z', last_seen: '2026-01-01T00:00:00.000Z' };
    const first = { id: 'a/b c', traits: { plan: 'pro' }, ...seen, people: 2 };
    const one = await get('accounts/a%2Fb%20c');
    expect([one.status, account.parse(one.json)]).toEqual([200, first]);
    const page = accountPage.parse((await get('accounts?limit=1')).json);
    const rest = accountPage.parse((await get(`accounts?limit=1&cursor=${page.cursor}`)).json);
    expect([...page.accounts, ...rest.accounts].map(({ id }) => id).sort()).toEqual(['a/b c', 'tiny']);
    expect(rest.cursor).toBeUndefined();
    const people = accountPeople.parse((await get('accounts/a%2Fb%20c/people')).json);
    expect([...people.ids].sort()).toEqual(['ada', 'bob']);
    expect(accountPage.parse((await get('profiles/ada/accounts')).json)).toEqual({ accounts: [first] });
    expect((await get('profiles/anonymous_id:eve/accounts')).json.accounts).toHaveLength(1);
    expect((await get('profiles/joe/accounts')).json).toEqual({ accounts: [] });
  });

  test('are asked of, and asked about', async () => {
    const ask = (body: object) => post(`${server.url}/v1/query`, body, asReader);
    const ofPeople = { where: { account: { trait: 'plan', op: 'eq', value: 'pro' }, match: 'all' }, as: 'ids' };
    expect((await ask(queryRequest.parse(ofPeople))).json.ids.sort()).toEqual(['ada', 'bob']);
    const ofAccounts = { of: 'accounts', where: 'no person (did "Login") and plan = "free"', as: 'profiles' };
    const answer = await ask(queryRequest.parse(ofAccounts));
    queryAnswer.parse(answer.json);
    expect(answer.json.profiles).toMatchObject([{ id: 'tiny', people: 1 }]);
  });

  test.each([
    ['accounts/none', 404, 'account_not_found'],
    ['accounts/none/people', 404, 'account_not_found'],
    ['profiles/none/accounts', 404, 'profile_not_found'],
    ['accounts?limit=0', 400, 'invalid_request'],
    ['accounts?limit=10001', 400, 'query_invalid'],
    ['accounts?page=2', 400, 'invalid_request'],
    ['accounts?cursor=x', 400, 'invalid_cursor'],
    ['profiles/ada/accounts?cursor=x', 400, 'invalid_cursor'],
    ['accounts/%FF', 400, 'malformed_request'],
  ])('%s: %i %s', async (path, status, code) => {
    const answer = await get(path);
    expect([answer.status, answer.json.error.code]).toEqual([status, code]);
  });

  test('need a read key', async () => {
    for (const path of ['accounts', 'accounts/tiny', 'accounts/tiny/people', 'profiles/ada/accounts']) {
      expect((await call(`${server.url}/v1/${path}`, { headers: asWriter })).status).toBe(403);
      expect((await call(`${server.url}/v1/${path}`)).status).toBe(401);
    }
  });
});
