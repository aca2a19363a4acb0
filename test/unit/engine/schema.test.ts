import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { open } from '../../../src/engine/open.ts';
import { DistinctCounter } from '../../../src/engine/schema/distinct-counter.ts';
import { exampleText } from '../../../src/engine/schema/top-values.ts';
import type { FieldSchema } from '../../../src/model/schema.ts';
import { isClusterForm, openForm, type TestEngine } from '../../helpers/test-engine.ts';

const at = (day: number): string => new Date(Date.UTC(2026, 0, day)).toISOString();

describe.each([1, 3])('the schema of %i shard(s)', (shards) => {
  let engine: TestEngine;
  beforeEach(async () => {
    engine = await openForm({ data: ':memory:', shards, workers: 1 });
    const people = Array.from({ length: 90 }, (_, i) => ({
      type: 'identify',
      userId: `u${i}`,
      timestamp: at((i % 9) + 1),
      traits: {
        country: i % 3 === 0 ? 'DE' : 'FR',
        age: i % 10,
        signed_up: at((i % 28) + 1).slice(0, 10),
        ...(i === 7 ? { age: 'seven' } : {}),
        ...(i < 4 ? { isStaff: i === 0, address: { city: `City ${i}` }, tags: ['a', 'b'] } : {}),
      },
    }));
    const orders = Array.from({ length: 60 }, (_, i) => ({
      type: 'track',
      userId: `u${i % 30}`,
      event: 'Order Completed',
      timestamp: at((i % 20) + 1),
      properties: {
        total: i,
        products: [{ sku: `S${i % 4}`, price: 2.5, ...(i % 20 === 6 ? { gift: true } : {}) }, { sku: 'X' }],
        ...(i % 20 >= 5 ? { coupon: null } : { coupon: 'WELCOME' }),
      },
      context: { library: { name: i % 2 === 0 ? 'analytics-node' : 'analytics.js' } },
    }));
    await engine.ingest([...people, ...orders, { type: 'page', userId: 'u1', name: 'Home', timestamp: at(3) }]);
    // Overwritten values are not counted any more.
    await engine.ingest([{ type: 'identify', userId: 'u0', timestamp: at(20), traits: { country: 'IT' } }]);
    await engine.ingest([{ type: 'identify', userId: 'u0', timestamp: at(21), traits: { country: 'DE' } }]);
  });
  afterEach(() => engine.close());

  const named = (fields: readonly FieldSchema[], name: string): FieldSchema | undefined =>
    fields.find((field) => field.name === name);

  it('has every trait with types, counts, distinct values and examples', async () => {
    const { profiles, traits } = await engine.schema();
    expect(profiles).toBe(90);
    expect(named(traits, 'country')).toEqual({
      name: 'country',
      types: [{ type: 'string', count: 90 }],
      count: 90,
      distinct: 2,
      isDistinctExact: true,
      firstAt: at(1),
      lastAt: at(21),
      sources: ['identify'],
      examples: ['FR', 'DE'],
    });
    expect(named(traits, 'age')).toMatchObject({
      types: [
        { type: 'number', count: 89 },
        { type: 'string', count: 1 },
      ],
      count: 90,
      distinct: 11,
    });
    expect(named(traits, 'signed_up')).toMatchObject({ types: [{ type: 'date', count: 90 }], distinct: 28 });
    expect(named(traits, 'isStaff')).toMatchObject({ types: [{ type: 'boolean', count: 4 }], distinct: 2 });
    expect(named(traits, 'address.city')).toMatchObject({ count: 4, distinct: 4 });
    expect(named(traits, 'address.city')).toMatchObject({ firstAt: at(1), lastAt: at(4) });
    expect(named(traits, 'tags')).toMatchObject({
      types: [{ type: 'array', count: 4 }],
      distinct: 1,
      examples: ['a', 'b'],
    });
  });

  it('has every event with its properties, their times and their sources', async () => {
    const { events } = await engine.schema();
    expect(events.map(({ name, count, profiles }) => [name, count, profiles])).toEqual([
      ['Order Completed', 60, 30],
      ['Page Viewed', 1, 1],
    ]);
    const [orders, pages] = events;
    expect(orders).toMatchObject({ firstAt: at(1), lastAt: at(20) });
    expect([...orders.sources].sort()).toEqual(['analytics-node', 'analytics.js', 'track']);
    expect(pages.sources).toEqual(['page']);
    expect(named(orders.properties, 'total')).toMatchObject({ types: [{ type: 'number', count: 60 }], distinct: 60 });
    expect(named(orders.properties, 'coupon')).toMatchObject({
      types: [
        { type: 'null', count: 45 },
        { type: 'string', count: 15 },
      ],
      count: 15,
      distinct: 1,
      firstAt: at(1),
      lastAt: at(5),
      examples: ['WELCOME'],
    });
    expect(named(orders.properties, 'products.sku')).toMatchObject({
      types: [{ type: 'string', count: 60 }],
      distinct: 5,
      isDistinctExact: true,
      firstAt: at(1),
      lastAt: at(20),
    });
    // Of the events whose arrays have it, not of all that have arrays.
    expect(named(orders.properties, 'products.gift')).toMatchObject({ count: 3, firstAt: at(7), lastAt: at(7) });
    expect(named(orders.properties, 'products.price')).toMatchObject({ distinct: 1, examples: [2.5] });
    expect(named(orders.properties, 'context.library.name')).toMatchObject({ count: 60, distinct: 2 });
  });

  it('can be narrowed', async () => {
    const one = await engine.schema({ event: 'Page Viewed' });
    expect([one.events.map(({ name }) => name), one.traits]).toEqual([['Page Viewed'], []]);
    const trait = await engine.schema({ trait: 'address' });
    expect([trait.events, trait.traits.map(({ name }) => name)]).toEqual([[], ['address.city']]);
    expect(await engine.schema({ trait: 'nope' })).toMatchObject({ events: [], traits: [] });
  });

  it.skipIf(isClusterForm())('leaves turns to others and ends when it is given up', async () => {
    const cancel = new AbortController();
    cancel.abort();
    let clockMs = 0;
    const slow = await open({
      data: ':memory:',
      workers: 1,
      // Time passes fast here: every look at the clock is a slice.
      clock: { monotonicMs: () => (clockMs += 10) },
    });
    await slow.ingest([{ type: 'identify', userId: 'a', traits: { b: 1 } }]);
    await expect(slow.schema({}, cancel.signal)).rejects.toMatchObject({ code: 'query_cancelled' });
    await slow.close();
  });
});

describe('DistinctCounter', () => {
  it('is exact for few and near for many, whatever is added again', () => {
    for (const [count, isExact] of [
      [0, true],
      [65_536, true],
      [65_537, false],
      [1_000_000, false],
    ] as const) {
      const counter = new DistinctCounter();
      for (let i = 0; i < count; i++) counter.addNumber(i * 0.5);
      for (let i = 0; i < count; i += 7) counter.addNumber(i * 0.5);
      expect(counter.isExact).toBe(isExact);
      if (isExact) expect(counter.count).toBe(count);
      else expect(Math.abs(counter.count / count - 1)).toBeLessThan(0.03);
    }
    const one = new DistinctCounter();
    one.addNumber(0);
    one.addNumber(-0);
    expect(one.count).toBe(1);
  });
});

describe('exampleText', () => {
  it('is never longer than 64 characters, and cut between characters', () => {
    const cut = (text: string): string => exampleText(Buffer.from(text), 0, Buffer.byteLength(text));
    expect(cut('a'.repeat(64))).toBe('a'.repeat(64));
    expect(cut('a'.repeat(65))).toBe(`${'a'.repeat(63)}…`);
    expect(cut(`${'a'.repeat(62)}😀😀`)).toBe(`${'a'.repeat(62)}…`);
    expect(cut('€'.repeat(5_000))).toHaveLength(64);
  });
});
