/** What rules of survivorship leave of traits that lie above and below each other; and other runs that were once told wrong, by name. */
import { expect, test } from 'vitest';
import { readIdentitySettings } from '../../src/identity/settings.ts';
import type { SurvivorshipRule } from '../../src/model/identity.ts';
import { FREE_RULES, RULES, Stage } from './commands.ts';
import { Host } from './host.ts';
import { expectWhole } from './invariants.ts';
import { NaiveWorld } from './naive-world.ts';
import type { ItemSeed } from './stream.ts';

type Call = readonly [who: 'ann' | 'bob', traits: Record<string, unknown>];

interface Case {
  readonly rules: Readonly<Record<string, SurvivorshipRule>>;
  /** In the order of time; ann and bob are one person in the end. */
  readonly calls: readonly Call[];
  readonly traits: Record<string, unknown>;
  /** How many people a question finds. */
  readonly found: Readonly<Record<string, number>>;
}

/** The traits are right, a question sees what a lookup shows, and so does the profile made from the past; after a restart too. */
async function shows({ rules, calls, traits, found }: Case): Promise<void> {
  const survivorship = Object.entries(rules).map(([trait, rule]) => ({ trait, rule }));
  const identity = readIdentitySettings({ types: FREE_RULES.types, survivorship });
  for (const shards of [1, 2]) {
    const host = await Host.open({ shards, identity });
    const identify = (userId: string, given: Record<string, unknown>, i: number) => ({
      type: 'identify' as const,
      userId,
      messageId: `${userId} ${i}`,
      timestamp: new Date(Date.UTC(2025, 1, 1) + i * 1_000).toISOString(),
      traits: given,
    });
    await host.ingest(calls.map(([who, given], i) => identify(who, given, i)));
    await host.engine.mergeProfiles({
      into: { type: 'user_id', value: 'ann' },
      from: { type: 'user_id', value: 'bob' },
    });
    for (const one of [host, await host.reopened()]) {
      const id = { type: 'user_id', value: 'ann' };
      expect(one.engine.lookup(id)?.traits).toEqual(traits);
      expect(one.engine.lookup(id, { at: host.nowMs })?.traits).toEqual(traits);
      for (const [where, count] of Object.entries(found)) expect(await one.count(where), where).toBe(count);
    }
  }
}

test('an address that is a text for one and an object for the other: the newest word says which it is', async () => {
  const rules = { address: 'oldest', 'address.city': 'oldest' } as const;
  await shows({
    rules,
    calls: [
      ['ann', { address: 'High Street 1' }],
      ['bob', { address: { city: 'Rome' } }],
    ],
    traits: { address: { city: 'Rome' } },
    found: { 'address = "High Street 1"': 0, 'address.city = "Rome"': 1 },
  });
  await shows({
    rules,
    calls: [
      ['bob', { address: { city: 'Rome' } }],
      ['ann', { address: 'High Street 1' }],
    ],
    traits: { address: 'High Street 1' },
    found: { 'address = "High Street 1"': 1, 'address.city = "Rome"': 0 },
  });
});

test('a text with a rule stays away where an object without one is newer', async () => {
  await shows({
    rules: { address: 'oldest' },
    calls: [
      ['ann', { address: 'High Street 1' }],
      ['bob', { address: { city: 'Rome' } }],
    ],
    traits: { address: { city: 'Rome' } },
    found: { 'address = "High Street 1"': 0, 'address.city = "Rome"': 1 },
  });
});

test("one's own later word on the whole address does away with one's city, the other's city stays", async () => {
  await shows({
    rules: { 'address.city': 'oldest' },
    calls: [
      ['ann', { address: { city: 'Rome' } }],
      ['bob', { address: { city: 'Oslo' } }],
      ['ann', { address: null }],
    ],
    traits: { address: { city: 'Oslo' } },
    found: { 'address.city = "Rome"': 0, 'address.city = "Oslo"': 1 },
  });
});

test('an empty object gives way to what is below it', async () => {
  await shows({
    rules: { '*': 'oldest' },
    calls: [
      ['ann', { address: { city: 'Rome' } }],
      ['bob', { address: {} }],
    ],
    traits: { address: { city: 'Rome' } },
    found: { 'address.city = "Rome"': 1 },
  });
});

test('an item given again under rules by which it comes under another identifier is another message', async () => {
  const identity = RULES[1];
  const seed: ItemSeed = {
    kind: 'identify',
    user: 6,
    visitor: 2,
    email: 2,
    external: undefined,
    trait: 6,
    value: 0,
    late: 0,
  };
  const hosts = await Promise.all([1, 2, 4].map((shards) => Host.open({ shards, identity })));
  const stage = new Stage(new NaiveWorld(identity), hosts);
  await stage.play({ kind: 'items', items: [seed] });
  await stage.play({ kind: 'rules', nth: 2 });
  await stage.play({ kind: 'again', nth: 0 });
  expect(stage.naive.primaryOf(stage.sent[0])).toBe('user_id:u6');
  for (const host of stage.hosts) {
    const { duplicates } = await host.ingest([stage.sent[0]]);
    expect(duplicates).toBe(0);
    expect((await host.ingest([stage.sent[0]])).duplicates).toBe(1);
    await expectWhole(host);
  }
});

test('a sum beyond the largest number is the largest number', async () => {
  for (const [sign, largest] of [
    [1, Number.MAX_VALUE],
    [-1, -Number.MAX_VALUE],
  ]) {
    await shows({
      rules: { points: 'sum' },
      calls: [
        ['ann', { points: sign * 1.7e308 }],
        ['bob', { points: sign * 1.7e308 }],
      ],
      traits: { points: largest },
      found: { [`points = ${largest}`]: 1 },
    });
  }
});

test('a rule names a trait with a dot in its name as a question does, and no other', async () => {
  await shows({
    rules: { 'a\\.b': 'oldest', 'x.y': 'oldest' },
    calls: [
      ['ann', { 'a.b': 'first', a: { b: 'first' }, 'x.y': 'first', x: { y: 'first' } }],
      ['bob', { 'a.b': 'second', a: { b: 'second' }, 'x.y': 'second', x: { y: 'second' } }],
    ],
    traits: { 'a.b': 'first', a: { b: 'second' }, 'x.y': 'second', x: { y: 'first' } },
    found: { '`a\\.b` = "first"': 1, 'a.b = "second"': 1 },
  });
});

test('rules of standardise name such a trait in the same way', async () => {
  const identity = readIdentitySettings({
    types: FREE_RULES.types,
    standardise: [{ trait: 'a\\.b', rule: 'upper' }],
    survivorship: [{ trait: 'a\\.b', rule: 'oldest' }],
  });
  const host = await Host.open({ shards: 1, identity });
  await host.ingest([
    { type: 'identify', userId: 'ann', messageId: '1', timestamp: '2025-02-01', traits: { 'a.b': 'x', a: { b: 'x' } } },
  ]);
  expect(host.engine.lookup({ type: 'user_id', value: 'ann' })?.traits).toEqual({ 'a.b': 'X', a: { b: 'x' } });
});
