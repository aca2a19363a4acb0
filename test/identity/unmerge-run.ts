/**
 * An unmerge gives the world in which the pair had been cut before anything came: the same people with the same traits, events and times, and
 * what comes later goes where it would have gone there.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { FREE_RULES, mergesOf } from './commands.ts';
import { Host, identifierOf } from './host.ts';
import { expectGraph, expectWhole } from './invariants.ts';
import { type Item, type Key, NaiveWorld } from './naive-world.ts';
import { itemOf, itemSeed } from './stream.ts';

type Pair = readonly [Key, Key];

const stories = fc.integer({ min: 2, max: 6 }).chain((people) => {
  const seeds = fc.array(itemSeed({ people, hasWeak: false }), { minLength: 1, maxLength: 14, size: 'max' });
  const cut = fc.record({ who: fc.nat(60), choice: fc.nat(1_000), isOneLink: fc.boolean() });
  return fc.array(fc.record({ seeds, cuts: fc.array(cut, { maxLength: 3 }) }), { minLength: 1, maxLength: 4 });
});

/** What would be there had the pairs been cut beforehand. */
function worldWithout(pairs: readonly Pair[], items: readonly Item[]): NaiveWorld {
  const naive = new NaiveWorld(FREE_RULES);
  for (const [a, b] of pairs) naive.cutBeforehand(a, b);
  for (const item of items) naive.ingest(item, 0);
  return naive;
}

/** Some of the links' ends are one side; gives the links between the sides. */
function crossing(links: readonly Pair[], side: ReadonlySet<Key>): readonly Pair[] {
  return links.filter(([a, b]) => side.has(a) !== side.has(b));
}

/** `onCut` is told of every cut, so that a run without any is seen. */
export const unmergeWith = (onCut: () => void) =>
  fc.asyncProperty(stories, async (parts) => {
    const hosts = await Promise.all([1, 3].map((shards) => Host.open({ shards, identity: FREE_RULES })));
    const items: Item[] = [];
    const pairs: Pair[] = [];
    for (const { seeds, cuts } of parts) {
      const next = seeds.map((seed, i) => itemOf(seed, items.length + i));
      items.push(...next);
      for (const host of hosts) await host.ingest(next);
      for (const { who, choice, isOneLink } of cuts) {
        const world = worldWithout(pairs, items);
        const { keys } = world;
        if (keys.length === 0) continue;
        const key = keys[who % keys.length];
        const links = world.linksOf(key);
        const entries = mergesOf(hosts[0], key).filter(({ from, to }) =>
          links.some(([a, b]) => (a === from && b === to) || (a === to && b === from)),
        );
        if (isOneLink && entries.length > 0) {
          const { id, from, to } = entries[choice % entries.length];
          const without = worldWithout([...pairs, [from, to]], items);
          const isHeld = without.has(from) && without.component(from).has(to);
          for (const { engine } of hosts) {
            const answer = await engine.unmergeProfile({ profile: identifierOf(key), merge: id });
            expect(answer.isDone).toBe(!isHeld);
            if (isHeld) expect(answer.heldBy?.length).toBeGreaterThan(0);
          }
          if (!isHeld) pairs.push([from, to]);
        } else {
          const side = new Set([...world.component(key)].sort().filter((_, i) => (choice >> (i % 10)) % 2 === 1));
          const cut = crossing(links, side);
          if (cut.length === 0) continue;
          const identifiers = [...side].map(identifierOf);
          for (const { engine } of hosts) {
            const answer = await engine.unmergeProfile({ profile: identifierOf(key), identifiers });
            expect(answer.cut).toHaveLength(cut.length);
          }
          pairs.push(...cut);
        }
        onCut();
        const expected = worldWithout(pairs, items).profiles();
        for (const host of hosts) expect(await host.portraits()).toEqual(expected);
      }
    }
    const world = worldWithout(pairs, items);
    for (const host of hosts) {
      expect(await host.portraits()).toEqual(world.profiles());
      await expectWhole(host);
      for (const key of world.keys) expectGraph(host, key);
      const next = await host.reopened();
      expect(await next.portraits()).toEqual(world.profiles());
    }
  });
