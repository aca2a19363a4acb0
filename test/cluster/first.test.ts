/** The first things a cluster must do: take events, find people whatever identifier they are asked by, bring people together over shards. */
import { afterEach, describe, expect, it } from 'vitest';
import { open } from '../../src/engine/open.ts';
import { MemoryCluster } from './memory-cluster.ts';

const at = '2026-01-02T03:04:05.000Z';
let cluster: MemoryCluster | undefined;

afterEach(async () => {
  expect(cluster?.fatal).toEqual([]);
  await cluster?.close();
  cluster = undefined;
});

describe.each([1, 3])('a cluster of %i shards', (shards) => {
  it('brings visitors and users together as one process does', async () => {
    cluster = await MemoryCluster.open({ shards });
    const router = await cluster.router();
    const single = await open({ data: ':memory:', shards: 1 });
    const items: object[] = [];
    for (let i = 0; i < 60; i++) {
      const messageId = `m${i}`;
      const timestamp = new Date(Date.parse(at) + i * 1_000).toISOString();
      const user = `u${i % 7}`;
      const visitor = `a${i % 20}`;
      if (i % 3 === 0) items.push({ type: 'track', anonymousId: visitor, event: 'Seen', messageId, timestamp });
      else if (i % 3 === 1) {
        items.push({ type: 'identify', userId: user, anonymousId: visitor, traits: { n: i }, messageId, timestamp });
      } else
        items.push({ type: 'track', userId: user, event: 'Bought', properties: { total: i }, messageId, timestamp });
    }
    for (const item of items) {
      const told = await router.ingest([item], { isImport: true });
      expect(told).toMatchObject({ accepted: 1, rejected: [] });
      await single.ingest([item], { isImport: true });
    }
    expect(await router.ingest(items, { isImport: true })).toMatchObject({
      accepted: 60,
      duplicates: 60,
      rejected: [],
    });
    for (let i = 0; i < 20; i++) {
      for (const identifier of [
        { type: 'user_id', value: `u${i % 7}` },
        { type: 'anonymous_id', value: `a${i}` },
      ]) {
        expect(await router.lookup(identifier, { events: 100 })).toEqual(single.lookup(identifier, { events: 100 }));
      }
    }
    expect(await router.stateHash()).toBe(single.stateHash());
    expect((await router.query({ as: 'count' })) as object).toMatchObject({ count: single.stats().profiles });
    await router.close();
    await single.close();
  });
});
