/** Lookups over several shards that a test plays: order, those that live elsewhere, and shards that fail. */
import { expect, test } from 'vitest';
import { LookupAsker } from '../../../src/cluster/gateway/lookup-asker.ts';
import { AnswerWriter, type Elsewhere, type LedBy } from '../../../src/cluster/lookup-wire.ts';
import { EngineError } from '../../../src/model/error.ts';
import type { Identifier } from '../../../src/model/profile.ts';
import { SlotMap } from '../../../src/router/slot-map.ts';
import { SeededWorld } from '../link/seeded-world.ts';

type Said = string | Elsewhere | null;

interface Asked {
  readonly shard: number;
  readonly count: number;
}

const slots = new SlotMap(2);
const world = new SeededWorld(1);
const user = (value: string): Identifier => ({ type: 'user_id', value });
const users = Array.from({ length: 40 }, (_, i) => user(`user-${i}`));

/** `say` plays the shards. Each answer comes in a turn of its own and lies in memory that is overwritten when that is over. */
function asker(say: (shard: number, identifier: Identifier, by: LedBy | undefined) => Said): {
  lookups: LookupAsker;
  asked: Asked[];
} {
  const asked: Asked[] = [];
  const lookups = new LookupAsker(
    {
      lookUp: (shard, identifiers, _options, by, taker) => {
        asked.push({ shard, count: identifiers.length });
        world.schedule(() => {
          try {
            const writer = new AnswerWriter();
            writer.begin();
            for (const identifier of identifiers) {
              const said = say(shard, identifier, by);
              const json = Buffer.from(String(said));
              if (said === null) writer.nobody();
              else if (typeof said === 'string') writer.profile(json, 0, json.length);
              else writer.elsewhere(said);
            }
            const bytes = writer.end();
            taker.resolve(bytes);
            setImmediate(() => bytes.fill(0xff));
          } catch (error) {
            taker.reject(error);
          }
        });
      },
    },
    slots,
    world.clock,
  );
  return { lookups, asked };
}

const texts = (found: readonly (Uint8Array | undefined)[]): (string | undefined)[] =>
  found.map((json) => json && Buffer.from(json).toString());

test('many over two shards: one call each, in the order asked, nobody where nobody is', async () => {
  const isUnknown = (value: string): boolean => value.endsWith('3');
  const { lookups, asked } = asker((_, { value }) => (isUnknown(value) ? null : `of ${value}`));
  const found = await world.settle(lookups.lookupMany(users, undefined));
  expect(texts(found)).toEqual(users.map(({ value }) => (isUnknown(value) ? undefined : `of ${value}`)));
  expect(asked.map(({ shard }) => shard).sort()).toEqual([0, 1]);
  expect(asked.reduce((sum, { count }) => sum + count, 0)).toBe(users.length);
  expect([lookups.lookups, lookups.misses]).toEqual([40, 4]);
});

test('of those on one shard the bytes are given as they lie', async () => {
  const here = users.filter((identifier) => slots.shardOf(identifier) === 0);
  const { lookups, asked } = asker((_, { value }) => `of ${value}`);
  const found = lookups.lookupMany(here, undefined).then(texts);
  expect(await world.settle(found)).toEqual(here.map(({ value }) => `of ${value}`));
  expect(asked).toEqual([{ shard: 0, count: here.length }]);
});

test('one that lives on the other shard is followed there, and one that has another name is asked for under that', async () => {
  const moved = users[5];
  const other = slots.shardOf(moved) === 0 ? 1 : 0;
  const led = users[6];
  const home = user('home');
  const { lookups } = asker((shard, { value }, by) => {
    if (value === moved.value && shard !== other) return other;
    if (value === led.value && by === undefined) return [1 - shard, home.type, home.value];
    if (value === led.value) return `of ${value} by ${by}`;
    if (value === 'user-7') return ['email', 'a@b.c'];
    if (value === 'user-8') return ['email', 'nobody@b.c'];
    if (value === 'nobody@b.c') return ['email', 'nobody@b.c'];
    return `of ${value} on ${shard}`;
  });
  const found = texts(await world.settle(lookups.lookupMany(users, undefined)));
  expect(found[5]).toBe(`of ${moved.value} on ${other}`);
  expect(found[7]).toMatch(/^of a@b.c on/);
  expect(found[8]).toBeUndefined();
  expect(found[6]).toBe(`of ${led.value} by user_id,home`);
  for (const i of [0, 1, 2, 3, 4, 9, 39]) expect(found[i]).toBe(`of user-${i} on ${slots.shardOf(users[i])}`);
  const alone = await world.settle(lookups.lookup(moved, undefined).then((json) => texts([json])));
  expect(alone).toEqual([`of ${moved.value} on ${other}`]);
  expect([lookups.lookups, lookups.misses]).toEqual([41, 1]);
});

test('one whose way has no end is refused after a while, with pauses between', async () => {
  const { lookups, asked } = asker((shard) => 1 - shard);
  const fromMs = world.nowMs;
  await expect(world.settle(lookups.lookup(users[0], undefined))).rejects.toMatchObject({
    code: 'overloaded',
    retryAfterMs: 1_000,
  });
  expect(asked).toHaveLength(64);
  expect(world.nowMs - fromMs).toBeGreaterThan(60 * 5);
});

test('when a shard fails the whole is refused with what it said, and a broken answer is no hang', async () => {
  const { lookups } = asker((shard) => {
    if (shard === 1) throw new EngineError('shard_unavailable', 'gone', { retryAfterMs: 5 });
    return 'here';
  });
  await expect(world.settle(lookups.lookupMany(users, undefined))).rejects.toMatchObject({
    code: 'shard_unavailable',
    retryAfterMs: 5,
  });
  const broken = new LookupAsker(
    { lookUp: (_s, _i, _o, _b, taker) => taker.resolve(Uint8Array.of(9)) },
    slots,
    world.clock,
  );
  await expect(broken.lookup(users[0], undefined)).rejects.toMatchObject({ code: 'internal' });
  await expect(broken.lookupMany(users, undefined)).rejects.toMatchObject({ code: 'internal' });
});

test('nobody asked for is nobody found', async () => {
  const { lookups, asked } = asker(() => null);
  expect(await lookups.lookupMany([], undefined)).toEqual([]);
  expect(asked).toEqual([]);
});
