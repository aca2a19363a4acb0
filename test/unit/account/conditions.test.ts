/** Conditions on accounts where they meet the rest of the language: text, checks, segments, why, explain, `at`, warnings, unmerge. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EngineError } from '../../../src/model/error.ts';
import type { QueryRequest } from '../../../src/model/query.ts';
import { checkExpression } from '../../../src/query/parser/check-expression.ts';
import { parseText } from '../../../src/query/parser/parse-text.ts';
import { printExpression } from '../../../src/query/parser/print.ts';
import type { TestEngine } from '../../helpers/test-engine.ts';
import { openEngine } from '../../server/harness.ts';

let engine: TestEngine;
const clock = { nowMs: () => Date.parse('2026-03-01T00:00:00Z') };
const at = (day: number): string => `2026-01-${String(day).padStart(2, '0')}T00:00:00Z`;

beforeEach(async () => {
  engine = await openEngine({ shards: 3, workers: 1, clock });
  const group = (userId: string, groupId: string, day: number, traits = {}) => {
    return { type: 'group', userId, groupId, traits, timestamp: at(day) };
  };
  await engine.ingest([
    group('ada', 'acme', 1, { plan: 'pro', employees: 200, address: { city: 'Ulm' } }),
    group('bob', 'acme', 5, { employees: 250 }),
    // Came late: it says nothing that is newer.
    group('bob', 'acme', 2, { employees: 1, since: 1999 }),
    group('bob', 'tiny', 3, { plan: 'free', employees: 2 }),
    group('eve', 'tiny', 4),
    group('sue', 'gone', 4, { plan: 'pro' }),
    { type: 'track', userId: 'sue', event: 'Group Left', properties: { group_id: 'gone' }, timestamp: at(6) },
    { type: 'track', userId: 'ada', event: 'Login', timestamp: at(7) },
    { type: 'identify', userId: 'joe', traits: { plan: 'pro' }, timestamp: at(7) },
  ]);
});
afterEach(() => engine.close());

async function ids(where: QueryRequest['where'], of?: 'accounts'): Promise<string[]> {
  const answer = await engine.query({ where, as: 'ids', ...(of === undefined ? {} : { of }) });
  return 'ids' in answer ? [...answer.ids].sort() : [];
}

async function failure(work: () => Promise<unknown>): Promise<EngineError> {
  try {
    await work();
  } catch (error) {
    return error as EngineError;
  }
  throw new Error('it did not fail');
}

test.each([
  ['any account (plan = "pro")', ['ada', 'bob']],
  ['account(plan = "pro" and employees > 100)', ['ada', 'bob']],
  ['all accounts (plan = "pro")', ['ada']],
  ['no account (plan = "pro")', ['eve', 'joe', 'sue']],
  ['no account (everyone)', ['joe', 'sue']],
  ['plan = "pro" or any account (address.city = "Ulm")', ['ada', 'bob', 'joe']],
  ['any account (any person (did "Login"))', ['ada', 'bob']],
  ['any account (no person (did "Login"))', ['bob', 'eve']],
  ['not any account (all people (any account (plan = "pro")))', ['eve', 'joe', 'sue']],
])('of people: %s', async (where, expected) => {
  expect(await ids(where)).toEqual(expected);
});

test.each([
  ['plan = "pro"', ['acme', 'gone']],
  ['employees between 100 and 300', ['acme']],
  ['since = 1999', ['acme']],
  ['first_seen before "2026-01-04"', ['acme', 'tiny']],
  ['any person (did "Login")', ['acme']],
  ['all people (did "Login")', []],
  ['no person (everyone)', ['gone']],
  ['plan = "pro" and not all people (any account (plan = "free"))', ['acme', 'gone']],
  ['random "a" from 0 to 1', ['acme', 'gone', 'tiny']],
])('of accounts: %s', async (where, expected) => {
  expect(await ids(where, 'accounts')).toEqual(expected);
});

test('accounts are counted, shown, aggregated and grouped', async () => {
  expect(await engine.query({ of: 'accounts', as: 'count' })).toMatchObject({ count: 3 });
  const shown = await engine.query({ of: 'accounts', where: 'since exists', as: 'profiles' });
  const acme = {
    id: 'acme',
    traits: { plan: 'pro', employees: 250, address: { city: 'Ulm' }, since: 1999 },
    first_seen: '2026-01-01T00:00:00.000Z',
    last_seen: '2026-01-05T00:00:00.000Z',
    people: 2,
  };
  expect('profiles' in shown && shown.profiles).toEqual([acme]);
  const fields = await engine.query({
    of: 'accounts',
    where: 'since exists',
    as: 'profiles',
    fields: ['plan', 'people'],
  });
  expect('profiles' in fields && fields.profiles).toEqual([{ id: 'acme', traits: { plan: 'pro' }, people: 2 }]);
  const sum = await engine.query({ of: 'accounts', as: 'aggregate', aggregate: { fn: 'sum', trait: 'employees' } });
  expect(sum).toMatchObject({ value: 252 });
  const groups = await engine.query({ of: 'accounts', as: 'breakdown', breakdown: { by: ['plan'] } });
  expect(groups).toMatchObject({
    groups: [
      { values: ['pro'], profiles: 2 },
      { values: ['free'], profiles: 1 },
    ],
  });
  const { accounts, cursor } = await engine.accounts.list({ limit: 2 });
  const rest = await engine.accounts.list({ limit: 2, cursor });
  expect([...accounts, ...rest.accounts].map(({ id }) => id).sort()).toEqual(['acme', 'gone', 'tiny']);
  const first = await engine.accounts.people('acme', { limit: 1 });
  const second = await engine.accounts.people('acme', { limit: 1, cursor: first?.cursor });
  expect([...first!.ids, ...second!.ids].sort()).toEqual(['ada', 'bob']);
  expect([await engine.accounts.get('none'), await engine.accounts.people('none')]).toEqual([undefined, undefined]);
});

test('conditions on accounts choose whose events are looked at', async () => {
  const where = 'any account (plan = "pro")';
  const funnel = { steps: [{ event: 'Group Joined' }, { event: 'Login' }] };
  expect(await engine.query({ where, as: 'funnel', funnel })).toMatchObject({ steps: [{ count: 2 }, { count: 1 }] });
  const overlap = {
    segments: [
      { name: 'a', where },
      { name: 'b', where: 'any account (plan = "free")' },
    ],
  };
  expect(await engine.query({ as: 'overlap', overlap })).toMatchObject({ pairs: [{ both: 1, onlyA: 1, onlyB: 1 }] });
  expect(await engine.query({ where, mode: 'estimate' })).toMatchObject({ count: 2 });
  const { plan } = await engine.query({ where, explain: true });
  expect(plan?.root).toMatchObject({ operator: 'bitmap', detail: 'any account (plan = "pro")', rows: 2 });
});

test('saved segments may hold them, and be held by them', async () => {
  await engine.saveSegment('active', { where: 'did "Login"' });
  await engine.saveSegment('b2b', { where: 'any account (any person (in segment active))' });
  expect(await ids('in segment b2b')).toEqual(['ada', 'bob']);
  expect((await engine.segment('b2b'))?.text).toBe('any account (any person (in segment active))');
  expect((await failure(() => engine.deleteSegment('active'))).code).toBe('segment_in_use');
  const cycle = await failure(() =>
    engine.saveSegment('active', { where: 'no account (any person (in segment b2b))' }),
  );
  expect(cycle.code).toBe('segment_cycle');
  const why = await engine.why({ type: 'user_id', value: 'bob' }, 'in segment b2b and not did "Login"');
  expect([why?.isMember, why?.why.of?.[0].of?.[0]]).toEqual([
    true,
    { text: 'any account (any person (in segment active))', isTrue: true, changesAt: null },
  ]);
  const eve = await engine.why({ type: 'user_id', value: 'eve' }, 'in segment b2b');
  expect(eve?.isMember).toBe(false);
});

describe('what is refused', () => {
  test.each([
    ['any person (did "Login")', undefined, 'query_invalid'],
    ['did "Login"', 'accounts', 'query_invalid'],
    ['any account (did "Login")', undefined, 'query_invalid'],
    ['any account (in segment a)', undefined, 'query_invalid'],
    ['any account (any account (plan = "pro"))', undefined, 'query_invalid'],
    ['any account ()', undefined, 'query_syntax'],
    ['any account plan = "pro"', undefined, 'query_syntax'],
    ['any account (plan = "pro"', undefined, 'query_syntax'],
    [{ account: { trait: 'a', op: 'exists' }, match: 'most' }, undefined, 'query_invalid'],
    [{ account: { trait: 'a', op: 'exists' }, of: 2 }, undefined, 'query_invalid'],
    [{ account: 5 }, undefined, 'query_invalid'],
  ] as const)('%j of %s: %s', async (where, of, code) => {
    const error = await failure(() => engine.query({ where, of } as unknown as QueryRequest));
    expect([error.code, error.message]).toEqual([code, expect.any(String)]);
  });

  test.each<[QueryRequest, string]>([
    [{ of: 'accounts', as: 'funnel', funnel: { steps: [{ event: 'a' }] } }, 'query_unsupported'],
    [{ of: 'accounts', as: 'aggregate', aggregate: { fn: 'sum', event: 'a', property: 'b' } }, 'query_unsupported'],
    [{ of: 'accounts', at: '2026-01-01' }, 'query_unsupported'],
    [{ where: 'any account (plan = "pro")', at: '2026-01-01' }, 'query_unsupported'],
    [{ of: 'groups' } as unknown as QueryRequest, 'query_invalid'],
    [{ of: 'accounts', strict: true, where: 'plam = "pro"' }, 'query_unknown_name'],
  ])('%j: %s', async (request, code) => {
    expect((await failure(() => engine.query(request))).code).toBe(code);
  });

  test('why, where time alone could change what an account is', async () => {
    const where = 'any account (any person (did "Login" in last 30d))';
    const error = await failure(() => engine.why({ type: 'user_id', value: 'bob' }, where));
    expect(error.code).toBe('query_unsupported');
  });

  test('nesting beyond the limit', () => {
    const deep = `${'any account (any person ('.repeat(40)}everyone${'))'.repeat(40)}`;
    expect(() => parseText(deep)).toThrow(/nested more than/);
    let json: unknown = { and: [] };
    for (let i = 0; i < 40; i++) json = { account: { people: json } };
    expect(() => checkExpression(json)).toThrow(/nested more than/);
  });
});

test('a name that no account ever had is warned of, with the nearest', async () => {
  const { warnings } = await engine.query({ where: 'any account (plam = "pro") and any account (plan = "pro")' });
  expect(warnings).toEqual([
    expect.objectContaining({
      name: 'plam',
      suggestion: 'plan',
      position: 13,
      message: expect.stringContaining('no account'),
    }),
  ]);
  expect((await engine.query({ of: 'accounts', where: 'address exists' })).warnings).toBeUndefined();
});

test.each([
  'any account (plan = "pro" or not tier exists)',
  'no account (random "a" from 0 to 0.5)',
  'not all accounts (no person (did "a" then "b" within 5m))',
  'any = 5 and all contains "a" and no exists and account in ("a") and people > 3 and person = 1',
])('prints as it was written: %s', (text) => {
  expect(printExpression(parseText(text))).toBe(text);
});

test('people who become one are in the accounts of both, and are parted again', async () => {
  await engine.ingest([
    { type: 'group', anonymousId: 'v1', groupId: 'visitors', traits: { plan: 'trial' }, timestamp: at(8) },
    { type: 'identify', userId: 'ada', anonymousId: 'v1', timestamp: at(9) },
  ]);
  expect(await ids('any account (plan = "trial")')).toEqual(['ada']);
  const separated = [{ type: 'anonymous_id', value: 'v1' }];
  await engine.unmergeProfile({ profile: { type: 'user_id', value: 'ada' }, identifiers: separated });
  expect(await ids('any account (plan = "trial")')).toEqual(['anonymous_id:v1']);
  expect(await ids('any account (plan = "pro")')).toEqual(['ada', 'bob']);
  expect((await engine.accounts.get('visitors'))?.people).toBe(1);
});
