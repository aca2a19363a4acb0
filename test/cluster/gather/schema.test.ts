import { describe, expect, it } from 'vitest';
import { gatherSchema, type SchemaShards } from '../../../src/cluster/gather/schema.ts';
import { readSchema } from '../../../src/engine/schema/catalogue.ts';
import { DistinctCounter } from '../../../src/engine/schema/distinct-counter.ts';
import { mergeSchema } from '../../../src/engine/schema/schema-merge.ts';
import { type SchemaPage, type SchemaPart, schemaOutline, schemaPart } from '../../../src/engine/schema/schema-part.ts';
import type { SchemaNarrowing } from '../../../src/model/schema.ts';
import { testSeed } from '../../process/seed.ts';
import { Core } from '../../sim/core.ts';
import { crossed, randomCore, slices } from './world.ts';

const NARROWINGS: readonly SchemaNarrowing[] = [
  {},
  { event: 'Order Completed' },
  { event: 'Nobody Did This' },
  { trait: 'address' },
  { trait: 'products.sku' },
  { trait: 'nobody' },
  { event: 'Page Opened', trait: 'mixed' },
];

/** Other processes with one shard each, and pages as small as they get. */
function processesOf({ shards }: Core, sizeBytesMax: number | undefined): SchemaShards & { pageCount: number } {
  return {
    pageCount: 0,
    count: shards.length,
    outlines: async () => shards.map((shard) => crossed(schemaOutline([shard]))),
    async part(shard, narrowing, page) {
      this.pageCount += 1;
      const asked = crossed({ ...page, ...(sizeBytesMax === undefined ? {} : { sizeBytesMax }) });
      return crossed(await schemaPart([shards[shard]], slices(true), crossed(narrowing), asked));
    },
  };
}

async function allPages(core: Core, narrowing: SchemaNarrowing, sizeBytesMax: number): Promise<readonly SchemaPart[]> {
  const parts: SchemaPart[] = [];
  for (const shard of core.shards) {
    let from: SchemaPart['next'] = null;
    do {
      const page: SchemaPage = { from, sizeBytesMax, isWhole: core.shards.length === 1 };
      const part: SchemaPart = crossed(await schemaPart([shard], slices(), narrowing, page));
      parts.push(part);
      from = part.next;
    } while (from !== null);
  }
  return parts;
}

describe('the catalogue from parts', () => {
  const seed = testSeed('the catalogue from parts');

  it.each([1, 2, 5])('of %i shard(s) is that of the engine in one process', async (shardCount) => {
    for (let round = 0; round < 3; round++) {
      const core = await randomCore(seed + round, shardCount);
      for (const narrowing of NARROWINGS) {
        const whole = await readSchema(core.shards, slices(), narrowing);
        expect(await readSchema(core.shards, slices(true), narrowing)).toEqual(whole);
        for (const sizeBytesMax of [1, 3_000, 1e9]) {
          const parts = await allPages(core, narrowing, sizeBytesMax);
          expect(await mergeSchema(parts, slices(true))).toEqual(whole);
          const processes = processesOf(core, sizeBytesMax);
          expect(await gatherSchema(processes, slices(true), narrowing)).toEqual(whole);
        }
        expect(await gatherSchema(processesOf(core, undefined), slices(), narrowing)).toEqual(whole);
      }
      const { events, traits } = await readSchema(core.shards, slices());
      // What is compared is not nothing.
      expect([events.length > 5, traits.length > 5]).toEqual([true, true]);
      expect(events.some(({ properties }) => properties.some(({ name }) => name === 'context.seen.by'))).toBe(true);
    }
  });

  it('ends a page with the column that made it large enough', async () => {
    const core = await randomCore(seed, 2);
    const small = await allPages(core, {}, 1);
    const fieldsOf = (part: SchemaPart): number =>
      part.traits.length + part.events.reduce((sum, one) => sum + one.properties.length + one.contexts.length, 0);
    expect(small.length).toBeGreaterThan(30);
    // A column's own field and those inside its arrays.
    expect(Math.max(...small.map(fieldsOf))).toBeLessThan(8);
    expect(await allPages(core, {}, 1e9)).toHaveLength(2);
  });

  it('counts distinct values exactly up to the bound and estimates beyond as one process does', async () => {
    const core = Core.fresh(3, { hashSeed: 7, isAutoFlush: true });
    // Over the bound in all shards together, over it in one; both kinds, and one exactly at it.
    for (let from = 0; from < 70_000; from += 5_000) {
      await core.ingest(
        Array.from({ length: 5_000 }, (_, i) => ({
          type: 'track',
          userId: `u${(from + i) % 100}`,
          event: 'Many',
          properties: {
            text: `t${from + i}`,
            number: from + i,
            few: i % 7,
            ...(from + i < 65_536 ? { bound: `b${from + i}` } : {}),
          },
        })),
      );
    }
    const whole = await readSchema(core.shards, slices());
    const parts = await Promise.all(core.shards.map(async (shard) => crossed(await schemaPart([shard], slices()))));
    expect(await mergeSchema(parts, slices())).toEqual(whole);
    const of = (name: string) => whole.events[0].properties.find((field) => field.name === name);
    expect(of('few')).toMatchObject({ distinct: 7, isDistinctExact: true });
    expect(of('bound')).toMatchObject({ distinct: 65_536, isDistinctExact: true });
    for (const name of ['text', 'number']) {
      expect(of(name)?.isDistinctExact).toBe(false);
      expect(Math.abs((of(name)?.distinct ?? 0) / 70_000 - 1)).toBeLessThan(0.03);
    }
  });
});

describe('DistinctCounter in parts', () => {
  it('tells what one counter tells, whatever is exact and in whatever order', async () => {
    const counterOf = (from: number, until: number): DistinctCounter => {
      const counter = new DistinctCounter();
      for (let i = from; i < until; i++) counter.addNumber(i * 1.5);
      return counter;
    };
    for (const ranges of [
      [
        [0, 0],
        [0, 5],
        [3, 9],
      ],
      [
        [0, 40_000],
        [30_000, 65_536],
      ],
      [
        [0, 40_000],
        [30_000, 65_537],
      ],
      [
        [0, 70_000],
        [60_000, 61_000],
        [100_000, 100_010],
      ],
      [
        [0, 10],
        [5, 90_000],
      ],
      [
        [0, 90_000],
        [50_000, 200_000],
      ],
    ]) {
      const whole = new DistinctCounter();
      for (const [from, until] of ranges) for (let i = from; i < until; i++) whole.addNumber(i * 1.5);
      for (const order of [ranges, [...ranges].reverse()]) {
        const merged = new DistinctCounter();
        for (const [from, until] of order) await merged.add(crossed(counterOf(from, until).toPart()), slices(true));
        expect([merged.count, merged.isExact]).toEqual([whole.count, whole.isExact]);
      }
    }
  });
});
