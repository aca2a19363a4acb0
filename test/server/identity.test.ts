import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { enrichmentAnswer } from '../../src/server/openapi/enrichment-schema.ts';
import {
  identityGraph,
  identitySettings,
  identitySettingsAnswer,
  mergeAnswer,
  unmergeAnswer,
} from '../../src/server/openapi/identity-schema.ts';
import { errorAnswer } from '../../src/server/openapi/ingest-schema.ts';
import type { RunningServer } from '../../src/server/server.ts';
import type { TestEngine } from '../helpers/test-engine.ts';
import { type Answer, asAdmin, asReader, asWriter, call, openEngine, post, serve } from './harness.ts';

let engine: TestEngine;
let server: RunningServer;
let url: string;
let nowMs: number;

beforeEach(async () => {
  nowMs = Date.parse('2026-01-01T00:00:00Z');
  engine = await openEngine({ shards: 2, workers: 1, clock: { nowMs: () => nowMs } });
  server = await serve(engine);
  url = server.url;
  await engine.ingest([
    { type: 'identify', userId: 'ann', traits: { email: 'ann@kith.test', city: 'Bonn' } },
    { type: 'identify', userId: 'bob', traits: { email: 'bob@kith.test', city: 'Rome', plan: 'pro' } },
    { type: 'track', userId: 'bob', anonymousId: 'phone', event: 'Order Completed' },
    { type: 'identify', userId: 'a:b', traits: { city: 'Kiel' } },
    { type: 'identify', userId: 'team/one', traits: { city: 'Graz' } },
  ]);
});
afterEach(async () => {
  await server.close();
  await engine.close();
});

const read = (path: string): Promise<Answer> => call(url + path, { headers: asReader });
const command = (path: string, body: unknown): Promise<Answer> => post(`${url}/v1/identity/${path}`, body, asAdmin);
const put = (path: string, body: unknown, headers: Record<string, string> = asAdmin): Promise<Answer> =>
  call(url + path, { method: 'PUT', headers, body: JSON.stringify(body) });

describe('the graph', () => {
  test('is found by any name of the profile', async () => {
    for (const id of ['bob', 'user_id:bob', 'email:bob@kith.test', 'email:BOB@kith.test', 'anonymous_id:phone']) {
      const { status, json } = await read(`/v1/profiles/${id}/identity`);
      expect([id, status, json.id]).toEqual([id, 200, 'bob']);
      expect(identityGraph.parse(json).links).toHaveLength(2);
    }
    expect((await read('/v1/profiles/a:b/identity')).json.id).toBe('a:b');
    expect((await read('/v1/profiles/team%2Fone/identity')).json.id).toBe('team/one');
  });

  test('is refused for nobody and for what is no text', async () => {
    expect((await read('/v1/profiles/nobody/identity')).json.error.code).toBe('profile_not_found');
    expect((await read('/v1/profiles/%E0%A4%A/identity')).json.error.code).toBe('malformed_request');
    expect((await call(`${url}/v1/profiles/bob/identity`, { headers: asWriter })).status).toBe(403);
  });
});

describe('merge and unmerge', () => {
  test('a merge is tried, done, shown in the journal and undone', async () => {
    const body = { into: 'ann', from: 'email:BOB@kith.test' };
    const tried = await command('merge', { ...body, dryRun: true });
    expect([tried.status, tried.json.isDone]).toEqual([200, false]);
    // Bob's profile is the larger one and stays where it is; so of calls of the same moment Ann's come last.
    expect(mergeAnswer.parse(tried.json).conflicts).toEqual([
      { trait: 'email', into: 'ann@kith.test', from: 'bob@kith.test', result: 'ann@kith.test' },
      { trait: 'city', into: 'Bonn', from: 'Rome', result: 'Bonn' },
    ]);
    expect(tried.json.beyondLimits).toEqual(['user_id']);
    expect((await command('merge?dryRun=true', body)).json).toEqual(tried.json);
    expect((await read('/v1/profiles/bob')).json.id).toBe('bob');

    nowMs += 1_000;
    const done = await command('merge', body);
    expect(done.json).toEqual({ ...tried.json, isDone: true });
    expect((await read('/v1/profiles/bob')).json).toEqual(done.json.profile);
    const graph = identityGraph.parse((await read('/v1/profiles/ann/identity')).json);
    const [entry] = graph.journal;
    expect(entry).toMatchObject({ kind: 'merge', reason: 'request', from: 'user_id:ann', to: 'email:bob@kith.test' });
    expect((await command('merge', body)).json.error.code).toBe('merge_refused');

    const rehearsed = await command('unmerge?dryRun=true', { profile: 'phone', merge: entry.id });
    expect(rehearsed.json.error.code).toBe('profile_not_found');
    const cut = { profile: 'anonymous_id:phone', merge: entry.id };
    const undone = unmergeAnswer.parse((await command('unmerge', cut)).json);
    expect(undone.profiles.map(({ id }) => id).sort()).toEqual(['ann', 'bob']);
    expect((await read('/v1/profiles/bob')).json.traits.city).toBe('Rome');
    expect((await command('unmerge', cut)).json.error.code).toBe('merge_not_found');
  });

  test('identifiers are separated from the rest, by each way to write them', async () => {
    for (const identifiers of [['anonymous_id:phone'], [{ type: 'anonymous_id', value: 'phone' }]]) {
      const tried = await command('unmerge', { profile: 'bob', identifiers, dryRun: true });
      expect(unmergeAnswer.parse(tried.json).cut).toMatchObject([
        { from: { type: 'user_id' }, to: { value: 'phone' } },
      ]);
    }
    const { json } = await command('unmerge', {
      profile: 'bob',
      identifiers: ['bob', 'EMAIL:x', 'email:BOB@kith.test'],
    });
    expect(json.error.message).toContain('user_id:EMAIL:x is no identifier of this profile');
    const done = await command('unmerge', { profile: 'bob', identifiers: ['bob', 'email:BOB@kith.test'] });
    // Nothing came under the phone's id alone, so it is nobody's.
    expect(done.json.profiles.map(({ id }: { id: string }) => id)).toEqual(['bob']);
    expect((await read('/v1/profiles/anonymous_id:phone')).status).toBe(404);
  });

  test.each([
    ['merge', [], 'the body must be a JSON object'],
    ['merge', { into: 'ann', form: 'bob' }, 'did you mean "from"?'],
    ['merge', { into: 'ann', from: 'bob', dryrun: true }, 'did you mean "dryRun"?'],
    ['merge', { into: 'ann', from: 'bob', dryRun: 1 }, '"dryRun" must be true or false'],
    ['merge', { into: 'ann' }, '"from" must be a text'],
    ['merge', { into: '', from: 'bob' }, '"into" must be a text'],
    ['merge', { into: 'ann', from: { type: 'email', value: 'x', extra: 1 } }, '"from" must be a text'],
    ['merge?dryRun=yes', { into: 'ann', from: 'bob' }, '"dryRun" must be true or false'],
    ['unmerge', { profile: 'ann' }, 'give either "merge"'],
    ['unmerge', { profile: 'ann', merge: 'x', identifiers: ['a'] }, 'give either "merge"'],
    ['unmerge', { profile: 'ann', merge: 5 }, '"merge" must be the id'],
    ['unmerge', { profile: 'ann', identifiers: [] }, 'at least one identifier'],
    ['unmerge', { profile: 'ann', identifiers: [7] }, '"identifiers[0]" must be a text'],
    ['unmerge', { profile: 'bob', identifiers: ['bob', 'phone'] }, 'user_id:phone is no identifier of this profile'],
    ['unmerge', { profile: 'bob', identifier: ['bob'] }, 'did you mean "identifiers"?'],
  ])('%s refuses %j', async (path, body, message) => {
    const { status, json } = await command(path, body);
    expect([status, errorAnswer.parse(json).error.code]).toEqual([400, 'invalid_request']);
    expect(json.error.message).toContain(message);
  });

  test('unmerge takes a thousand identifiers at once', async () => {
    const ask = (count: number) => command('unmerge', { profile: 'bob', identifiers: Array(count).fill('bob') });
    expect((await ask(1_001)).json.error.message).toContain('at most 1000');
    expect((await ask(1_000)).json.profiles).toHaveLength(1);
  });

  test('need the admin key', async () => {
    for (const headers of [asReader, asWriter]) {
      for (const path of ['merge', 'unmerge']) {
        expect((await post(`${url}/v1/identity/${path}`, { into: 'ann', from: 'bob' }, headers)).status).toBe(403);
      }
      expect((await put('/v1/identity/settings', {}, headers)).status).toBe(403);
    }
    expect((await read('/v1/profiles/ann')).json.id).toBe('ann');
  });
});

describe('settings', () => {
  const rules = { types: [{ type: 'email', limit: { value: 1, window: 'ever' } }], survivorship: [] };

  test('are read, tried and put', async () => {
    const before = await read('/v1/identity/settings');
    expect(identitySettings.parse(before.json).types.find(({ type }) => type === 'email')?.limit.value).toBe(5);
    await engine.ingest([{ type: 'identify', userId: 'bob', traits: { email: 'bob@work.test' } }]);
    const tried = await put('/v1/identity/settings?dryRun=true', rules);
    expect(identitySettingsAnswer.parse(tried.json)).toMatchObject({
      isDone: false,
      impact: { overLimit: [{ type: 'email', profiles: 1, examples: ['bob'] }] },
    });
    expect((await read('/v1/identity/settings')).json).toEqual(before.json);
    const done = await put('/v1/identity/settings', rules);
    expect([done.status, done.json.isDone]).toEqual([200, true]);
    expect((await read('/v1/identity/settings')).json).toEqual(done.json.settings);
  });

  test('that are wrong are refused with the place', async () => {
    const { status, json } = await put('/v1/identity/settings', { types: [{ type: 'email', limits: {} }] });
    expect([status, json.error.code, json.error.details.path]).toEqual([
      400,
      'invalid_identity_settings',
      '/types/0/limits',
    ]);
  });
});

describe('enrichment', () => {
  const enrich = (body: unknown): Promise<Answer> => post(`${url}/v1/enrichment`, body, asAdmin);

  test('fills gaps of those whom the engine has, and says who they were not', async () => {
    const records = [
      { id: 'email:bob@kith.test', traits: { city: 'Oslo', age: 30 }, at: '2024-01-01' },
      { identifier: { type: 'user_id', value: 'a:b' }, traits: { age: 40 } },
      { id: 'a:b', traits: { age: 41 }, at: nowMs + 1 },
      { id: 'nobody', traits: { age: 50 } },
      { id: 'ann', traits: { age: 50 }, at: 'soon' },
    ];
    const { status, json } = await enrich({ source: 'acxiom', records });
    expect(status).toBe(200);
    const answer = enrichmentAnswer.parse(json);
    expect(answer).toMatchObject({ matched: 3, duplicates: 0, unmatched: [{ index: 3, code: 'profile_not_found' }] });
    expect(answer.rejected).toMatchObject([{ index: 4, code: 'invalid_timestamp' }]);
    expect((await read('/v1/profiles/bob')).json.traits).toMatchObject({ city: 'Rome', age: 30 });
    expect((await read('/v1/profiles/a:b')).json.traits).toEqual({ city: 'Kiel', age: 41 });
    expect((await enrich({ source: 'acxiom', records })).json).toMatchObject({ matched: 3, duplicates: 3 });
    await enrich({ source: 'acxiom', priority: 'overwrite', records: [{ id: 'bob', traits: { city: 'Oslo' } }] });
    expect((await read('/v1/profiles/bob')).json.traits.city).toBe('Oslo');
  });

  test.each([
    [[], 'the body must be a JSON object'],
    [{ source: 'x', record: [] }, 'did you mean "records"?'],
    [{ source: 5, records: [] }, '"source" must be a text'],
    [{ source: ' ', records: [] }, '"source" must be a text'],
    [{ source: 'x' }, '"records" must be a list'],
    [{ source: 'x', priority: 'first', records: [] }, '"priority" must be one of fill, overwrite'],
    [{ source: 'x', records: [{ traits: { a: 1 } }] }, 'records[0] needs either "id" or "identifier"'],
    [{ source: 'x', records: [{ id: 'a', identifier: 'b', traits: { a: 1 } }] }, 'records[0] needs either'],
    [{ source: 'x', records: [{ id: 'a' }] }, 'records[0].traits must be an object'],
    [{ source: 'x', records: [{ id: 'a', traits: {} }] }, 'records[0].traits must be an object'],
    [{ source: 'x', records: [{ id: 'a', trait: {} }] }, 'did you mean "traits"?'],
    [{ source: 'x', records: [{ id: 7, traits: { a: 1 } }] }, '"records[0].id" must be a text'],
    [{ source: 'x', records: [{ id: 'a', traits: { a: 1 }, at: true }] }, 'records[0].at must be an ISO 8601 date'],
  ])('refuses %j', async (body, message) => {
    const { status, json } = await enrich(body);
    expect([status, json.error.code, json.error.message]).toEqual([
      400,
      'invalid_request',
      expect.stringContaining(message),
    ]);
  });

  test('needs the admin key: a write key is in every browser, and the answer tells whom the engine has', async () => {
    const body = { source: 'x', records: [{ id: 'bob', traits: { a: 1 } }] };
    for (const headers of [asReader, asWriter]) {
      expect((await post(`${url}/v1/enrichment`, body, headers)).status).toBe(403);
    }
  });
});

test('/metrics counts what was put in standard form', async () => {
  await put('/v1/identity/settings', { standardise: [{ trait: 'city', rule: 'trim' }] });
  await engine.ingest([{ type: 'identify', userId: 'ann', traits: { city: ' Bonn', other: ' x' } }]);
  expect((await read('/metrics')).text).toContain('kith_standardised_total{rule="trim"} 1');
});
