/** Segment's Profile API over a real engine: shapes, pages, errors. */
import { afterEach, describe, expect, test } from 'vitest';
import {
  apiError,
  apiEvents,
  apiExternalIds,
  apiLinks,
  apiMetadata,
  apiTracedTraits,
  apiTraits,
} from '../../src/server/openapi/profile-api-schema.ts';
import type { ServerOptions } from '../../src/server/options.ts';
import type { RunningServer } from '../../src/server/server.ts';
import type { TestEngine } from '../helpers/test-engine.ts';
import { type Answer, asAdmin, asReader, asWriter, call, openEngine, raw, serve } from './harness.ts';

const NOW = Date.parse('2026-03-01T00:00:00.000Z');
const READER = `Basic ${Buffer.from('read-key:').toString('base64')}`;

interface Rig {
  readonly engine: TestEngine;
  readonly server: RunningServer;
  /** A part of a profile, with the reader's key as user name. */
  get(pathAndQuery: string, headers?: Record<string, string>): Promise<Answer>;
}

const running: { engine: TestEngine; server: RunningServer }[] = [];

afterEach(async () => {
  for (const { engine, server } of running.splice(0)) {
    await server.close();
    await engine.close();
  }
});

async function rig(items: readonly unknown[], options: ServerOptions = {}, shards = 2): Promise<Rig> {
  const engine = await openEngine({ shards, workers: 1, clock: { nowMs: () => NOW } });
  const result = await engine.ingest(items, { isImport: true });
  expect(result.rejected).toEqual([]);
  const server = await serve(engine, options);
  running.push({ engine, server });
  return {
    engine,
    server,
    get: (pathAndQuery, headers = { authorization: READER }) =>
      call(`${server.url}/v1/spaces/main/collections/${pathAndQuery}`, { headers }),
  };
}

const web = { source: 'web', library: { name: 'analytics.js' } };
const ANN = [
  {
    type: 'identify',
    userId: 'ann',
    messageId: 'i1',
    timestamp: '2026-01-01T10:00:00Z',
    traits: { email: 'Ann@Example.org', plan: 'trial', address: { city: 'Bonn', zip: '53111' } },
    context: web,
  },
  {
    type: 'track',
    userId: 'ann',
    event: 'Order Completed',
    messageId: 'e1',
    timestamp: '2026-01-02T10:00:00Z',
    properties: { total: 12.5, items: [{ sku: 'A"1' }] },
    context: web,
  },
  {
    type: 'identify',
    userId: 'ann',
    messageId: 'i2',
    timestamp: '2026-02-01T10:00:00Z',
    traits: { plan: 'pro', address: { city: 'Köln' } },
    context: { source: 'crm' },
  },
  {
    type: 'page',
    userId: 'ann',
    messageId: 'p1',
    name: 'Home',
    timestamp: '2026-02-02T10:00:00Z',
    properties: { path: '/' },
  },
  { type: 'group', userId: 'ann', messageId: 'g1', groupId: 'acme', timestamp: '2026-02-03T10:00:00Z', context: web },
  { type: 'group', userId: 'ann', messageId: 'g2', groupId: 'zeta', timestamp: '2026-02-04T10:00:00Z' },
];

describe('traits', () => {
  test('by name, as a lookup shows them', async () => {
    const { engine, get } = await rig(ANN);
    const answer = await get('users/profiles/user_id:ann/traits');
    expect(answer.status).toBe(200);
    expect(apiTraits.parse(answer.json).traits).toEqual(
      (await engine.lookup({ type: 'user_id', value: 'ann' }))?.traits,
    );
    expect(Object.keys(answer.json.traits)).toEqual(['address', 'email', 'plan']);
    expect(answer.json.cursor).toEqual({
      url: '/v1/spaces/main/collections/users/profiles/user_id:ann/traits',
      has_more: false,
      next: '',
      limit: 10,
    });
  });

  test('an email finds its owner however it is written', async () => {
    const { get } = await rig(ANN);
    for (const email of ['ann%40example.org', '%20ANN%40Example.ORG', 'ann@example.org']) {
      expect([email, (await get(`users/profiles/email:${email}/traits?include=plan`)).json.traits]).toEqual([
        email,
        { plan: 'pro' },
      ]);
    }
  });

  test('verbose tells source and time; of an object those of its newest part', async () => {
    const { get } = await rig(ANN);
    const { json } = await get('users/profiles/user_id:ann/traits?verbose=true');
    expect(apiTracedTraits.parse(json).traits).toEqual({
      address: { value: { city: 'Köln', zip: '53111' }, source_id: 'crm', updated_at: '2026-02-01T10:00:00.000Z' },
      email: { value: 'Ann@Example.org', source_id: 'web', updated_at: '2026-01-01T10:00:00.000Z' },
      plan: { value: 'pro', source_id: 'crm', updated_at: '2026-02-01T10:00:00.000Z' },
    });
  });

  test('as of a past moment', async () => {
    const { get } = await rig(ANN);
    const past = await get('users/profiles/user_id:ann/traits?as_of=2026-01-31');
    expect(past.json.traits).toEqual({
      address: { city: 'Bonn', zip: '53111' },
      email: 'Ann@Example.org',
      plan: 'trial',
    });
    const before = await get('users/profiles/user_id:ann/traits?as_of=2025-12-31');
    expect([before.status, before.json.error.code]).toEqual([404, 'not_found']);
  });

  test('fields keep paths, include keeps names', async () => {
    const { get } = await rig(ANN);
    for (const more of ['', '&verbose=false', '&as_of=2026-02-20']) {
      const { json } = await get(`users/profiles/user_id:ann/traits?fields=address.city,plan${more}`);
      expect(json.traits).toEqual({ address: { city: 'Köln' }, plan: 'pro' });
    }
    expect((await get('users/profiles/user_id:ann/traits?include=plan,nothing')).json.traits).toEqual({ plan: 'pro' });
    expect((await get('users/profiles/user_id:ann/traits?class=computed_trait')).json.traits).toEqual({});
  });

  test('class=audience gives the saved segments that the profile is in', async () => {
    const { engine, get } = await rig(ANN);
    await engine.saveSegment('pros', { where: 'plan = "pro"' });
    await engine.saveSegment('trials', { where: 'plan = "trial"' });
    await engine.saveSegment('pro_buyers', { where: { and: [{ segment: 'pros' }, { trait: 'email', op: 'exists' }] } });
    const first = (await get('users/profiles/user_id:ann/traits?class=audience&limit=1')).json;
    expect([first.traits, first.cursor.has_more]).toEqual([{ pro_buyers: true }, true]);
    const second = (await get(`users/profiles/user_id:ann/traits?class=audience&limit=1&next=${first.cursor.next}`))
      .json;
    expect([second.traits, second.cursor.has_more]).toEqual([{ pros: true }, false]);
    const verbose = (await get('users/profiles/user_id:ann/traits?class=audience&verbose=true&include=pros')).json;
    expect(apiTracedTraits.parse(verbose).traits).toEqual({
      pros: { value: true, source_id: null, updated_at: '2026-03-01T00:00:00.000Z' },
    });
    const past = await get('users/profiles/user_id:ann/traits?class=audience&as_of=2026-01-31');
    expect([past.status, past.json.error.code]).toEqual([400, 'invalid_request_error']);
    expect((await get('users/profiles/user_id:bob/traits?class=audience')).status).toBe(404);
  });

  test('names that JavaScript and JSON are touchy about', async () => {
    const traits = JSON.parse(
      '{"__proto__":1,"constructor":{"__proto__":{"x":2}},"q\\"\\n":[{"__proto__":3}],"\\u2028":"\\u0001"}',
    );
    const { get } = await rig([{ type: 'identify', userId: 'u', messageId: 'm', timestamp: '2026-01-01', traits }]);
    for (const query of ['', '?as_of=2026-01-02']) {
      const { text } = await get(`users/profiles/user_id:u/traits${query}`);
      const sorted = JSON.stringify(Object.fromEntries(Object.entries(traits).sort(([a], [b]) => (a < b ? -1 : 1))));
      expect(text.slice('{"traits":'.length, text.indexOf(',"cursor"'))).toBe(sorted);
    }
    const verbose = JSON.parse((await get('users/profiles/user_id:u/traits?verbose=true')).text);
    expect(Object.getOwnPropertyDescriptor(verbose.traits, '__proto__')?.value.value).toBe(1);
  });
});

describe('lists', () => {
  test('external ids', async () => {
    const { get } = await rig(ANN);
    const { json } = await get('users/profiles/user_id:ann/external_ids');
    const common = { collection: 'users', encoding: 'none', created_at: '2026-03-01T00:00:00.000Z' };
    expect(apiExternalIds.parse(json).data).toEqual([
      { ...common, id: 'ann@example.org', type: 'email', source_id: null, first_message_id: null },
      { ...common, id: 'ann', type: 'user_id', source_id: 'web', first_message_id: 'i1' },
    ]);
    const only = await get('users/profiles/user_id:ann/external_ids?include=email');
    expect(only.json.data.map((one: { type: string }) => one.type)).toEqual(['email']);
    // The email came along later than that; something of then came under the user id.
    const past = await get('users/profiles/user_id:ann/external_ids?as_of=2026-01-31');
    expect(past.json.data.map((one: { type: string }) => one.type)).toEqual(['user_id']);
  });

  test('events, newest first, identify calls among them', async () => {
    const { get } = await rig(ANN);
    const { json } = await get('users/profiles/user_id:ann/events');
    const { data, cursor } = apiEvents.parse(json);
    expect(data.map(({ type, event, message_id }) => [type, event, message_id])).toEqual([
      ['group', 'Group Joined', 'g2'],
      ['group', 'Group Joined', 'g1'],
      ['page', 'Page Viewed', 'p1'],
      ['identify', 'identify', 'i2'],
      ['track', 'Order Completed', 'e1'],
      ['identify', 'identify', 'i1'],
    ]);
    expect(data[4]).toEqual({
      external_ids: [{ collection: 'users', type: 'user_id', id: 'ann', encoding: 'none' }],
      type: 'track',
      event: 'Order Completed',
      message_id: 'e1',
      source_id: 'web',
      timestamp: '2026-01-02T10:00:00.000Z',
      properties: { total: 12.5, items: [{ sku: 'A"1' }] },
      context: web,
    });
    expect(data[3]).toMatchObject({ properties: {}, traits: { plan: 'pro', address: { city: 'Köln' } } });
    expect(data[2]).toMatchObject({ source_id: null, context: {}, properties: { name: 'Home', path: '/' } });
    expect(cursor).toMatchObject({ has_more: false, next: '', limit: 100 });
  });

  test('events by name, time and order', async () => {
    const { get } = await rig(ANN);
    const ids = async (query: string): Promise<string[]> =>
      (await get(`users/profiles/user_id:ann/events?${query}`)).json.data.map(
        (one: { message_id: string }) => one.message_id,
      );
    expect(await ids('include=Order%20Completed,Page+Viewed')).toEqual(['p1', 'e1']);
    expect(await ids('exclude=identify,Group%20Joined')).toEqual(['p1', 'e1']);
    expect(await ids('include=identify&exclude=identify')).toEqual([]);
    expect(await ids('sort=asc&limit=2')).toEqual(['i1', 'e1']);
    expect(await ids('start=2026-01-02T10:00:00Z&end=2026-02-02T10:00:00Z')).toEqual(['i2', 'e1']);
    expect(await ids('as_of=2026-02-02T10:00:00Z&sort=desc')).toEqual(['p1', 'i2', 'e1', 'i1']);
    const { json } = await get('users/profiles/user_id:ann/events?include=Order+Completed&fields=total');
    expect(json.data[0].properties).toEqual({ total: 12.5 });
  });

  test('metadata', async () => {
    const { get } = await rig(ANN);
    const { json } = await get('users/profiles/user_id:ann/metadata');
    expect(apiMetadata.parse(json).metadata).toEqual({
      created_at: '2026-01-01T10:00:00.000Z',
      updated_at: '2026-02-04T10:00:00.000Z',
      expires_at: null,
      first_message_id: 'i1',
      first_source_id: 'web',
      last_message_id: 'g2',
      last_source_id: null,
    });
    const past = (await get('users/profiles/user_id:ann/metadata?as_of=2026-01-31')).json.metadata;
    expect(past).toMatchObject({ updated_at: '2026-01-02T10:00:00.000Z', last_message_id: 'e1' });
  });

  test('links of a person are the accounts that the person is in', async () => {
    const left = {
      type: 'track',
      userId: 'ann',
      event: 'Group Left',
      messageId: 'l1',
      timestamp: '2026-02-05T10:00:00Z',
      properties: { group_id: 'zeta' },
    };
    const { get } = await rig([...ANN, left]);
    const link = (id: string, at: string, source: string | null) => ({
      to_collection: 'accounts',
      external_ids: [
        { id, type: 'group_id', collection: 'accounts', encoding: 'none', created_at: at, source_id: source },
      ],
    });
    const acme = link('acme', '2026-02-03T10:00:00.000Z', 'web');
    const zeta = link('zeta', '2026-02-04T10:00:00.000Z', null);
    expect(apiLinks.parse((await get('users/profiles/user_id:ann/links')).json).data).toEqual([acme]);
    const past = await get('users/profiles/user_id:ann/links?as_of=2026-02-04T12:00:00Z');
    expect(past.json.data).toEqual([acme, zeta]);
  });
});

describe('accounts', () => {
  const acme = { name: 'Acme', plan: { tier: 'gold', seats: 20 }, employees: 7 };
  const members = Array.from({ length: 7 }, (_, i) => ({
    type: 'group',
    ...(i === 3 ? { anonymousId: 'v:3' } : { userId: `u${i}` }),
    messageId: `a${i}`,
    groupId: 'acme',
    timestamp: `2026-01-0${i + 1}T00:00:00Z`,
    traits: i === 6 ? { employees: 7 } : acme,
  }));

  test('each part of an account', async () => {
    const { get } = await rig(members);
    const traits = await get('accounts/profiles/group_id:acme/traits');
    expect(apiTraits.parse(traits.json).traits).toEqual(acme);
    const first = (await get('accounts/profiles/group_id:acme/traits?limit=2')).json;
    expect([Object.keys(first.traits), first.cursor.has_more]).toEqual([['employees', 'name'], true]);
    const rest = (await get(`accounts/profiles/group_id:acme/traits?limit=2&next=${first.cursor.next}`)).json;
    expect([Object.keys(rest.traits), rest.cursor.has_more]).toEqual([['plan'], false]);
    const some = (await get('accounts/profiles/group_id:acme/traits?fields=plan.tier&verbose=true')).json;
    expect(apiTracedTraits.parse(some).traits).toEqual({
      plan: { value: { tier: 'gold' }, source_id: null, updated_at: null },
    });
    expect((await get('accounts/profiles/group_id:acme/traits?class=audience')).json.traits).toEqual({});
    expect(apiMetadata.parse((await get('accounts/profiles/group_id:acme/metadata')).json).metadata).toMatchObject({
      created_at: '2026-01-01T00:00:00.000Z',
      updated_at: '2026-01-07T00:00:00.000Z',
    });
    const ids = apiExternalIds.parse((await get('accounts/profiles/group_id:acme/external_ids')).json).data;
    expect(ids).toMatchObject([{ id: 'acme', type: 'group_id', collection: 'accounts' }]);
    expect(apiEvents.parse((await get('accounts/profiles/group_id:acme/events')).json).data).toEqual([]);
  });

  test('its links are its people, every one once', async () => {
    const { get } = await rig(members);
    for (const limit of [1, 3, 20]) {
      const found: string[] = [];
      for (let next = ''; ; ) {
        const answer = await get(`accounts/profiles/group_id:acme/links?limit=${limit}${next && `&next=${next}`}`);
        const { data, cursor } = apiLinks.parse(answer.json);
        expect(data.length).toBeLessThanOrEqual(limit);
        for (const { to_collection, external_ids } of data) {
          expect(to_collection).toBe('users');
          found.push(...external_ids.map(({ type, id }) => `${type}:${id}`));
        }
        if (!cursor.has_more) break;
        next = cursor.next;
      }
      expect(found.sort()).toEqual(['anonymous_id:v:3', ...[0, 1, 2, 4, 5, 6].map((i) => `user_id:u${i}`)]);
    }
  });

  test('what is no account, and what accounts do not have', async () => {
    const { get } = await rig(members);
    for (const path of ['group_id:nobody/traits', 'user_id:u1/traits', 'group_id:nobody/links', 'group_id:x/events']) {
      expect([path, (await get(`accounts/profiles/${path}`)).status]).toEqual([path, 404]);
    }
    for (const path of ['traits?as_of=2026-01-01', 'links?as_of=2026-01-01', 'traits?next=e30', 'links?next=W10']) {
      const answer = await get(`accounts/profiles/group_id:acme/${path}`);
      expect([path, answer.status, answer.json.error.code]).toEqual([path, 400, 'invalid_request_error']);
    }
  });

  test('segments with conditions on accounts are among the audiences', async () => {
    const { engine, get } = await rig([...ANN, ...members]);
    await engine.saveSegment('of_gold', { where: { account: { trait: 'plan.tier', op: 'eq', value: 'gold' } } });
    await engine.saveSegment('alone', { where: { not: { segment: 'of_gold' } } });
    const audiences = async (id: string): Promise<object> =>
      (await get(`users/profiles/user_id:${id}/traits?class=audience`)).json.traits;
    expect(await audiences('u1')).toEqual({ of_gold: true });
    expect(await audiences('ann')).toEqual({ of_gold: true });
    expect((await get('users/profiles/anonymous_id:v%3A3/traits?class=audience')).json.traits).toEqual({
      of_gold: true,
    });
  });
});

describe('paging', () => {
  /** Every page from the first, by `cursor.url`. */
  async function pages(rigged: Rig, path: string): Promise<Answer[]> {
    const found: Answer[] = [];
    let url = `/v1/spaces/main/collections/users/profiles/${path}`;
    for (;;) {
      const answer = await call(`${rigged.server.url}${url}`, { headers: asReader });
      expect(answer.status).toBe(200);
      found.push(answer);
      const { has_more, next } = answer.json.cursor;
      expect(has_more).toBe(next !== '');
      if (!has_more) return found;
      url = answer.json.cursor.url;
    }
  }

  /** Ten events share each instant, half of the chain comes out of order, names and calls are mixed. */
  function busy(count: number): unknown[] {
    return Array.from({ length: count }, (_, i) => {
      const at = new Date(NOW - (i % 3 === 0 ? i : count - i) * 60_000 + (i % 2)).toISOString();
      const base = { userId: 'busy', messageId: `m${i}`, timestamp: at };
      if (i % 7 === 0) return { ...base, type: 'identify', traits: { [`t${i}`]: i, 'last seen, ü': i } };
      return { ...base, type: 'track', event: `E${i % 4}`, properties: { i } };
    });
  }

  test('events: every one exactly once, in order, in either direction, whatever the page', async () => {
    const items = busy(240);
    const rigged = await rig(items);
    for (const sort of ['desc', 'asc']) {
      const whole = (await rigged.get(`users/profiles/user_id:busy/events?limit=1000&sort=${sort}`)).json.data;
      const times = whole.map((one: { timestamp: string }) => one.timestamp);
      expect(times).toEqual(sort === 'asc' ? times.toSorted() : times.toSorted().reverse());
      expect(new Set(whole.map((one: { message_id: string }) => one.message_id)).size).toBe(items.length);
      for (const limit of [1, 7, 50, 240]) {
        const all = await pages(rigged, `user_id:busy/events?sort=${sort}&limit=${limit}`);
        expect(all.flatMap(({ json }) => json.data)).toEqual(whole);
        for (const { json } of all) expect(json.data.length).toBeLessThanOrEqual(limit);
      }
    }
  });

  test('events of one instant and one message id', async () => {
    // A window of two message ids: the same message comes again and is taken.
    const engine = await openEngine({ workers: 1, dedupCount: 2, clock: { nowMs: () => NOW } });
    for (let i = 0; i < 9; i++) {
      const one = { type: 'track', userId: 'u', event: `E${i % 2}`, timestamp: '2026-01-01', properties: { i } };
      const others = Array.from({ length: 40 }, (_, k) => ({ ...one, userId: `other${k}`, messageId: `x${i}-${k}` }));
      await engine.ingest([{ ...one, messageId: 'same' }, ...others]);
    }
    const server = await serve(engine);
    running.push({ engine, server });
    const rigged: Rig = { engine, server, get: () => Promise.reject(new Error('not used')) };
    const all = await pages(rigged, 'user_id:u/events?limit=2');
    const seen = all.flatMap(({ json }) => json.data.map((one: { properties: { i: number } }) => one.properties.i));
    expect(seen.length).toBeGreaterThan(2);
    expect(seen).toEqual(seen.toSorted((a, b) => b - a));
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('what comes while somebody turns pages is not seen twice and hides nothing', async () => {
    const rigged = await rig(busy(60));
    const before = (await rigged.get('users/profiles/user_id:busy/events?limit=1000')).json.data;
    const first = (await rigged.get('users/profiles/user_id:busy/events?limit=20')).json;
    await rigged.engine.ingest(
      busy(60).map((item, i) => ({ ...(item as object), messageId: `late${i}`, event: 'Late' })),
      { isImport: true },
    );
    const rest = (await rigged.get(`users/profiles/user_id:busy/events?limit=1000&next=${first.cursor.next}`)).json
      .data;
    const ids = [...first.data, ...rest].map((one: { message_id: string }) => one.message_id);
    expect(ids.filter((id) => !id.startsWith('late'))).toEqual(
      before.map((one: { message_id: string }) => one.message_id),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('traits and identifiers', async () => {
    const items = busy(240);
    const rigged = await rig([
      ...items,
      ...Array.from({ length: 30 }, (_, i) => ({
        type: 'track',
        userId: 'busy',
        event: 'E0',
        messageId: `x${i}`,
        timestamp: '2026-02-01',
        context: { externalIds: [{ id: `c-${i}`, type: `custom.${i % 10}`, collection: 'users', encoding: 'none' }] },
      })),
    ]);
    const profile = await rigged.engine.lookup({ type: 'user_id', value: 'busy' });
    for (const query of ['limit=1', 'limit=4', '', 'limit=9&verbose=true', 'limit=5&as_of=2027-01-01']) {
      const all = await pages(rigged, `user_id:busy/traits?${query}`);
      const names = all.flatMap(({ json }) => Object.keys(json.traits));
      expect(names.length).toBe(new Set(names).size);
      expect(new Set(names)).toEqual(new Set(Object.keys(profile?.traits ?? {})));
    }
    const ids = (await pages(rigged, 'user_id:busy/external_ids?limit=4')).flatMap(({ json }) =>
      json.data.map((one: { type: string; id: string }) => ({ type: one.type, value: one.id })),
    );
    expect(ids).toHaveLength(profile?.identifiers.length ?? 0);
    expect(new Set(ids.map((id) => JSON.stringify(id)))).toEqual(
      new Set(profile?.identifiers.map((id) => JSON.stringify(id))),
    );
  });

  test('of profiles that became one: everything of both, once', async () => {
    const visitors = busy(60).map((item, i) => {
      const { userId: _, ...rest } = item as Record<string, unknown>;
      return { ...rest, messageId: `m${i}`, anonymousId: `v${i % 3}` };
    });
    const login = (i: number): object => ({
      type: 'identify',
      userId: 'busy',
      anonymousId: `v${i}`,
      messageId: `login${i}`,
      timestamp: '2026-02-20',
      traits: { login: i },
    });
    const rigged = await rig([...visitors, login(0)], {}, 4);
    const first = (await rigged.get('users/profiles/anonymous_id:v0/events?limit=5')).json;
    await rigged.engine.ingest([login(1), login(2)], { isImport: true });
    const all = await pages(rigged, 'anonymous_id:v2/events?limit=7');
    const found = all.flatMap(({ json }) => json.data);
    expect(found).toHaveLength(63);
    expect(new Set(found.map((one: { message_id: string }) => one.message_id)).size).toBe(63);
    for (const { external_ids, message_id } of found) {
      const of = visitors.find(({ messageId }) => messageId === message_id)?.anonymousId ?? 'busy';
      expect(external_ids.map((one: { id: string }) => one.id)).toEqual([of]);
    }
    // A cursor from before still stands where it stood.
    const rest = (await rigged.get(`users/profiles/user_id:busy/events?limit=1000&next=${first.cursor.next}`)).json
      .data;
    const { timestamp, message_id } = first.data[4];
    const at = found.findIndex((one: { message_id: string }) => one.message_id === message_id);
    expect(rest).toEqual(found.slice(at + 1));
    expect(rest[0].timestamp <= timestamp).toBe(true);
    const ids = (await rigged.get('users/profiles/user_id:busy/external_ids')).json.data;
    expect(ids.map((one: { id: string }) => one.id)).toEqual(['v0', 'v1', 'v2', 'busy']);
    expect(ids.map((one: { first_message_id: string }) => one.first_message_id)).not.toContain(null);
  });

  test('a page ends early when it grows large, and says that there is more', async () => {
    const long = 'x'.repeat(60_000);
    const items = Array.from({ length: 90 }, (_, i) => ({
      type: 'track',
      userId: 'big',
      event: 'E',
      messageId: `m${i}`,
      timestamp: new Date(NOW - i * 1_000).toISOString(),
      properties: { long, i },
    }));
    const rigged = await rig(items);
    const all = await pages(rigged, 'user_id:big/events?limit=1000');
    expect(all.length).toBeGreaterThan(1);
    for (const { text } of all) expect(text.length).toBeLessThan(5 * 1024 * 1024);
    const seen = all.flatMap(({ json }) => json.data.map((one: { message_id: string }) => one.message_id));
    expect(seen).toEqual(items.map(({ messageId }) => messageId));
  });
});

describe('errors', () => {
  test('keys: a read or an admin key, as Bearer or as user name', async () => {
    const { get } = await rig(ANN);
    const path = 'users/profiles/user_id:ann/metadata';
    expect((await get(path, asAdmin)).status).toBe(200);
    expect((await get(path, asReader)).status).toBe(200);
    for (const [headers, status] of [
      [{}, 401],
      [{ authorization: `Basic ${Buffer.from('nobody:').toString('base64')}` }, 401],
      [asWriter, 403],
    ] as const) {
      const answer = await get(path, headers);
      expect([answer.status, apiError.parse(answer.json).error.code]).toEqual([status, 'authentication_error']);
      expect(answer.headers.get('request-id')).toMatch(/^[\w-]{36}$/);
    }
  });

  test('nobody is told as 404, or as an empty answer', async () => {
    const { get } = await rig(ANN);
    for (const part of ['traits', 'external_ids', 'events', 'metadata', 'links']) {
      const answer = await get(`users/profiles/user_id:bob/${part}`);
      expect([answer.status, apiError.parse(answer.json).error.code]).toEqual([404, 'not_found']);
      const quiet = await get(`users/profiles/user_id:bob/${part}?suppressNotFound=true`);
      expect(quiet.status).toBe(200);
      const [content] = Object.values(quiet.json);
      expect(Object.keys(content as object)).toEqual([]);
    }
  });

  test('every answer has an id of its own', async () => {
    const { get } = await rig(ANN);
    const paths = ['user_id:ann/traits', 'user_id:ann/traits', 'user_id:bob/traits', 'user_id:ann/nothing'];
    const ids = await Promise.all(
      paths.map(async (path) => (await get(`users/profiles/${path}`)).headers.get('request-id')),
    );
    expect(new Set(ids).size).toBe(paths.length);
    expect(ids).not.toContain(null);
  });

  test('parameters that are wrong', async () => {
    const { get } = await rig(ANN);
    const next = (await get('users/profiles/user_id:ann/events?limit=1')).json.cursor.next;
    const forged = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const query of [
      'traits?limit=0',
      'traits?limit=201',
      'traits?limit=-1',
      'traits?limit=1e2',
      'traits?limit=',
      'traits?limit=1&limit=2',
      'traits?verbose=yes',
      'traits?class=other',
      'traits?include=',
      'traits?include=,,',
      'traits?as_of=yesterday',
      'traits?as_of=2026-02-30',
      'traits?nonsense=1',
      'traits?sort=asc',
      'traits?fields=%ff',
      'traits?suppressNotFound=1',
      `traits?next=${next}`,
      `events?sort=asc&next=${next}`,
      `events?next=${forged([1, 'events:desc', 1, 0, 'm'])}`,
      `events?next=${forged([1, 'events:desc', 1.5, 1, 'm'])}`,
      `events?next=${forged([1, 'events:desc', '1', 1, 'm'])}`,
      `events?next=${forged([2, 'events:desc', 1, 1, 'm'])}`,
      `events?next=${forged({ a: 1 })}`,
      `events?next=${forged('x'.repeat(2_000))}`,
      'events?next=!',
      'events?limit=1001',
      'events?sort=up',
      'events?start=1',
      'metadata?limit=5',
      'links?include=a',
    ]) {
      const answer = await get(`users/profiles/user_id:ann/${query}`);
      expect([query, answer.status, answer.json?.error?.code]).toEqual([query, 400, 'invalid_request_error']);
      apiError.parse(answer.json);
      expect(answer.headers.get('request-id')).not.toBeNull();
    }
  });

  test('paths that are wrong', async () => {
    const { server, get } = await rig(ANN);
    for (const [path, status, code] of [
      ['users/profiles/ann/traits', 400, 'validation_error'],
      ['users/profiles/user_id:/traits', 400, 'validation_error'],
      ['users/profiles/:ann/traits', 400, 'validation_error'],
      ['users/profiles/User:ann/traits', 400, 'validation_error'],
      [`users/profiles/${'t'.repeat(65)}:ann/traits`, 400, 'validation_error'],
      ['users/profiles/user_id:%zz/traits', 400, 'validation_error'],
      ['users/profiles/user_id:%c3%28/traits', 400, 'validation_error'],
      [`users/profiles/user_id:${'v'.repeat(2_100)}/traits`, 400, 'validation_error'],
      ['people/profiles/user_id:ann/traits', 400, 'validation_error'],
      ['users%21/profiles/user_id:ann/traits', 400, 'validation_error'],
      ['users/profiles/user_id:ann/secrets', 404, 'not_found'],
      ['users/profiles/user_id:ann', 404, 'not_found'],
      ['users/profiles/user_id:ann/traits/x', 404, 'not_found'],
      ['users/profiles/user_id:..%2F..%2Fann/traits', 404, 'not_found'],
      ['users/profiles/__proto__:ann/traits', 400, 'validation_error'],
      ['users/profiles/constructor:ann/traits', 404, 'not_found'],
    ] as const) {
      const answer = await get(path);
      expect([path, answer.status, answer.json?.error?.code]).toEqual([path, status, code]);
      expect(answer.headers.get('request-id')).not.toBeNull();
    }
    const space = await call(`${server.url}/v1/spaces/%01/collections/users/profiles/user_id:ann/traits`, {
      headers: asReader,
    });
    expect([space.status, space.json.error.code]).toEqual([400, 'validation_error']);
    const posted = await call(`${server.url}/v1/spaces/s/collections/users/profiles/user_id:ann/traits`, {
      method: 'POST',
      headers: asReader,
      body: '{}',
    });
    expect([posted.status, posted.json.error.code]).toEqual([405, 'invalid_request_error']);
    expect(posted.headers.get('allow')).toBe('GET');
    // As bytes: what fetch would tidy up.
    const bytes = (path: string): string =>
      `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer read-key\r\nConnection: close\r\n\r\n`;
    for (const path of [
      '/v1/spaces//collections/users/profiles/user_id:ann/traits',
      '/v1/spaces/s/collections/users/profiles//traits',
      '/v1/spaces/s/collections/users/profiles/../../traits',
    ]) {
      const text = await raw(server.port, bytes(path), (answer) => answer.includes('}}'));
      expect(text).toMatch(/^HTTP\/1\.1 (400|404) /);
      expect(text.toLowerCase()).toContain('request-id: ');
    }
  });

  test('any space is the one there is; ids with slashes, colons and plus signs are found when encoded', async () => {
    const { server } = await rig([
      { type: 'track', userId: 'a/b:c?d#e', event: 'E', messageId: 'm', timestamp: '2026-01-01' },
      { type: 'identify', userId: 'p', messageId: 'm2', timestamp: '2026-01-01', traits: { phone: '+49 30 901820' } },
    ]);
    for (const [space, profile] of [
      ['lg8283283', 'user_id:a%2Fb%3Ac%3Fd%23e'],
      ['%C3%BCber', 'user_id:a%2fb:c%3Fd%23e'],
      ['s', 'phone:+4930901820'],
      ['s', 'phone:%2B4930901820'],
    ]) {
      const url = `${server.url}/v1/spaces/${space}/collections/users/profiles/${profile}/metadata`;
      expect([profile, (await call(url, { headers: asReader })).status]).toEqual([profile, 200]);
    }
  });
});
