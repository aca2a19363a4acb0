import { describe, expect, test } from 'vitest';
import { type Answer, asAdmin, asReader, asWriter, call, post, rig } from './harness.ts';

function put(url: string, key: string, body: unknown, headers: Record<string, string> = asAdmin): Promise<Answer> {
  return call(`${url}/v1/segments/${key}`, { method: 'PUT', headers, body: JSON.stringify(body) });
}

describe('/v1/segments', () => {
  test('are saved, listed, read and deleted', async () => {
    const { engine, url } = await rig({ clock: { nowMs: () => Date.parse('2026-01-01T00:00:00Z') } });
    await engine.ingest([{ type: 'identify', userId: 'u1', traits: { country: 'DE', plan: 'pro' } }]);
    const saved = await put(url, 'german', { where: 'country="DE"', name: 'Germany' });
    const segment = {
      key: 'german',
      name: 'Germany',
      where: { trait: 'country', op: 'eq', value: 'DE' },
      text: 'country = "DE"',
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
    };
    expect([saved.status, saved.json]).toEqual([200, segment]);
    await put(url, 'pro', { where: { and: [{ segment: 'german' }, { trait: 'plan', op: 'eq', value: 'pro' }] } });
    const list = await call(`${url}/v1/segments`, { headers: asReader });
    expect(list.json.segments.map(({ key }: { key: string }) => key)).toEqual(['german', 'pro']);
    expect((await call(`${url}/v1/segments/german`, { headers: asReader })).json).toEqual(segment);
    const used = await call(`${url}/v1/segments/german`, { method: 'DELETE', headers: asAdmin });
    expect([used.status, used.json.error.code, used.json.error.details]).toEqual([
      409,
      'segment_in_use',
      { segments: ['pro'] },
    ]);
    for (const key of ['pro', 'german']) {
      const gone = await call(`${url}/v1/segments/${key}`, { method: 'DELETE', headers: asAdmin });
      expect([gone.status, gone.json]).toEqual([200, { deleted: true }]);
    }
    expect((await call(`${url}/v1/segments/german`, { headers: asReader })).status).toBe(404);
    expect((await call(`${url}/v1/segments/german`, { method: 'DELETE', headers: asAdmin })).json.error.code).toBe(
      'segment_not_found',
    );
  });

  test('need the admin key to be written, and a read key to be read', async () => {
    const { url } = await rig();
    const body = { where: 'everyone' };
    expect((await put(url, 'a', body, asReader)).status).toBe(403);
    expect((await put(url, 'a', body, asWriter)).status).toBe(403);
    expect((await put(url, 'a', body, {})).status).toBe(401);
    expect((await put(url, 'a', body)).status).toBe(200);
    expect((await call(`${url}/v1/segments/a`, { method: 'DELETE', headers: asReader })).status).toBe(403);
    for (const path of ['segments', 'segments/a', 'segments/a/members', 'schema']) {
      expect([path, (await call(`${url}/v1/${path}`, { headers: asWriter })).status]).toEqual([path, 403]);
      expect([path, (await call(`${url}/v1/${path}`, { headers: asReader })).status]).toEqual([path, 200]);
    }
  });

  test.each([
    ['a%20b', { where: 'everyone' }, 'invalid_segment'],
    ['a%2Fb', { where: 'everyone' }, 'invalid_segment'],
    ['%FF', { where: 'everyone' }, 'malformed_request'],
    ['a', { where: 'country =' }, 'query_syntax'],
    ['a', { where: 'in segment a' }, 'segment_cycle'],
    ['a', { where: 'in segment b' }, 'unknown_segment'],
    ['a', [], 'invalid_segment'],
    ['a', JSON.parse('{"where":"everyone","__proto__":1}'), 'invalid_segment'],
  ])('%s with %j is refused: %s', async (key, body, code) => {
    const { url } = await rig();
    const answer = await put(url, key, body);
    expect([answer.status, answer.json.error.code]).toEqual([400, code]);
  });

  test('their members come in pages', async () => {
    const { engine, url } = await rig();
    await put(url, 'a.b-c', { where: 'everyone' });
    engine.onQuery = () => Promise.resolve({ ids: ['u1'], cursor: 'next', tookMs: 1, watermark: [1] });
    const path = `${url}/v1/segments/a.b-c/members`;
    const page = await call(`${path}?limit=1&cursor=x%2By`, { headers: asReader });
    expect(page.json).toMatchObject({ ids: ['u1'], cursor: 'next' });
    expect(engine.queries).toEqual([{ where: { segment: 'a.b-c' }, as: 'ids', limit: 1, cursor: 'x+y' }]);
    expect((await call(`${url}/v1/segments/nope/members`, { headers: asReader })).json.error.code).toBe(
      'segment_not_found',
    );
    for (const query of ['limit=0', 'limit=x', 'limit=1&limit=2'])
      expect((await call(`${path}?${query}`, { headers: asReader })).status).toBe(400);
  });

  test('what is not there says so', async () => {
    const { url } = await rig();
    expect((await call(`${url}/v1/segments/a/b`, { headers: asReader })).json.error.code).toBe('segment_not_found');
    const wrong = await post(`${url}/v1/segments/a`, {}, asAdmin);
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, PUT, DELETE']);
    expect((await post(`${url}/v1/segments/a/members`, {}, asAdmin)).status).toBe(405);
    expect((await call(`${url}/v1/segmentsx`, { headers: asReader })).status).toBe(404);
  });
});

describe('/v1/schema and /v1/query/complete', () => {
  test('hand on what part is wanted', async () => {
    const { engine, url } = await rig();
    await call(`${url}/v1/schema`, { headers: asReader });
    await call(`${url}/v1/schema?event=Order%20Completed&trait=a.b`, { headers: asReader });
    expect(engine.narrowings).toEqual([{}, { event: 'Order Completed', trait: 'a.b' }]);
    expect((await call(`${url}/v1/schema?event=a&event=b`, { headers: asReader })).status).toBe(400);
  });

  test.each([
    [{}],
    [[]],
    [{ text: 5 }],
    [{ text: 'a', position: -1 }],
    [{ text: 'a', limit: 'x' }],
    [{ text: 'a', x: 1 }],
  ])('%j is no completion', async (body) => {
    const { url } = await rig();
    const answer = await post(`${url}/v1/query/complete`, body, asReader);
    expect([answer.status, answer.json.error.code]).toEqual([400, 'query_invalid']);
  });

  test('a completion comes back', async () => {
    const { engine, url } = await rig();
    await engine.ingest([{ type: 'identify', userId: 'u1', traits: { country: 'DE' } }]);
    const answer = await post(`${url}/v1/query/complete`, { text: 'country x', position: 4 }, asReader);
    expect(answer.json).toMatchObject({ start: 0, end: 7 });
    expect(answer.json.completions).toContainEqual(expect.objectContaining({ insert: 'country', kind: 'trait' }));
  });
});

describe('/v1/query/funnel and /v1/query/retention', () => {
  test('are questions with their fields at the top', async () => {
    const { engine, url } = await rig();
    const steps = [{ event: 'A' }, { event: 'B', where: [{ property: 'p', op: 'eq', value: 1 }] }];
    const around = { where: 'country = "DE"', at: '2026-01-01', timeoutMs: 5, strict: true, partial: true };
    await post(
      `${url}/v1/query/funnel`,
      { steps, within: '1d', by: 'plan', window: { last: '7d' }, ...around },
      asReader,
    );
    await post(
      `${url}/v1/query/retention`,
      { cohort: { event: 'A' }, period: 'month', timeZone: 'Europe/Berlin' },
      asReader,
    );
    expect(engine.queries).toEqual([
      { as: 'funnel', funnel: { steps, within: '1d', by: 'plan', window: { last: '7d' } }, ...around },
      { as: 'retention', retention: { cohort: { event: 'A' }, period: 'month', timeZone: 'Europe/Berlin' } },
    ]);
    expect((await post(`${url}/v1/query/funnel`, [], asReader)).json.error.code).toBe('query_invalid');
    expect((await post(`${url}/v1/query/funnel`, { steps, where: 5 }, asReader)).json.error.code).toBe('query_invalid');
  });
});
