/** Shards that die while duplicates are looked for, and decided about: the run says so and can be begun again, nobody is in two profiles or in none. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ClusterEngine } from '../../../src/cluster/cluster-engine.ts';
import type { MatchingState, Suggestion } from '../../../src/model/matching.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { crowd, user } from '../../unit/engine/matching-people.ts';
import { DeadlyCluster } from '../quarantine/deadly-cluster.ts';

const SEED = 77;
const PEOPLE = 240;
/** Of calls by one router, in the order in which a shard does them. */
interface Trap {
  readonly method: string;
  readonly shard: number;
  /** The shard dies of this one of them. */
  at: number;
}

let cluster: DeadlyCluster | undefined;
afterEach(() => cluster?.close());

async function world(trap: Trap): Promise<ClusterEngine> {
  cluster = await DeadlyCluster.open(
    {
      shards: 3,
      // Not of what it was asked: the machine's fault, so that nobody is suspected.
      end: 'killed',
      isDeadly: (method, _, shard) => {
        if (method !== trap.method || shard !== trap.shard || trap.at < 0) return false;
        trap.at -= 1;
        return trap.at < 0;
      },
    },
    1,
  );
  const [router] = cluster.routers;
  expect(await router.ingest(crowd(SEED, PEOPLE).items)).toMatchObject({ rejected: [] });
  return router;
}

async function settled(router: ClusterEngine): Promise<MatchingState> {
  try {
    return await router.matching.settled();
  } catch {
    // It was the shard that does it.
    await cluster!.whenAllServe();
    return vi.waitUntil(() => router.matching.state.catch(() => undefined), { interval: 5, timeout: 20_000 });
  }
}

async function run(router: ClusterEngine): Promise<MatchingState> {
  await router.matching.start({ seed: 4 });
  return settled(router);
}

/** Begun again, as often as a link to a shard that came back is not up yet. `merged`: of all of them. */
async function runAgain(router: ClusterEngine): Promise<MatchingState> {
  let merged = 0;
  for (;;) {
    await cluster!.whenAllServe();
    const state = await vi.waitUntil(() => run(router).catch(() => undefined), { interval: 5, timeout: 20_000 });
    merged += state.merged ?? 0;
    if (state.error?.code !== 'shard_unavailable') {
      await router.whenUp();
      return { ...state, merged };
    }
    await systemClock.yieldTurn();
  }
}

const open = async (router: ClusterEngine): Promise<readonly Suggestion[]> =>
  (await router.matching.suggestions('open', 1_000)).suggestions;

/** Profiles by their names, each person in one. */
async function peopleOf(router: ClusterEngine): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (let i = 0; i < PEOPLE; i++) names.set(`u${i}`, (await router.lookup(user(`u${i}`)))!.id);
  return names;
}

describe('a shard that dies', () => {
  it('is the one that does it: the run is forgotten, and another begins', async () => {
    const router = await world({ method: 'matching_page', shard: 0, at: 0 });
    expect(await run(router)).toEqual({ state: 'never' });
    expect(cluster!.deaths).toEqual([0]);
    expect(await runAgain(router)).toMatchObject({ state: 'done', profiles: PEOPLE });
    expect((await open(router)).length).toBeGreaterThan(15);
  });

  it.each(['matching_page', 'matching_profiles'])('is asked for %s: the run fails and says why', async (method) => {
    const router = await world({ method, shard: 2, at: 0 });
    const state = await run(router);
    expect(state).toMatchObject({ state: 'failed', error: { code: 'shard_unavailable' } });
    expect(state.error?.message).toContain('shard 2');
    expect(await runAgain(router)).toMatchObject({ state: 'done', profiles: PEOPLE });
    expect((await open(router)).length).toBeGreaterThan(15);
  });

  it('merges what is sure: what was merged stays, the next run does the rest', async () => {
    const router = await world({ method: 'merge_matched', shard: 1, at: 3 });
    await router.setIdentitySettings({ linkage: { isAutomatic: true, merge: 0.95, review: 0.8 } });
    const first = await run(router);
    expect(first).toMatchObject({ state: 'failed', error: { code: 'shard_unavailable' } });
    expect(first.merged).toBeGreaterThan(2);
    const second = await runAgain(router);
    expect(second.state).toBe('done');
    const people = await peopleOf(router);
    const { profiles } = await router.stats();
    expect(new Set(people.values()).size).toBe(profiles);
    expect(profiles).toBe(PEOPLE - first.merged! - second.merged!);
    expect(await router.query({ as: 'count' })).toMatchObject({ count: profiles });
  });

  it('has one of the two: a decision is refused and taken when it is back', async () => {
    const trap = { method: 'merge', shard: 1, at: -1 };
    const router = await world(trap);
    await run(router);
    const before = await open(router);
    trap.at = 0;
    let refused = 0;
    for (const { id, a, b } of before) {
      const decided = await router.matching.decide(id, 'accept').catch(async (error: { code: string }) => {
        refused += 1;
        expect(error.code).toBe('shard_unavailable');
        await cluster!.whenAllServe();
        await router.whenUp();
        return vi.waitUntil(() => router.matching.decide(id, 'accept').catch(() => undefined), { timeout: 20_000 });
      });
      expect(decided.state).toBe('accepted');
      expect((await router.lookup(a))!.id).toBe((await router.lookup(b))!.id);
    }
    expect([refused, cluster!.deaths]).toEqual([1, [1]]);
    expect(await open(router)).toEqual([]);
    expect((await router.matching.suggestions('accepted', 1_000)).suggestions).toHaveLength(before.length);
  });
});

describe('a run that is ended', () => {
  it('by a person, while pages come: nothing is under way any more', async () => {
    const router = await world({ method: 'none', shard: 0, at: -1 });
    await router.matching.start({});
    await expect(router.matching.start({})).rejects.toMatchObject({ code: 'matching_running' });
    await router.matching.cancel();
    expect(await router.matching.settled()).toMatchObject({ state: 'cancelled' });
    expect(await run(router)).toMatchObject({ state: 'done' });
  });

  it('because the cluster closes', async () => {
    const router = await world({ method: 'none', shard: 0, at: -1 });
    await router.matching.start({});
    await cluster!.close();
    cluster = undefined;
    await expect(router.matching.settled()).rejects.toMatchObject({ code: 'shard_unavailable' });
  });
});
