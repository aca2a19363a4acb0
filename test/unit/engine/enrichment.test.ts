import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import { open } from '../../../src/engine/open.ts';
import type { EnrichmentAnswer, EnrichmentPriority } from '../../../src/model/enrichment.ts';
import type { Identifier } from '../../../src/model/profile.ts';
import { NaivePeople } from './enrichment-model.ts';

const START_MS = Date.parse('2026-01-01T00:00:00Z');
let engine: Engine;
let folder: string;
let nowMs: number;

beforeEach(async () => {
  nowMs = START_MS;
  folder = await mkdtemp(join(tmpdir(), 'kith-enrichment-'));
  engine = await open({ data: join(folder, 'data'), shards: 2, workers: 1, clock: { nowMs: () => nowMs } });
});
afterEach(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

const idOf = (text: string): Identifier => {
  const colon = text.indexOf(':');
  return { type: text.slice(0, colon), value: text.slice(colon + 1) };
};
const lookup = (text: string) => engine.lookup(idOf(text));
const traitsOf = (text: string) => lookup(text)?.traits;
const identify = (userId: string, traits: object, timestamp?: string) =>
  engine.ingest([{ type: 'identify', userId, traits, ...(timestamp === undefined ? {} : { timestamp }) }]);

function enrich(
  who: string,
  traits: Record<string, unknown>,
  more: { priority?: EnrichmentPriority; source?: string; at?: string | number } = {},
): Promise<EnrichmentAnswer> {
  const { priority = 'fill', source = 'acxiom', at } = more;
  return engine.enrich({ source, priority, records: [{ who: [idOf(who)], traits, at }] });
}
const taken = { matched: 1, duplicates: 0, unmatched: [], rejected: [] };

describe('what fills', () => {
  test('shows only where the person never said anything, whenever either came', async () => {
    await identify('u1', { city: 'Bonn', email: 'u1@kith.test' }, '2025-06-01');
    expect(await enrich('email:U1@kith.test', { city: 'Rome', income: 50, cars: { count: 2 } })).toEqual(taken);
    expect(traitsOf('user_id:u1')).toEqual({ city: 'Bonn', email: 'u1@kith.test', income: 50, cars: { count: 2 } });
    // Newer than the list, older than the list: the person's own word counts.
    await identify('u1', { income: 70 }, '2020-01-01');
    expect(traitsOf('user_id:u1')).toMatchObject({ income: 70 });
    await enrich('user_id:u1', { income: 90, age: 30 }, { source: 'experian' });
    expect(traitsOf('user_id:u1')).toMatchObject({ income: 70, age: 30 });
    await identify('u1', { age: null, cars: null }, '2019-01-01');
    expect(traitsOf('user_id:u1')).toEqual({ city: 'Bonn', email: 'u1@kith.test', income: 70 });
  });

  test('gives way to the newest of its kind', async () => {
    await identify('u1', {});
    await enrich('user_id:u1', { age: 30 }, { source: 'a', at: '2025-03-01' });
    await enrich('user_id:u1', { age: 31, income: 5 }, { source: 'b', at: '2025-02-01' });
    expect(traitsOf('user_id:u1')).toEqual({ age: 30, income: 5 });
    await enrich('user_id:u1', { age: null }, { source: 'b', at: '2025-04-01' });
    expect(traitsOf('user_id:u1')).toEqual({ income: 5 });
  });

  test('has no say in a rule of survivorship where the person has', async () => {
    const survivorship = [
      { trait: 'age', rule: 'max' },
      { trait: 'city', rule: 'oldest' },
      { trait: 'name', rule: 'source_priority', sources: ['acxiom', 'web'] },
    ];
    await identify('u1', { age: 20, city: 'Bonn' });
    await enrich('user_id:u1', { age: 99, city: 'Rome', name: 'Ann', score: 1 }, { at: '2020-01-01' });
    await engine.setIdentitySettings({ survivorship });
    expect(traitsOf('user_id:u1')).toEqual({ age: 20, city: 'Bonn', name: 'Ann', score: 1 });
    await enrich('user_id:u1', { name: 'Anna' }, { source: 'web' });
    expect(traitsOf('user_id:u1')).toMatchObject({ name: 'Anna' });
    await identify('u1', { name: 'Hannah' });
    expect(traitsOf('user_id:u1')).toEqual({ age: 20, city: 'Bonn', name: 'Hannah', score: 1 });
  });
});

test('what overwrites has a say like any call, and its source one in the rules', async () => {
  await identify('u1', { city: 'Bonn', name: 'Ann' }, '2025-01-01');
  await enrich('user_id:u1', { city: 'Rome' }, { priority: 'overwrite', at: '2025-02-01' });
  await enrich('user_id:u1', { name: 'Old' }, { priority: 'overwrite', at: '2024-02-01' });
  expect(traitsOf('user_id:u1')).toEqual({ city: 'Rome', name: 'Ann' });
  await identify('u1', { city: 'Kiel' }, '2025-03-01');
  expect(traitsOf('user_id:u1')).toMatchObject({ city: 'Kiel' });
});

test('nobody is made, joined, seen or found by what others know', async () => {
  await identify('u1', { email: 'u1@kith.test' }, '2025-06-01');
  await identify('u2', { email: 'u2@kith.test' }, '2025-06-01');
  const records = [
    { who: [idOf('email:nobody@kith.test')], traits: { age: 1 } },
    { who: [idOf('user_id:u1')], traits: { email: 'u2@kith.test', phone: '+905321234567' } },
    { who: [idOf('user_id:u1')], traits: { age: 30 }, at: 'yesterday' },
    { who: [idOf('user_id:none'), idOf('email:u2@kith.test')], traits: { age: 40 } },
  ];
  const answer = await engine.enrich({ source: 'list', priority: 'overwrite', records });
  expect(answer).toEqual({
    matched: 2,
    duplicates: 0,
    unmatched: [{ index: 0, code: 'profile_not_found', message: 'nobody has email:nobody@kith.test' }],
    rejected: [{ index: 2, code: 'invalid_timestamp', message: expect.any(String) }],
  });
  expect(engine.stats()).toMatchObject({ profiles: 2, events: 0 });
  const profile = lookup('user_id:u1')!;
  expect(profile.identifiers).toEqual([idOf('user_id:u1'), idOf('email:u1@kith.test')]);
  expect([profile.first_seen, profile.last_seen]).toEqual(['2025-06-01T00:00:00.000Z', '2025-06-01T00:00:00.000Z']);
  expect(lookup('phone:+905321234567')).toBeUndefined();
  expect(traitsOf('user_id:u2')).toMatchObject({ age: 40 });
});

test('the same list again changes nothing, however much later; the same values of another time are new', async () => {
  await identify('u1', { email: 'u1@kith.test' });
  await enrich('email:u1@kith.test', { age: 30 });
  await enrich('email:u1@kith.test', { age: 31 });
  const hash = engine.stateHash();
  nowMs += 400 * 86_400_000;
  expect(await enrich('email:u1@kith.test', { age: 30 })).toEqual({ ...taken, duplicates: 1 });
  expect(await enrich('email:u1@kith.test', { age: 31 })).toEqual({ ...taken, duplicates: 1 });
  expect(engine.stateHash()).toBe(hash);
  expect(await enrich('email:u1@kith.test', { age: 30 }, { at: nowMs })).toEqual(taken);
  expect(traitsOf('user_id:u1')).toMatchObject({ age: 30 });
});

test('the past and the history know what came from where', async () => {
  await identify('u1', { city: 'Bonn' }, '2025-03-01');
  await enrich('user_id:u1', { city: 'Rome', age: 30 }, { at: '2025-01-01' });
  await enrich('user_id:u1', { age: 31, city: 'Oslo' }, { at: '2025-05-01' });
  await identify('u1', { age: 40 }, '2025-07-01');
  const at = (time: string) => engine.lookup(idOf('user_id:u1'), { at: Date.parse(time) })?.traits;
  expect(['2025-02-01', '2025-04-01', '2025-06-01', '2025-08-01'].map(at)).toEqual([
    undefined,
    { city: 'Bonn', age: 30 },
    { city: 'Bonn', age: 31 },
    { city: 'Bonn', age: 40 },
  ]);
  const history = await engine.traitHistory(idOf('user_id:u1'), { traits: ['age'], all: true });
  expect(history?.changes.map(({ value, previous, source, kind }) => [kind, previous, value, source])).toEqual([
    ['set', undefined, 30, 'acxiom'],
    ['set', 30, 31, 'acxiom'],
    ['set', 31, 40, null],
  ]);
  const city = await engine.traitHistory(idOf('user_id:u1'), { traits: ['city'], all: true });
  expect(city?.changes.map(({ value, kind }) => [kind, value])).toEqual([
    ['set', 'Rome'],
    ['set', 'Bonn'],
    ['kept', 'Bonn'],
  ]);
});

test('a restart, from the log or a checkpoint, knows the same; standard form holds here too', async () => {
  await engine.setIdentitySettings({ standardise: [{ trait: '*', rule: 'trim' }] });
  await engine.ingest([
    { type: 'identify', userId: 'u1', traits: { email: 'u1@kith.test', city: 'Bonn' } },
    { type: 'track', anonymousId: 'a1', event: 'E' },
  ]);
  await enrich('email:u1@kith.test', { city: ' Rome ', tier: ' gold ' });
  await enrich('anonymous_id:a1', { tier: 'tin' }, { at: '2024-01-01' });
  await enrich('user_id:u1', { score: 1 }, { priority: 'overwrite' });
  await engine.mergeProfiles({ into: idOf('user_id:u1'), from: idOf('anonymous_id:a1') });
  await identify('u1', { tier: 'own' }, '2020-01-01');
  const hash = engine.stateHash();
  const data = join(folder, 'data');
  const copy = join(folder, 'copy');
  await cp(data, copy, { recursive: true });
  await rm(join(copy, 'lock'), { force: true });
  const replayed = await open({ data: copy, workers: 1 });
  try {
    expect(replayed.stateHash()).toBe(hash);
    expect(replayed.lookup(idOf('user_id:u1'))).toEqual(lookup('user_id:u1'));
  } finally {
    await replayed.close();
  }
  await engine.close();
  engine = await open({ data, workers: 1, clock: { nowMs: () => nowMs } });
  expect(engine.stateHash()).toBe(hash);
  expect(traitsOf('user_id:u1')).toEqual({ email: 'u1@kith.test', city: 'Bonn', tier: 'own', score: 1 });
  expect(await enrich('email:u1@kith.test', { city: ' Rome ', tier: ' gold ' })).toEqual({ ...taken, duplicates: 1 });
});

describe('against the slow truth', () => {
  const user = fc.integer({ min: 0, max: 3 });
  const leaf = fc.constantFrom<unknown>(1, 2, 'x', null, {}, { x: 1 }, { x: null }, { x: 2, y: 'z' }, ['l']);
  const traits = fc.dictionary(fc.constantFrom('a', 'b', 'c'), leaf, { minKeys: 1, maxKeys: 3, noNullPrototype: true });
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ op: fc.constant('identify' as const), user, traits }) },
    {
      weight: 4,
      arbitrary: fc.record({
        op: fc.constant('enrich' as const),
        user,
        byEmail: fc.boolean(),
        kind: fc.constantFrom('fill' as const, 'fill' as const, 'overwrite' as const),
        traits,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ op: fc.constant('merge' as const), user, other: user, byEmail: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('unmerge' as const), pick: fc.nat(9) }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('separate' as const), user }) },
  );
  /** Times in the order of drawing, so steps come as late as can be; none twice. */
  const steps = fc.array(step, { minLength: 3, maxLength: 25 }).chain((list) =>
    fc.tuple(
      fc.constant(list),
      fc.shuffledSubarray(
        list.map((_, i) => i),
        { minLength: list.length },
      ),
    ),
  );

  test.each([1, 3])('with %i shards', { timeout: 60_000 }, async (shards) => {
    await fc.assert(
      fc.asyncProperty(steps, async ([list, order]) => {
        await engine.close();
        engine = await open({ data: ':memory:', shards, workers: 1, clock: { nowMs: () => nowMs } });
        const people = new NaivePeople();
        const nameOf = (i: number, byEmail: boolean): string => (byEmail ? `email:e${i}@kith.test` : `user_id:u${i}`);
        for (let i = 0; i < 4; i++) {
          await identify(`u${i}`, { email: `e${i}@kith.test` }, new Date(START_MS - 1_000 + i).toISOString());
          const own = { under: nameOf(i, false), timeMs: START_MS - 1_000 + i, kind: 'own' as const };
          people.calls.push({ ...own, traits: { email: `e${i}@kith.test` } });
          people.link(nameOf(i, false), nameOf(i, true));
        }
        const merges: { id: string; a: string; b: string }[] = [];
        for (const [index, one] of list.entries()) {
          const timeMs = START_MS + order[index] * 1_000;
          nowMs += 1_000;
          if (one.op === 'identify') {
            await identify(`u${one.user}`, one.traits, new Date(timeMs).toISOString());
            people.calls.push({ under: nameOf(one.user, false), timeMs, kind: 'own', traits: one.traits });
          } else if (one.op === 'enrich') {
            const who = nameOf(one.user, one.byEmail);
            const answer = await enrich(who, one.traits, { priority: one.kind, at: timeMs });
            const isKnown = people.profile(who).size > 0;
            expect(answer.matched).toBe(isKnown ? 1 : 0);
            if (isKnown) people.calls.push({ under: who, timeMs, kind: one.kind, traits: one.traits });
          } else if (one.op === 'merge') {
            const a = nameOf(one.user, false);
            const b = nameOf(one.other, one.byEmail);
            if (people.profile(b).size === 0 || people.profile(a).has(b)) continue;
            await engine.mergeProfiles({ into: idOf(a), from: idOf(b) });
            people.link(a, b);
            merges.push({ id: engine.identityGraph(idOf(a))!.journal[0].id, a, b });
          } else if (one.op === 'unmerge') {
            const merge = merges[one.pick % Math.max(1, merges.length)];
            if (merge === undefined || !people.links.some(([a, b]) => a === merge.a && b === merge.b)) continue;
            const answer = await engine.unmergeProfile({ profile: idOf(merge.a), merge: merge.id });
            expect(answer.isDone).toBe(people.unlink(merge.a, merge.b));
          } else {
            const email = nameOf(one.user, true);
            if (people.profile(email).size < 2) continue;
            await engine.unmergeProfile({ profile: idOf(email), identifiers: [idOf(email)] });
            people.cut(people.links.filter((link) => !link.includes(email)));
          }
        }
        for (let i = 0; i < 4; i++) for (const byEmail of [false, true]) await compare(nameOf(i, byEmail), people);
      }),
      { numRuns: 80 },
    );
  });

  async function compare(name: string, people: NaivePeople): Promise<void> {
    const truth = people.lookup(name);
    const profile = lookup(name);
    expect(profile === undefined).toBe(truth === undefined);
    if (profile === undefined || truth === undefined) return;
    expect(leavesOf(profile.traits)).toEqual(truth.traits);
    expect([Date.parse(profile.first_seen), Date.parse(profile.last_seen)]).toEqual([truth.firstMs, truth.lastMs]);
    const times = people.callsOf(name).map(({ timeMs }) => timeMs);
    const history = await engine.traitHistory(idOf(name), { limit: 1_000 });
    for (const at of times) {
      const then = people.lookup(name, at);
      const past = engine.lookup(idOf(name), { at });
      expect(past === undefined ? undefined : leavesOf(past.traits)).toEqual(then?.traits);
      if (then === undefined) continue;
      const told = new Map<string, unknown>();
      for (const change of history!.changes) {
        if (Date.parse(change.at) > at) break;
        if (change.kind === 'removed') told.delete(change.trait);
        else told.set(change.trait, change.value);
      }
      expect(told).toEqual(then.traits);
    }
  }
});

function leavesOf(traits: object, path = ''): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  for (const [name, value] of Object.entries(traits)) {
    const here = path === '' ? name : `${path}.${name}`;
    const isTree = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isTree || Object.keys(value).length === 0) leaves.set(here, value);
    else for (const [below, leaf] of leavesOf(value, here)) leaves.set(below, leaf);
  }
  return leaves;
}
