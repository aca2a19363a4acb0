/** A lookup that its shard dies of: those under way are told so, it is refused after the second death, and others are answered. */
import { afterEach, expect, it } from 'vitest';
import type { EngineError } from '../../../src/model/error.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { DeadlyCluster } from './deadly-cluster.ts';

const POISON = 'poison-7';
const user = (value: string): { type: string; value: string } => ({ type: 'user_id', value });
let cluster: DeadlyCluster | undefined;

afterEach(async () => {
  await cluster?.close();
  cluster = undefined;
});

it('is suspected with those that were under way with it, tried alone, and refused', async () => {
  cluster = await DeadlyCluster.open(
    {
      shards: 1,
      isDeadly: (method, args) => method === 'lookup' && Buffer.from(args as Uint8Array).includes(POISON),
    },
    1,
  );
  const [router] = cluster.routers;
  const events = Array.from({ length: 20 }, (_, i) => ({
    type: 'track',
    userId: `u${i}`,
    event: 'Seen',
    messageId: `m${i}`,
  }));
  await router.ingest(events);
  const names = [...events.map(({ userId }) => userId), POISON];
  const outcomes = await Promise.allSettled(names.map(async (name) => router.lookup(user(name))));
  // What was asked before it on the link is answered; what was asked of the shard that is gone is not known.
  expect(outcomes.at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'shard_unavailable' } });
  await cluster.whenAllServe();
  const settled = async (name: string): Promise<string> => {
    for (;;) {
      try {
        return (await router.lookup(user(name)))?.id ?? 'nobody';
      } catch (error) {
        const { code } = error as EngineError;
        if (code !== 'shard_unavailable' && code !== 'overloaded') return code;
        await systemClock.yieldTurn();
      }
    }
  };
  expect(await settled(POISON)).toBe('quarantined');
  expect(cluster.deaths).toEqual([0, 0]);
  await cluster.whenAllServe();
  expect(await Promise.all(events.map(({ userId }) => settled(userId)))).toEqual(events.map(({ userId }) => userId));
  // Among others in one question it is another question, which kills again; alone it is not sent any more.
  expect(await settled(POISON)).toBe('quarantined');
  expect(cluster.deaths).toHaveLength(2);
  expect(cluster.found).toMatchObject([{ kind: 'call', what: 'lookup' }]);
});
