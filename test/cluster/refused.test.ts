/** What a cluster does not answer is refused, everywhere and with one code; never answered in part. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Expression } from '../../src/model/query.ts';
import { openCluster, type TestEngine } from '../helpers/test-engine.ts';

let engine: TestEngine;
const user = { type: 'user_id', value: 'u1' };
const where: Expression = { account: { trait: 'plan', op: 'eq', value: 'pro' } };

beforeAll(async () => {
  engine = await openCluster();
  await engine.ingest(
    Array.from({ length: 12 }, (_, i) => {
      return {
        type: 'group',
        userId: `u${i}`,
        groupId: 'g',
        messageId: `m${i}`,
        traits: i === 3 ? { plan: 'pro' } : {},
      };
    }),
  );
  await engine.saveSegment('all', { where: 'everyone' });
});
afterAll(() => engine.close());

it.each<[name: string, ask: () => unknown]>([
  ['a question with a condition on accounts', () => engine.query({ where, as: 'count' })],
  ['the same as text', () => engine.query({ where: 'account (plan = "pro")', as: 'count' })],
  ['a question of accounts', () => engine.query({ of: 'accounts', as: 'count' })],
  ['why', () => engine.why(user, where)],
  ['a segment with such a condition', () => engine.saveSegment('s', { where: { not: where } })],
  ['one account', () => engine.accounts.get('g')],
  ['accounts', () => engine.accounts.list({ limit: 5 })],
  ['people of an account', () => engine.accounts.people('g', { limit: 5 })],
  ['accounts of a person', () => engine.accounts.ofPerson(user, { limit: 5 })],
])('%s', async (_name, ask) => {
  await expect((async () => ask())()).rejects.toMatchObject({ code: 'query_unsupported', status: 400 });
});

it('lets be what is about one person: the groups of it, and audiences without such conditions', async () => {
  expect(await engine.profilePages.accounts(user, { limit: 5 })).toMatchObject({
    accounts: [{ id: 'g' }],
  });
  expect(await engine.profilePages.segments(user, { limit: 5 })).toMatchObject({ keys: ['all'] });
});
