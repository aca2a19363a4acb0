/** Questions of every kind about traits at a past moment, put to the whole engine: with workers, slices and several shards. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import { open } from '../../../src/engine/open.ts';
import type { ProfilesBody, QueryRequest } from '../../../src/model/query.ts';

const PERSON_COUNT = 30_000;
const AT = '2024-03-01T00:00:00.000Z';
const NOW_MS = Date.UTC(2025, 0, 1);
const OPTIONS = { data: ':memory:', workers: 1, checkpointIntervalMs: 0 } as const;

/** Everybody has a plan in January, a third another in February; in April all are on the same, in June the last third is late for February. */
function* items(untilMs: number): Generator<Record<string, unknown>> {
  const item = (person: number, part: string, timestamp: string, rest: object) => ({
    userId: `u${person}`,
    messageId: `${part}${person}`,
    timestamp,
    ...rest,
  });
  const identify = (person: number, part: string, timestamp: string, traits: object) =>
    Date.parse(timestamp) > untilMs ? [] : [item(person, part, timestamp, { type: 'identify', traits })];
  for (let person = 0; person < PERSON_COUNT; person++) {
    const plan = ['free', 'pro', 'team'][person % 3];
    yield* identify(person, 'jan', '2024-01-01', { plan, size: person % 100, address: { city: `c${person % 7}` } });
    yield item(person, 'buy', '2024-02-10', {
      type: 'track',
      event: 'Bought',
      properties: { total: person % 10, plan },
    });
    if (person % 3 === 0) yield* identify(person, 'feb', '2024-02-01', { plan: 'pro', address: 'none' });
    yield* identify(person, 'apr', '2024-04-01', { plan: 'max', size: 1_000, address: null });
    if (person % 3 === 2) yield* identify(person, 'late', '2024-02-15', { plan: 'late' });
  }
}

let engine: Engine;
/** Was never sent what came after the moment. */
let early: Engine;

beforeAll(async () => {
  engine = await open({ ...OPTIONS, shards: 2, clock: { nowMs: () => NOW_MS } });
  early = await open({ ...OPTIONS, shards: 2, clock: { nowMs: () => Date.parse(AT) } });
  for (const [one, untilMs] of [
    [engine, Number.POSITIVE_INFINITY],
    [early, Date.parse(AT)],
  ] as const) {
    let batch: unknown[] = [];
    for (const item of items(untilMs)) {
      batch.push(item);
      if (batch.length === 4_000) {
        await one.ingest(batch, { ack: 'applied' });
        batch = [];
      }
    }
    await one.ingest(batch, { ack: 'applied' });
  }
});
afterAll(async () => {
  await engine.close();
  await early.close();
});

const QUESTIONS: readonly QueryRequest[] = [
  { where: 'plan = "pro"', as: 'count' },
  { where: 'plan = "late" and size >= 50', as: 'count' },
  { where: 'not address.city exists', as: 'count' },
  { where: 'address = "none" or size < 3', as: 'ids', limit: 50 },
  { where: 'plan = "pro"', as: 'count', mode: 'estimate' },
  { where: 'did "Bought" where total > 5 and plan = "late"', as: 'count' },
  { where: { event: 'Bought', where: [{ property: 'plan', op: 'neq', value: { trait: 'plan' } }] }, as: 'count' },
  { as: 'breakdown', breakdown: { by: ['plan'] } },
  {
    where: 'size > 90',
    as: 'breakdown',
    breakdown: { by: [{ trait: 'address.city' }], aggregate: { fn: 'sum', trait: 'size' } },
  },
  { where: 'plan = "late"', as: 'aggregate', aggregate: { fn: 'avg', trait: 'size' } },
  { as: 'aggregate', aggregate: { fn: 'count_distinct', trait: 'plan' } },
  { as: 'funnel', funnel: { steps: [{ event: 'Bought' }], within: '7d', by: 'plan' } },
] as unknown as QueryRequest[];

test('every kind of question gives at a moment what the engine said then', async () => {
  for (const question of QUESTIONS) {
    const { tookMs: _, watermark: __, ...then } = await early.query(question);
    for (let round = 0; round < 2; round++) {
      const { tookMs: ___, watermark: ____, ...now } = await engine.query({ ...question, at: AT });
      expect(now).toEqual(then);
    }
  }
  expect(await engine.query({ where: 'plan = "max"', as: 'count' })).toMatchObject({ count: PERSON_COUNT });
});

test('profiles are shown as they were', async () => {
  const request = { where: 'plan = "late"', as: 'profiles', limit: 3, events: 1 } as QueryRequest;
  const { profiles } = (await engine.query({ ...request, at: AT })) as ProfilesBody;
  expect(profiles).toEqual(((await early.query(request)) as ProfilesBody).profiles);
  expect(profiles).toHaveLength(3);
});

test('explain names columns of the past', async () => {
  const { plan } = await engine.query({ where: 'size > 41.5', as: 'count', at: AT, explain: true });
  expect(JSON.stringify(plan)).toContain('size');
});

test('what is not answered at a past moment is refused', async () => {
  const refused = [
    { where: { trait: 'first_seen', op: 'lt', value: { trait: 'last_seen' } }, as: 'count' },
    {
      where: { event: 'Bought', where: [{ property: 'total', op: 'lt', value: { trait: 'last_seen' } }] },
      as: 'count',
    },
    { as: 'breakdown', breakdown: { by: ['first_seen'] } },
    { as: 'aggregate', aggregate: { fn: 'count_distinct', trait: 'last_seen' } },
  ] as unknown as QueryRequest[];
  for (const request of refused) {
    await expect(engine.query({ ...request, at: AT })).rejects.toMatchObject({ code: 'query_unsupported' });
  }
  expect(await engine.query({ where: 'first_seen < "2024-01-15"', as: 'count', at: AT })).toMatchObject({
    count: PERSON_COUNT,
  });
});
