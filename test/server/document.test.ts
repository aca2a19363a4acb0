import { describe, expect, test } from 'vitest';
import { PROFILE_PATH, STREAM_PATH } from '../../src/server/http/route.ts';
import { routes } from '../../src/server/http/routes.ts';
import { BytePage } from '../../src/server/lookup/byte-page.ts';
import { errorAnswer, ingestAnswer } from '../../src/server/openapi/ingest-schema.ts';
import { profile, profilesAnswer } from '../../src/server/openapi/profile-schema.ts';
import { queryAnswer, queryRequest } from '../../src/server/openapi/query-request-schema.ts';
import { catalogue, completionAnswer, segmentList, segmentSaved } from '../../src/server/openapi/segment-schema.ts';
import { asAdmin, asReader, call, epochPart, post, rig } from './harness.ts';

test('/openapi.json lists every route that the router has, and no other', async () => {
  const { url } = await rig();
  const document = (await call(`${url}/openapi.json`)).json;
  expect(document.openapi).toBe('3.1.0');
  const listed = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item as object).map((method) => `${method} ${path}`),
  );
  const served = [
    ...routes(new BytePage(), () => ''),
    { method: 'get', path: PROFILE_PATH },
    { method: 'get', path: STREAM_PATH },
  ];
  expect(listed.sort()).toEqual(served.map(({ method, path }) => `${method} ${path}`).sort());
});

test('every reference leads somewhere, every operation is named once', async () => {
  const { url } = await rig();
  const { text, json } = await call(`${url}/openapi.json`);
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g))
    expect(json.components.schemas).toHaveProperty(name);
  const ids = [...text.matchAll(/"operationId":"(\w+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test('real answers have the shapes that it promises', async () => {
  const { url } = await rig();
  const batch = [
    { type: 'track', userId: 'u1', event: 'e', messageId: 'm', properties: { a: [1, { b: null }] } },
    { messageId: 'x' },
  ];
  expect(ingestAnswer.parse((await post(`${url}/v1/batch`, { batch })).json).rejected).toHaveLength(1);
  expect(profile.parse((await call(`${url}/v1/profiles/u1?events=5`, { headers: asReader })).json).events).toHaveLength(
    1,
  );
  profilesAnswer.parse((await post(`${url}/v1/profiles/get`, { ids: ['u1', 'u2'] }, asReader)).json);
  queryAnswer.parse((await post(`${url}/v1/query`, {}, asReader)).json);
  const saved = await call(`${url}/v1/segments/a`, {
    method: 'PUT',
    headers: asAdmin,
    body: JSON.stringify({ where: 'not (country = "DE" or did "E")', description: 'x' }),
  });
  segmentSaved.parse(saved.json);
  segmentList.parse((await call(`${url}/v1/segments`, { headers: asReader })).json);
  catalogue.parse((await call(`${url}/v1/schema`, { headers: asReader })).json);
  completionAnswer.parse((await post(`${url}/v1/query/complete`, { text: 'c' }, asReader)).json);
  errorAnswer.parse((await call(`${url}/v1/profiles/u1`)).json);
  errorAnswer.parse((await post(`${url}/v1/track`, '{"a')).json);
});

test('the epoch of a profile’s answer is a header that it names', async () => {
  const { url } = await rig();
  const document = (await call(`${url}/openapi.json`)).json;
  const named = Object.keys(document.paths['/v1/profiles/{id}'].get.responses['200'].headers);
  await post(`${url}/v1/track`, { userId: 'u1', event: 'e' });
  const { status, headers } = await call(`${url}/v1/profiles/u1`, { headers: asReader });
  expect(status).toBe(200);
  expect(named.map((name) => headers.get(name))).toEqual([epochPart().epoch?.toString() ?? null]);
});

test('the schema of a condition takes every kind of leaf', () => {
  const where = {
    and: [
      { or: [{ trait: 'a', op: 'in', value: ['x', 1] }, { not: { segment: 's' } }] },
      {
        event: 'E',
        where: [{ property: 'p', op: 'gte', value: { property: 'q' } }],
        count: { op: 'between', value: [1, 2] },
        window: { last: '7d' },
      },
      { event: 'E', aggregate: { fn: 'sum', property: 'p', op: 'gt', value: 5 }, window: { between: ['90d', '30d'] } },
      {
        sequence: [
          { event: 'A', nth: 'first' },
          { event: 'B', within: '15m', without: { event: 'C' } },
        ],
        window: { from: '2026-01-01' },
      },
      { random: { salt: 's', from: 0, to: 0.1 } },
    ],
  };
  expect(queryRequest.safeParse({ where, as: 'ids' }).success).toBe(true);
  expect(queryRequest.safeParse({ where: { and: [{ trait: 'a', op: 'nope' }] } }).success).toBe(false);
});

describe('/docs', () => {
  test('is served whole from here, with charset, and asks for nothing outside', async () => {
    const { url } = await rig();
    const page = await call(`${url}/docs`);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    const links = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link);
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) {
      expect(link).toMatch(/^\/docs\//);
      const file = await call(`${url}${link}`);
      expect([link, file.status]).toEqual([link, 200]);
      if (!link.endsWith('.png')) expect(file.headers.get('content-type')).toContain('charset=utf-8');
      expect(file.text.length).toBeGreaterThan(50);
    }
    expect((await call(`${url}/docs/start.js`)).text).toContain('validatorUrl: null');
  });
});
