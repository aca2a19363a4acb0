/** Any run of items, requests, rules and restarts, for one shard, two and four, against the naive world. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { commands, RULES, Stage } from './commands.ts';
import { Host } from './host.ts';
import { expectGraph, expectWhole } from './invariants.ts';
import { NaiveWorld } from './naive-world.ts';

const runs = fc.record({
  rules: fc.nat(RULES.length - 1),
  commands: fc.integer({ min: 2, max: 7 }).chain((people) =>
    commands({
      people,
      hasWeak: true,
      kinds: ['items', 'again', 'merge', 'undo', 'separate', 'rules', 'wait', 'restart'],
      maxLength: 40,
    }),
  ),
});

export const partition = fc.asyncProperty(runs, async ({ rules, commands: list }) => {
  const hosts = await Promise.all([1, 2, 4].map((shards) => Host.open({ shards, identity: RULES[rules] })));
  const stage = new Stage(new NaiveWorld(RULES[rules]), hosts);
  for (const command of list) await stage.play(command);
  const expected = stage.naive.profiles();
  for (const host of stage.hosts) expect(await host.portraits()).toEqual(expected);
  for (const host of stage.hosts) await expectWhole(host);
  for (const key of stage.naive.keys) for (const host of stage.hosts) expectGraph(host, key);
  const hashes = stage.hosts.map(({ engine }) => engine.stateHash());
  expect(new Set(hashes).size).toBe(1);
});
