import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Core, keyOf } from './core.ts';
import { traffic } from './traffic.ts';

const scenario = fc.record({
  seed: fc.integer(),
  people: fc.integer({ min: 1, max: 9 }),
  batchCount: fc.integer({ min: 1, max: 25 }),
});

test('for any traffic, one shard and four end in the same state and give the same answers', async () => {
  let mergeCount = 0;
  await fc.assert(
    fc.asyncProperty(scenario, async ({ seed, people, batchCount }) => {
      const one = Core.fresh(1, { hashSeed: 11, isAutoFlush: true });
      const four = Core.fresh(4, { hashSeed: 22, isAutoFlush: true });
      for (const batch of traffic(seed, { batchCount, people, hasRetries: true })) {
        const [a, b] = [await one.ingest(batch), await four.ingest(batch)];
        expect({ ...b, seq: undefined }).toEqual({ ...a, seq: undefined });
        expect(a.accepted + a.rejected.length).toBe(batch.length);
      }
      expect(four.state()).toEqual(one.state());
      expect(four.hash).toBe(one.hash);
      expect(four.router.joiner.mergeCount).toBe(one.router.joiner.mergeCount);
      mergeCount += one.router.joiner.mergeCount;
    }),
    { numRuns: 60 },
  );
  expect(mergeCount).toBeGreaterThan(60);
});

test('for any traffic over four shards, every identifier has one profile and leads back to it', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ seed, people, batchCount }) => {
      const core = Core.fresh(4, { hashSeed: 33, isAutoFlush: true });
      for (const batch of traffic(seed, { batchCount, people, hasRetries: true })) await core.ingest(batch);
      const owners = new Map<string, string>();
      for (const profile of core.profiles()) {
        for (const identifier of profile.identifiers) {
          expect(owners.get(keyOf(identifier))).toBeUndefined();
          owners.set(keyOf(identifier), profile.id);
          expect(core.lookup(identifier)?.id).toBe(profile.id);
        }
        const [first] = profile.identifiers;
        expect(profile.id).toBe(first.type === 'user_id' ? first.value : keyOf(first));
      }
      for (const type of ['user_id', 'anonymous_id', 'email', 'phone', 'crm']) {
        expect(core.lookup({ type, value: 'nobody' })).toBeUndefined();
      }
    }),
    { numRuns: 60 },
  );
});

test('for any traffic, sending all of it again changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ seed, people, batchCount }) => {
      const core = Core.fresh(3, { hashSeed: 44, isAutoFlush: true });
      const batches = traffic(seed, { batchCount, people, hasRetries: false });
      for (const batch of batches) await core.ingest(batch);
      const before = core.state();
      for (const batch of batches) {
        const { accepted, duplicates } = await core.ingest(batch);
        expect(duplicates).toBe(accepted);
      }
      expect(core.state()).toEqual(before);
    }),
    { numRuns: 40 },
  );
});
