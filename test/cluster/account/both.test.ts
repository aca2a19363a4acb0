/**
 * Random group calls, merges and questions that have to do with accounts, to a cluster and to one process alike: the same answers, whatever kind is
 * asked for. And while slots move and people merge: what does not change by that is answered the same all the time.
 */
import { afterEach, expect, test } from 'vitest';
import type { ClusterEngine } from '../../../src/cluster/cluster-engine.ts';
import type { Gateway } from '../../../src/engine/gateway.ts';
import { open } from '../../../src/engine/open.ts';
import { EngineError } from '../../../src/model/error.ts';
import type { Expression, Match } from '../../../src/model/expression.ts';
import type { QueryAnswer, QueryRequest } from '../../../src/model/query.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { type Random, randomOf } from '../../process/seed.ts';
import { MemoryCluster } from '../memory-cluster.ts';

const NOW_MS = Date.parse('2026-03-01T00:00:00Z');
const clock = { ...systemClock, nowMs: () => NOW_MS };
const closings: (() => Promise<void>)[] = [];
let cluster: MemoryCluster | undefined;

afterEach(async () => {
  for (const close of closings.splice(0)) await close();
  expect(cluster?.fatal).toEqual([]);
  await cluster?.close();
  cluster = undefined;
});

async function openBoth(flushTurns = 0): Promise<{ readonly router: ClusterEngine; readonly single: Gateway }> {
  cluster = await MemoryCluster.open({ shards: 3, clock, flushTurns });
  const router = await cluster.router();
  const single = await open({ data: ':memory:', shards: 2, workers: 1, clock });
  closings.push(
    () => router.close(),
    () => single.close(),
  );
  return { router, single };
}

const MATCHES: readonly Match[] = ['any', 'all', 'none'];
const PLANS = ['free', 'pro', 'max'];

function items(random: Random, from: number, count: number): object[] {
  return Array.from({ length: count }, (_, k) => {
    const messageId = `m${from + k}`;
    // Few moments, so that calls of several shards meet in one and the message id decides.
    const timestamp = new Date(NOW_MS - (1 + random.below(40)) * 3_600_000).toISOString();
    const userId = `u${random.below(40)}`;
    const anonymousId = `v${random.below(30)}`;
    const groupId = `g${random.below(25)}`;
    switch (random.below(8)) {
      case 0:
        return { type: 'identify', userId, traits: { age: random.below(80) }, messageId, timestamp: at(from + k) };
      case 1:
        return { type: 'identify', userId, anonymousId, messageId, timestamp };
      case 2:
        return { type: 'track', userId, event: 'Login', properties: { n: random.below(9) }, messageId, timestamp };
      case 3: {
        const properties = { group_id: groupId };
        return { type: 'track', anonymousId, event: 'Group Left', properties, messageId, timestamp: at(from + k) };
      }
      case 4:
        return { type: 'group', anonymousId, groupId, traits: traitsOf(random), messageId, timestamp: at(from + k) };
      default:
        return { type: 'group', userId, groupId, traits: traitsOf(random), messageId, timestamp };
    }
  });
}

/** A moment of its own for what hangs on its order. */
function at(n: number): string {
  return new Date(NOW_MS - 1_000_000_000 + n * 1_000).toISOString();
}

function traitsOf(random: Random): Record<string, unknown> {
  const traits: Record<string, unknown> = {};
  if (random.below(2) === 0) traits['plan'] = random.pick([...PLANS, null]);
  if (random.below(2) === 0) traits['seats'] = random.pick([1, 2.5, 40, null, 'many', true]);
  const site = random.below(12);
  if (site === 0) traits['site'] = { city: random.pick(['Ulm', 'Bonn', null]) };
  if (site === 1) traits['site'] = random.pick([{}, null, 'none', ['a', 1]]);
  if (site === 2) traits['site'] = { lane: random.pick<unknown>([{ no: 1 }, {}, null, { no: null }]) };
  return traits;
}

function personCondition(random: Random, depth: number): Expression {
  switch (random.below(depth > 0 ? 6 : 3)) {
    case 0:
      return { event: 'Login' };
    case 1:
      return { trait: 'age', op: 'lt', value: random.below(80) };
    case 2:
      return { event: 'Group Joined', count: { op: 'gte', value: 1 + random.below(4) } };
    case 3:
      return { or: [personCondition(random, depth - 1), personCondition(random, depth - 1)] };
    case 4:
      return { not: personCondition(random, depth - 1) };
    default:
      return { account: accountCondition(random, depth - 1), match: random.pick(MATCHES) };
  }
}

function accountCondition(random: Random, depth: number): Expression {
  switch (random.below(depth > 0 ? 6 : 3)) {
    case 0:
      return { trait: 'plan', op: 'eq', value: random.pick(PLANS) };
    case 1:
      return { trait: 'seats', op: 'gt', value: random.below(40) };
    case 2:
      return { trait: random.pick(['site', 'site.city', 'site.lane', 'site.lane.no']), op: 'exists' };
    case 3:
      return { and: [accountCondition(random, depth - 1), { not: accountCondition(random, depth - 1) }] };
    default:
      return { people: personCondition(random, depth - 1), match: random.pick(MATCHES) };
  }
}

function question(random: Random): QueryRequest {
  const depth = 1 + random.below(3);
  if (random.below(2) === 0) {
    const shape = random.pick<QueryRequest>([
      { as: 'count' },
      { as: 'ids' },
      { as: 'profiles' },
      { as: 'profiles', fields: ['plan', 'people'] },
      { as: 'aggregate', aggregate: { fn: 'sum', trait: 'seats' } },
      { as: 'aggregate', aggregate: { fn: 'count_distinct', trait: 'plan' } },
      { as: 'breakdown', breakdown: { by: ['plan'] } },
      { as: 'count', mode: 'estimate' },
    ]);
    return { of: 'accounts', where: accountCondition(random, depth), ...shape };
  }
  const where: Expression = { account: accountCondition(random, depth), match: random.pick(MATCHES) };
  const other: Expression = { account: { trait: 'plan', op: 'exists' } };
  return {
    ...(random.below(4) === 0 ? { where: { and: [where, other] } } : { where }),
    ...random.pick<QueryRequest>([
      { as: 'count' },
      { as: 'ids' },
      { as: 'aggregate', aggregate: { fn: 'sum', event: 'Login', property: 'n' } },
      { as: 'breakdown', breakdown: { event: 'Login', by: ['n'] } },
      { as: 'funnel', funnel: { steps: [{ event: 'Group Joined' }, { event: 'Login' }] } },
      {
        as: 'overlap',
        overlap: {
          segments: [
            { name: 'a', where },
            { name: 'b', where: { not: other } },
          ],
        },
      },
      { as: 'count', mode: 'estimate' },
    ]),
  };
}

/** What does not hang on where somebody is kept, in one order. */
async function answerOf(engine: Gateway, request: QueryRequest): Promise<unknown> {
  const { tookMs: _, watermark: __, ...body } = await engine.query(request);
  if ('ids' in body) return [...body.ids].sort();
  if ('profiles' in body) return body.profiles.map((profile) => JSON.stringify(sorted(profile))).sort();
  return body;
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, sorted(part)]),
  );
}

test.each([11, 12, 13])('the same as one process, seed %i', async (seed) => {
  const random = randomOf(seed);
  const { router, single } = await openBoth();
  for (let round = 0; round < 6; round++) {
    // One at a time: the order of what comes together is not the same in both.
    for (const item of items(random, round * 100, 100)) {
      for (const engine of [router, single]) {
        expect(await engine.ingest([item], { isImport: true })).toMatchObject({ rejected: [] });
      }
    }
    for (let asked = 0; asked < 40; asked++) {
      const request = question(random);
      expect([request, await answerOf(router, request)]).toEqual([request, await answerOf(single, request)]);
    }
    for (let user = 0; user < 40; user += 9) {
      const identifier = { type: 'user_id', value: `u${user}` };
      const where = personCondition(random, 3);
      const [theirs, ours] = [await single.why(identifier, where), await router.why(identifier, where)];
      expect([where, ours]).toEqual([where, theirs]);
      const page = (engine: Gateway) => engine.accounts.ofPerson(identifier);
      expect(await setOf(page(router))).toEqual(await setOf(page(single)));
    }
    expect(await setOf(router.accounts.list())).toEqual(await setOf(single.accounts.list()));
  }
});

async function setOf(page: Promise<{ readonly accounts: readonly object[] } | undefined>): Promise<unknown> {
  return (await page)?.accounts.map((account) => JSON.stringify(sorted(account))).sort();
}

test('pages of accounts, each met once, whichever door is asked', async () => {
  const { router } = await openBoth();
  const another = await cluster!.router('another');
  closings.push(() => another.close());
  const groups = Array.from({ length: 57 }, (_, i) => `group ${i}`);
  await router.ingest(groups.map((groupId, i) => ({ type: 'group', userId: `u${i}`, groupId, messageId: `m${i}` })));
  const found: string[] = [];
  let cursor: string | undefined;
  let page = 0;
  do {
    const door = page++ % 2 === 0 ? router : another;
    const answer = await door.query({ of: 'accounts', as: 'ids', limit: 10, cursor });
    if (!('ids' in answer)) throw new TypeError('no ids');
    found.push(...answer.ids);
    cursor = answer.cursor;
  } while (cursor !== undefined);
  expect(found.sort()).toEqual(groups.sort());
});

test('exact all the time while slots move and people become one', async () => {
  // People are away for as long as the disk takes: whoever asks meets it.
  const { router } = await openBoth(50);
  const people = 600;
  const send = (batch: object[]) => router.ingest(batch, { isImport: true });
  // A question that met people on their way each time is refused, to be asked again: never answered wrong.
  const ask = async (request: QueryRequest): Promise<QueryAnswer> => {
    for (;;) {
      try {
        return await router.query(request);
      } catch (error) {
        if (!(error instanceof EngineError) || error.code !== 'overloaded') throw error;
      }
    }
  };
  // Everybody is in one of 30 accounts, ten of them on the plan; a fifth logged in, who are all people of every third account.
  for (let i = 0; i < people; i++) {
    const group = i % 30;
    const timestamp = at(i);
    const batch: object[] = [
      { type: 'group', userId: `u${i}`, groupId: `g${group}`, traits: { n: i }, messageId: `m${i}`, timestamp },
      { type: 'group', anonymousId: `v${i}`, groupId: `g${group}`, messageId: `v${i}`, timestamp: at(0) },
    ];
    if (group < 10) batch.push({ type: 'track', userId: `u${i}`, event: 'Login', messageId: `l${i}` });
    if (group < 10) batch.push({ type: 'track', anonymousId: `v${i}`, event: 'Login', messageId: `w${i}` });
    expect(await send(batch)).toMatchObject({ rejected: [] });
  }
  let isMoving = true;
  const moves = (async () => {
    for (const [from, to] of [
      [0, 1],
      [2, 0],
      [1, 2],
    ]) {
      const slots = cluster!.map.slotOwners.flatMap((owner, slot) => (owner === from ? [slot] : []));
      for (let i = 0; i < slots.length; i += 16) await cluster!.moveSlots(slots.slice(i, i + 16), to, [router]);
    }
    isMoving = false;
  })();
  const merges = (async () => {
    for (let i = 0; i < people; i++) {
      const { rejected } = await send([
        { type: 'identify', userId: `u${i}`, anonymousId: `v${i}`, messageId: `i${i}` },
      ]);
      expect(rejected).toEqual([]);
    }
  })();
  let asked = 0;
  while (isMoving) {
    const didLogin: Expression = { event: 'Login' };
    for (const [match, count] of [
      ['any', 10],
      ['all', 10],
      ['none', 20],
    ] as const) {
      const answer = await ask({ of: 'accounts', where: { people: didLogin, match }, as: 'count' });
      expect([match, answer]).toMatchObject([match, { count }]);
    }
    // Nobody is in another account than those of the plan, and nobody is met twice or missed.
    const where: Expression = {
      and: [{ account: { people: didLogin, match: 'all' }, match: 'all' }, { not: didLogin }],
    };
    expect(await ask({ where, as: 'count' })).toMatchObject({ count: 0 });
    const inAny = await ask({ where: { account: { trait: 'n', op: 'exists' } }, as: 'count' });
    const everybody = await ask({ as: 'count' });
    if (!('count' in inAny) || !('count' in everybody)) throw new TypeError('no counts');
    expect(inAny.count).toBeGreaterThanOrEqual(everybody.count);
    expect(inAny.count).toBeLessThanOrEqual(2 * people);
    const sum = await ask({ of: 'accounts', as: 'aggregate', aggregate: { fn: 'sum', trait: 'n' } });
    // The last call of each account stands.
    expect(sum).toMatchObject({ value: (30 * (people - 30 + people - 1)) / 2 });
    asked += 1;
  }
  await moves;
  await merges;
  expect(asked).toBeGreaterThan(2);
  for (let g = 0; g < 30; g += 7) expect(await router.accounts.get(`g${g}`)).toMatchObject({ people: people / 30 });
  const own = await router.accounts.people('g3', { limit: 1_000 });
  expect(own?.ids.length).toBe(people / 30);
});
