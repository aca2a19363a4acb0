import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openForm, type TestEngine } from '../../helpers/test-engine.ts';

let engine: TestEngine;
const now = '2026-01-10T12:00:00.000Z';
const ADA = { type: 'user_id', value: 'ada' };

beforeEach(async () => {
  engine = await openForm({ data: ':memory:', shards: 2, workers: 1, clock: { nowMs: () => Date.parse(now) } });
  const timestamp = '2026-01-09T12:00:00.000Z';
  await engine.ingest([
    { type: 'identify', userId: 'ada', traits: { country: 'DE', home: 'DE' }, timestamp },
    { type: 'track', userId: 'ada', event: 'Order', properties: { total: 5 }, timestamp },
    { type: 'track', anonymousId: 'v1', event: 'Order', properties: { total: 9 }, timestamp },
  ]);
});
afterEach(() => engine.close());

describe('why', () => {
  it('answers with the tree, saved segments as nodes, and the next change', async () => {
    await engine.saveSegment('recent', { where: 'did "Order" in last 7d' });
    const answer = await engine.why(ADA, 'in segment recent and country = trait home');
    const changesAt = '2026-01-16T12:00:00.001Z';
    const leaf = { text: 'did "Order" in last 7d', isTrue: true, saw: { count: 1 }, changesAt };
    const trait = {
      text: 'country = trait home',
      isTrue: true,
      saw: { values: ['DE'], against: ['DE'] },
      changesAt: null,
    };
    const segment = { text: 'in segment recent', isTrue: true, changesAt, of: [leaf] };
    const text = 'in segment recent and country = trait home';
    const why = { text, isTrue: true, changesAt, of: [segment, trait] };
    expect(answer).toEqual({ id: 'ada', isMember: true, changesAt, why, at: now });
  });

  it('knows profiles by every identifier, and nobody by a strange one', async () => {
    const found = await engine.why({ type: 'anonymous_id', value: 'v1' }, { random: { salt: 's', from: 0, to: 1 } });
    expect(found).toMatchObject({ id: 'anonymous_id:v1', isMember: true });
    expect(await engine.why({ type: 'user_id', value: 'eve' }, 'everyone')).toBeUndefined();
  });

  it('agrees with the query, and tells of names that nobody sent', async () => {
    const where = 'sum of totl over "Order" > 1';
    expect(await engine.query({ where })).toMatchObject({ count: 0 });
    const answer = await engine.why(ADA, where);
    expect(answer).toMatchObject({ isMember: false, warnings: [{ name: 'totl', suggestion: 'total' }] });
    await expect(engine.why(ADA, where, { strict: true })).rejects.toMatchObject({ code: 'query_unknown_name' });
    await expect(engine.why(ADA, 'in segment none')).rejects.toMatchObject({ code: 'unknown_segment' });
    await expect(engine.why(ADA, 'country =')).rejects.toMatchObject({ code: 'query_syntax' });
  });

  it('gives random buckets that a query finds too, also where an id is not a user_id', async () => {
    const visitor = { type: 'anonymous_id', value: 'v1' };
    const answer = await engine.why(visitor, { random: { salt: 'exp', from: 0, to: 0.5 } });
    const saw = answer?.why.saw;
    const bucket = saw !== undefined && 'bucket' in saw ? saw.bucket : 2;
    const ids = await engine.query({ where: { random: { salt: 'exp', from: bucket, to: bucket + 1e-9 } }, as: 'ids' });
    expect(ids).toMatchObject({ ids: ['anonymous_id:v1'] });
  });
});
