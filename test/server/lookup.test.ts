import { describe, expect, test } from 'vitest';
import { asReader, call, epochPart, post, type Rig, rig } from './harness.ts';

async function filled(): Promise<Rig> {
  const rigged = await rig();
  await rigged.engine.ingest([
    { type: 'identify', userId: 'u1', traits: { email: 'ann@kith.test', name: 'Zoë', country: 'DE' } },
    { type: 'identify', userId: 'weird/id:x y', traits: { odd: true } },
    { type: 'identify', userId: 'email:strange', traits: { odd: 1 } },
    { type: 'track', userId: 'u1', event: 'A', messageId: 'm1' },
    { type: 'track', userId: 'u1', event: 'B', messageId: 'm2' },
    { type: 'track', userId: 'u1', event: 'A', messageId: 'm3' },
  ]);
  return rigged;
}

const get = (url: string, path: string) => call(`${url}/v1/profiles/${path}`, { headers: asReader });

describe('GET /v1/profiles/{id}', () => {
  test('answers the whole profile as JSON', async () => {
    const { url } = await filled();
    const answer = await get(url, 'u1');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.json).toMatchObject({ id: 'u1', traits: { name: 'Zoë' }, counts: { A: 2, B: 1 } });
    expect(answer.json.events).toBeUndefined();
  });

  test('takes type:value, and tries a user_id that looks like one', async () => {
    const { engine, url } = await filled();
    expect((await get(url, 'email:ann@kith.test')).json.id).toBe('u1');
    engine.lookedUp.length = 0;
    expect((await get(url, 'email:strange')).json.id).toBe('email:strange');
    expect(engine.lookedUp).toEqual([
      { type: 'email', value: 'strange' },
      { type: 'user_id', value: 'email:strange' },
    ]);
    engine.lookedUp.length = 0;
    await get(url, 'Not-A-Type:x');
    await get(url, ':x');
    expect(engine.lookedUp).toEqual([
      { type: 'user_id', value: 'Not-A-Type:x' },
      { type: 'user_id', value: ':x' },
    ]);
  });

  test('decodes the path once', async () => {
    const { url } = await filled();
    expect((await get(url, encodeURIComponent('weird/id:x y'))).json.traits).toEqual({ odd: true });
    expect((await get(url, 'weird/id:x%20y')).json.traits).toEqual({ odd: true });
  });

  test.each(['%', '%zz', '%ff'])('broken percent-encoding %s is 400', async (path) => {
    const { url } = await filled();
    const answer = await get(url, path);
    expect([answer.status, answer.json.error.code]).toEqual([400, 'malformed_request']);
  });

  test('fields and events', async () => {
    const { url } = await filled();
    expect((await get(url, 'u1?fields=country,missing')).json).toEqual({ id: 'u1', traits: { country: 'DE' } });
    const answer = await get(url, 'u1?events=2');
    expect(answer.json.events.map(({ messageId }: { messageId: string }) => messageId)).toEqual(['m3', 'm2']);
    expect((await get(url, 'u1?events=0&other=1')).json.events).toBeUndefined();
    expect((await get(url, 'u1?')).status).toBe(200);
  });

  test.each(['-1', '1.5', 'all', '', '99999', '1e3'])('events=%s is 400', async (events) => {
    const { url } = await filled();
    const answer = await get(url, `u1?events=${events}`);
    expect([answer.status, answer.json.error.code]).toEqual([400, 'invalid_request']);
  });

  test('an unknown id is 404 with a code', async () => {
    const { url } = await filled();
    const answer = await get(url, 'nobody');
    expect([answer.status, answer.json]).toEqual([
      404,
      { error: { code: 'profile_not_found', message: 'no profile has this identifier' } },
    ]);
  });

  test('a failure inside is 500 and the next lookup works', async () => {
    const { engine, url } = await filled();
    engine.failure = new Error('ann@kith.test');
    const answer = await get(url, 'u1');
    expect([answer.status, answer.json.error.code]).toEqual([500, 'internal']);
    expect(answer.text).not.toContain('ann@kith.test');
    engine.failure = undefined;
    expect((await get(url, 'u1')).status).toBe(200);
  });
});

describe('POST /v1/profiles/get', () => {
  test('answers in order, null for who is not known', async () => {
    const { url } = await filled();
    const ids = ['u1', 'nobody', { type: 'email', value: 'ann@kith.test' }, 'email:ann@kith.test', 'u1'];
    const answer = await post(`${url}/v1/profiles/get`, { ids, fields: ['country'] }, asReader);
    const one = { id: 'u1', traits: { country: 'DE' } };
    expect(answer.json).toEqual({ profiles: [one, null, one, one, one], ...epochPart() });
    expect((await post(`${url}/v1/profiles/get`, { ids: [], events: 3 }, asReader)).json).toEqual({
      profiles: [],
      ...epochPart(),
    });
  });

  test('many large profiles come whole', async () => {
    const { engine, url } = await filled();
    const text = 'ü'.repeat(20_000);
    await engine.ingest([{ type: 'identify', userId: 'big', traits: { text } }]);
    const answer = await post(`${url}/v1/profiles/get`, { ids: Array.from({ length: 100 }, () => 'big') }, asReader);
    expect(answer.json.profiles).toHaveLength(100);
    expect(answer.json.profiles[99].traits.text).toBe(text);
  });

  test.each([
    [{}],
    [{ ids: 'u1' }],
    [{ ids: [5] }],
    [{ ids: [null] }],
    [{ ids: [{ type: 'email' }] }],
    [{ ids: ['u1'], fields: 'country' }],
    [{ ids: ['u1'], events: -1 }],
    [{ ids: ['u1'], events: '2' }],
    [{ ids: Array.from({ length: 1_001 }, () => 'u1') }],
    [[]],
  ])('%j is 400', async (body) => {
    const { url } = await filled();
    const answer = await post(`${url}/v1/profiles/get`, body, asReader);
    expect([answer.status, answer.json.error.code]).toEqual([400, 'invalid_request']);
  });
});
