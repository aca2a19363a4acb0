/** A profile's past over HTTP, from the real engine. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tracedTrait, traitHistory } from '../../src/server/openapi/history-schema.ts';
import { profile } from '../../src/server/openapi/profile-schema.ts';
import type { RunningServer } from '../../src/server/server.ts';
import type { TestEngine } from '../helpers/test-engine.ts';
import { asReader, call, openEngine, post, serve } from './harness.ts';

const NOW_MS = Date.UTC(2025, 5, 1);

let engine: TestEngine;
let server: RunningServer;

async function start(historyRetentionMs = 0): Promise<void> {
  const clock = { nowMs: () => NOW_MS };
  engine = await openEngine({ shards: 2, workers: 1, historyRetentionMs, checkpointIntervalMs: 0, clock });
  server = await serve(engine);
  const crm = { context: { source: 'crm' } };
  await engine.ingest([
    { type: 'track', userId: 'u1', event: 'A', messageId: 'e1', timestamp: '2024-01-01T00:00:00Z' },
    {
      type: 'identify',
      userId: 'u1',
      messageId: 'm1',
      timestamp: '2024-02-01',
      traits: { plan: 'free', a: { city: 'Bonn' } },
      ...crm,
    },
    { type: 'identify', userId: 'u1', messageId: 'm2', timestamp: '2024-03-01', traits: { plan: 'pro', tags: ['x'] } },
    { type: 'track', userId: 'u1', event: 'A', messageId: 'e2', timestamp: '2024-03-15' },
    { type: 'identify', userId: 'u1', messageId: 'm3', timestamp: '2024-04-01', traits: { plan: 'pro', a: null } },
    { type: 'identify', userId: 'weird/id:x', messageId: 'm4', timestamp: '2024-04-01', traits: { odd: true } },
  ]);
}

beforeEach(() => start());
afterEach(async () => {
  await server.close();
  await engine.close();
});

const get = (path: string) => call(`${server.url}/v1/profiles/${path}`, { headers: asReader });

describe('GET /v1/profiles/{id}?at=', () => {
  test('shows what had happened by then', async () => {
    const { json } = await get('u1?at=2024-02-15T12:00:00Z');
    expect(profile.parse(json)).toEqual({
      id: 'u1',
      identifiers: [{ type: 'user_id', value: 'u1' }],
      traits: { plan: 'free', a: { city: 'Bonn' } },
      first_seen: '2024-01-01T00:00:00.000Z',
      last_seen: '2024-02-01T00:00:00.000Z',
      counts: { A: 1 },
      segments: [],
    });
    expect((await get('u1?at=2024-03-15&fields=plan,counts')).json).toEqual({
      id: 'u1',
      traits: { plan: 'pro' },
      counts: { A: 2 },
    });
    expect((await get(`u1?at=${Date.UTC(2024, 2, 20)}&events=1`)).json.events).toMatchObject([{ messageId: 'e2' }]);
  });

  test('a moment counts itself in', async () => {
    expect((await get('u1?at=2024-03-01')).json.traits.plan).toBe('pro');
    expect((await get('u1?at=2024-02-29T23:59:59.999Z')).json.traits.plan).toBe('free');
  });

  test('now and later is the usual profile', async () => {
    const now = (await get('u1')).json;
    expect((await get(`u1?at=${NOW_MS}`)).json).toEqual(now);
    expect((await get('u1?at=2099-01-01')).json).toEqual(now);
  });

  test('404 before anything was known', async () => {
    const answer = await get('u1?at=2023-12-31');
    expect([answer.status, answer.json.error.code]).toEqual([404, 'profile_not_found']);
    expect((await get('nobody?at=2024-12-31')).status).toBe(404);
  });

  test.each(['yesterday', '2024-02-30', '1e3', '', '99999999999999999'])('at=%s is refused', async (at) => {
    const answer = await get(`u1?at=${at}`);
    expect([answer.status, answer.json.error.code]).toEqual([400, 'invalid_request']);
    expect(answer.json.error.message).toContain('"at" must be an ISO 8601 date');
  });

  test('many profiles at once', async () => {
    const url = `${server.url}/v1/profiles/get`;
    const { json } = await post(url, { ids: ['u1', 'nobody'], at: '2024-02-15', verbose: true }, asReader);
    expect(json.profiles[0].traits.plan).toMatchObject({ value: 'free', messageId: 'm1' });
    expect(json.profiles[1]).toBeNull();
    expect((await post(url, { ids: ['u1'], verbose: 1 }, asReader)).status).toBe(400);
  });
});

test('?verbose=true tells value, source, message id and time by path', async () => {
  const { json } = await get('u1?verbose=true&at=2024-03-01');
  expect(json.traits).toEqual({
    plan: { value: 'pro', source: null, messageId: 'm2', at: '2024-03-01T00:00:00.000Z' },
    'a.city': { value: 'Bonn', source: 'crm', messageId: 'm1', at: '2024-02-01T00:00:00.000Z' },
    tags: { value: ['x'], source: null, messageId: 'm2', at: '2024-03-01T00:00:00.000Z' },
  });
  for (const traced of Object.values(json.traits)) tracedTrait.parse(traced);
  expect((await get('u1?verbose=false')).json.traits.plan).toBe('pro');
  expect((await get('u1?verbose=maybe')).status).toBe(400);
});

describe('GET /v1/profiles/{id}/history', () => {
  test('every change, in the order of time', async () => {
    const { json } = await get('u1/history');
    const at = (month: number) => new Date(Date.UTC(2024, month - 1, 1)).toISOString();
    expect(traitHistory.parse(json)).toEqual({
      id: 'u1',
      changes: [
        { trait: 'plan', kind: 'set', value: 'free', source: 'crm', messageId: 'm1', at: at(2) },
        { trait: 'a.city', kind: 'set', value: 'Bonn', source: 'crm', messageId: 'm1', at: at(2) },
        { trait: 'plan', kind: 'set', value: 'pro', previous: 'free', source: null, messageId: 'm2', at: at(3) },
        { trait: 'tags', kind: 'set', value: ['x'], source: null, messageId: 'm2', at: at(3) },
        { trait: 'a.city', kind: 'removed', previous: 'Bonn', source: null, messageId: 'm3', at: at(4) },
      ],
    });
  });

  test('chosen traits, a range, an order, calls that changed nothing', async () => {
    const kinds = async (query: string) =>
      (await get(`u1/history?${query}`)).json.changes.map(
        (one: { kind: string; trait: string }) => `${one.kind} ${one.trait}`,
      );
    expect(await kinds('trait=a')).toEqual(['set a.city', 'removed a.city']);
    expect(await kinds('trait=plan&order=desc&from=2024-02-15&to=2024-12-31')).toEqual(['set plan']);
    expect(await kinds('trait=plan&all=true')).toEqual(['set plan', 'set plan', 'kept plan']);
    expect(await kinds('to=2024-02-01')).toEqual(['set plan', 'set a.city']);
  });

  test('pages', async () => {
    const first = (await get('u1/history?limit=3')).json;
    const second = (await get(`u1/history?limit=3&cursor=${first.cursor}`)).json;
    expect(second.cursor).toBeUndefined();
    expect([...first.changes, ...second.changes]).toEqual((await get('u1/history')).json.changes);
  });

  test('ids are named as in a lookup', async () => {
    expect((await get('weird%2Fid:x/history')).json.changes).toHaveLength(1);
    expect((await get('user_id:u1/history')).json.id).toBe('u1');
    expect((await get('nobody/history')).json.error.code).toBe('profile_not_found');
  });

  test.each([
    ['limit=0', 'invalid_request'],
    ['limit=1001', 'invalid_request'],
    ['order=up', 'invalid_request'],
    ['from=soon', 'invalid_request'],
    ['form=2024-01-01', 'invalid_request'],
    ['trait=a&trait=b', 'invalid_request'],
    ['cursor=x', 'invalid_cursor'],
  ])('%s is refused', async (query, code) => {
    const answer = await get(`u1/history?${query}`);
    expect([answer.status, answer.json.error.code]).toEqual([400, code]);
  });
});

test('beyond the retention the past is refused, and not told', async () => {
  await server.close();
  await engine.close();
  await start(NOW_MS - Date.UTC(2024, 1, 20));
  const early = await get('u1?at=2024-02-15');
  expect([early.status, early.json.error.code]).toEqual([400, 'history_not_kept']);
  expect(early.json.error.details).toEqual({ keptFrom: '2024-02-20T00:00:00.000Z' });
  expect((await get('u1?at=2024-02-21')).json.traits.plan).toBe('free');
  const { changes } = (await get('u1/history?trait=plan')).json;
  expect(changes).toMatchObject([{ value: 'pro', previous: 'free' }]);
  expect((await get('u1')).json.traits.plan).toBe('pro');
});
