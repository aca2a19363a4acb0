import { expect, test } from 'vitest';
import { open } from '../../../src/engine/open.ts';
import { PROPERTY_LIMIT, TRAIT_LIMIT } from '../../../src/profile/schema-limit.ts';

/** `count` fields named from `first` on. */
function fields(first: number, count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`field ${first + i}`, i]));
}

test('an event name takes no more columns than its limit, known columns go on', async () => {
  const engine = await open({ data: ':memory:' });
  for (let first = 0; first < PROPERTY_LIMIT; first += 500) {
    const { rejected } = await engine.ingest([
      { type: 'track', userId: 'u', event: 'E', properties: fields(first, 500) },
    ]);
    expect(rejected).toEqual([]);
  }
  const result = await engine.ingest([
    { type: 'track', userId: 'u', event: 'E', properties: fields(10, 500) },
    { type: 'track', userId: 'u', event: 'E', properties: fields(PROPERTY_LIMIT, 1) },
    { type: 'track', userId: 'u', event: 'Other', properties: fields(PROPERTY_LIMIT, 1) },
  ]);
  expect(result.accepted).toBe(2);
  expect(result.rejected).toMatchObject([{ index: 1, code: 'schema_limit' }]);
  await engine.close();
});

test.each(['identify', 'alias'])('profiles take no more trait columns than their limit, by %s calls', async (type) => {
  const engine = await open({ data: ':memory:' });
  const call = { type, userId: 'u', previousId: 'before' };
  for (let first = 0; first < TRAIT_LIMIT; first += 1_000) {
    const { rejected } = await engine.ingest([{ ...call, traits: fields(first, 1_000) }]);
    expect(rejected).toEqual([]);
  }
  const result = await engine.ingest([
    { ...call, traits: fields(0, 10) },
    { ...call, traits: { one: 1 } },
    // No trait.
    { ...call, context: { one: 1 } },
  ]);
  expect(result.rejected).toMatchObject([{ index: 1, code: 'schema_limit' }]);
  await engine.close();
});

test('calls take no more context columns than their limit, and traits go on', async () => {
  const engine = await open({ data: ':memory:' });
  for (let first = 0; first < PROPERTY_LIMIT; first += 500) {
    await engine.ingest([{ type: 'identify', userId: 'u', context: fields(first, 500) }]);
  }
  const result = await engine.ingest([
    { type: 'identify', userId: 'u', traits: { one: 1 }, context: fields(3, 10) },
    { type: 'identify', userId: 'u', context: { one: 1 } },
  ]);
  expect(result.rejected).toMatchObject([{ index: 1, code: 'schema_limit' }]);
  await engine.close();
});
