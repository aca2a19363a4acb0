import { expect, test } from 'vitest';
import { whyAnswer } from '../../src/server/openapi/why-schema.ts';
import { asReader, asWriter, post, rig } from './harness.ts';

const WHERE = 'did "Order" in last 7d';

test('why answers for a profile named as in a lookup', async () => {
  const { url, engine } = await rig();
  await engine.ingest([
    { type: 'identify', userId: 'u1', traits: { email: 'ann@kith.test' } },
    { type: 'identify', userId: 'a:b' },
  ]);
  const ids = ['u1', 'email:ann@kith.test', { type: 'user_id', value: 'u1' }, 'a:b'];
  for (const id of ids) {
    const { status, json } = await post(`${url}/v1/query/why`, { id, where: WHERE }, asReader);
    expect([status, json.id]).toEqual([200, id === 'a:b' ? id : 'u1']);
    expect(whyAnswer.safeParse(json).error).toBeUndefined();
  }
});

test.each([
  [{ id: 'nobody', where: WHERE }, 404, 'profile_not_found'],
  [{ id: 'nobody' }, 400, 'query_invalid'],
  [{ where: WHERE }, 400, 'query_invalid'],
  [{ id: 5, where: WHERE }, 400, 'query_invalid'],
  [{ id: 'u1', where: WHERE, at: '2026-01-01' }, 400, 'query_invalid'],
  [{ id: 'u1', where: WHERE, strict: 1 }, 400, 'query_invalid'],
  [[], 400, 'query_invalid'],
])('why refuses %j', async (body, status, code) => {
  const { url } = await rig();
  const answer = await post(`${url}/v1/query/why`, body, asReader);
  expect([answer.status, answer.json.error.code]).toEqual([status, code]);
});

test('why needs a read key', async () => {
  const { url } = await rig();
  expect((await post(`${url}/v1/query/why`, { id: 'u1', where: WHERE }, asWriter)).status).toBe(403);
});
