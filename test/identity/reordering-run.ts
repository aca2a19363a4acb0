/** Where nothing is refused, the order in which items come, and how often, makes no difference. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { FREE_RULES } from './commands.ts';
import { Host } from './host.ts';
import { expectWhole } from './invariants.ts';
import { type Item, NaiveWorld } from './naive-world.ts';
import { itemOf, itemSeed } from './stream.ts';

const streams = fc.integer({ min: 2, max: 8 }).chain((people) =>
  fc.array(itemSeed({ people, hasWeak: false }), { minLength: 2, maxLength: 45, size: 'max' }).chain((seeds) => {
    const positions = seeds.map((_, i) => i);
    // Some come twice, and those that come again may come before the others.
    const order = fc
      .tuple(fc.constant(positions), fc.subarray(positions))
      .chain(([all, twice]) => fc.shuffledSubarray([...all, ...twice], { minLength: all.length + twice.length }));
    return fc.record({ seeds: fc.constant(seeds), order, batch: fc.integer({ min: 1, max: 9 }) });
  }),
);

function batchesOf(items: readonly Item[], count: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / count) }, (_, i) => items.slice(i * count, (i + 1) * count));
}

export const reordering = fc.asyncProperty(streams, async ({ seeds, order, batch }) => {
  const items = seeds.map(itemOf);
  const naive = new NaiveWorld(FREE_RULES);
  for (const item of items) naive.ingest(item, 0);
  expect(naive.limitRefusals.size).toBe(0);
  const hashes = new Set<string>();
  for (const [shards, list] of [
    [1, items],
    [1, order.map((at) => items[at])],
    [3, order.map((at) => items[at])],
  ] as const) {
    const host = await Host.open({ shards, identity: FREE_RULES });
    for (const one of batchesOf(list, batch)) await host.ingest(one);
    expect(await host.portraits()).toEqual(naive.profiles());
    await expectWhole(host);
    if (list !== items) hashes.add(host.engine.stateHash());
  }
  expect(hashes.size).toBe(1);
});
