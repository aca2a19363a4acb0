/** The identity rules of src/router/identity-route.ts, one by one, with people on different shards. */
import { expect, test } from 'vitest';
import { xxh32 } from '../../../src/base/hash.ts';
import { SlotMap } from '../../../src/router/slot-map.ts';
import { Core, keyOf } from '../../sim/core.ts';

const SHARDS = 4;
let message = 0;
const item = (type: string, more: Record<string, unknown>): Record<string, unknown> => ({
  type,
  messageId: `m${message++}`,
  timestamp: '2026-01-01T00:00:00.000Z',
  ...(type === 'track' ? { event: 'E' } : {}),
  ...more,
});
const fresh = (): Core => Core.fresh(SHARDS, { hashSeed: 1, isAutoFlush: true });
const identifiersOf = (core: Core, type: string, value: string): string[] | undefined =>
  core.lookup({ type, value })?.identifiers.map(keyOf);

/** A value of the type whose slot is on the given shard. */
function valueOn(type: string, shard: number, salt = ''): string {
  const slots = new SlotMap(SHARDS);
  for (let i = 0; ; i++)
    if (slots.shardOf({ type, value: `${type}${salt}${i}` }) === shard) return `${type}${salt}${i}`;
}

const everyPair = Array.from({ length: SHARDS * SHARDS }, (_, i) => [i % SHARDS, Math.floor(i / SHARDS)] as const);

test('a visitor who signs in keeps the profile, and both ids lead to it from any shard', async () => {
  for (const [a, b] of everyPair) {
    const core = fresh();
    const [user, anonymous] = [valueOn('user_id', a), valueOn('anonymous_id', b)];
    await core.ingest([item('track', { anonymousId: anonymous })]);
    expect(core.lookup({ type: 'anonymous_id', value: anonymous })?.id).toBe(`anonymous_id:${anonymous}`);
    await core.ingest([item('identify', { userId: user, anonymousId: anonymous }), item('track', { userId: user })]);
    expect(core.profiles()).toHaveLength(1);
    expect(identifiersOf(core, 'user_id', user)).toEqual([`user_id:${user}`, `anonymous_id:${anonymous}`]);
    expect(core.lookup({ type: 'anonymous_id', value: anonymous })).toMatchObject({ id: user, counts: { E: 2 } });
  }
});

test('a device of a known user stays with that user when another signs in on it', async () => {
  for (const [a, b] of everyPair) {
    const core = fresh();
    const [first, second, device] = [valueOn('user_id', a), valueOn('user_id', b, 'x'), valueOn('anonymous_id', a)];
    await core.ingest([
      item('identify', { userId: first, anonymousId: device }),
      item('track', { userId: second, anonymousId: device }),
    ]);
    expect(core.profiles()).toHaveLength(2);
    expect(core.lookup({ type: 'anonymous_id', value: device })?.id).toBe(first);
    expect(identifiersOf(core, 'user_id', second)).toEqual([`user_id:${second}`]);
    // What the device does alone is the first one's.
    await core.ingest([item('track', { anonymousId: device })]);
    expect(core.lookup({ type: 'user_id', value: first })?.counts).toEqual({ E: 1 });
  }
});

test('an email, a phone or an external id belongs to whom it was told of first', async () => {
  for (const [a, b] of everyPair) {
    const core = fresh();
    const [first, second, email] = [valueOn('user_id', a), valueOn('user_id', b, 'x'), valueOn('email', b)];
    const context = { externalIds: [{ type: 'crm', id: 'c1' }] };
    await core.ingest([
      item('identify', { userId: first, traits: { email, phone: '1' }, context }),
      item('identify', { userId: second, traits: { email, phone: '1' }, context }),
    ]);
    for (const [type, value] of [
      ['email', email],
      ['phone', '1'],
      ['crm', 'c1'],
    ]) {
      expect(core.lookup({ type, value })?.id).toBe(first);
    }
    // The trait is the second one's all the same.
    expect(core.lookup({ type: 'user_id', value: second })?.traits).toEqual({ email, phone: '1' });
    expect(identifiersOf(core, 'user_id', second)).toEqual([`user_id:${second}`]);
  }
});

test('an identifier that an item names twice is attached once', async () => {
  const core = fresh();
  const externalIds = [
    { type: 'email', id: 'a@x.org' },
    { type: 'phone', id: '1' },
    { type: 'crm', id: 'c' },
    { type: 'crm', id: 'c' },
  ];
  await core.ingest([
    item('identify', { userId: 'u', traits: { email: 'a@x.org', phone: '1' }, context: { externalIds } }),
  ]);
  expect(identifiersOf(core, 'user_id', 'u')).toEqual(['user_id:u', 'email:a@x.org', 'phone:1', 'crm:c']);
});

test('entries of externalIds that are none are passed over', async () => {
  const core = fresh();
  const externalIds = [
    null,
    'x',
    [],
    {},
    { id: 'x' },
    { type: 'crm' },
    { type: 'user_id', id: 'x' },
    { type: 'anonymous_id', id: 'x' },
    { type: 'Upper', id: 'x' },
    { type: `a${'b'.repeat(64)}`, id: 'x' },
    { type: 'crm', id: '' },
    { type: 'crm', id: 'y'.repeat(513) },
    { type: 'crm', id: null },
    { type: '__proto__', id: 'x' },
    { type: 'a.b_1', id: 5 },
  ];
  await core.ingest([item('track', { userId: 'u', context: { externalIds } })]);
  expect(identifiersOf(core, 'user_id', 'u')).toEqual(['user_id:u', 'a.b_1:5']);
});

test('an alias gives the user one more name; between two users it is refused', async () => {
  const core = fresh();
  await core.ingest([item('track', { anonymousId: 'old' }), item('alias', { userId: 'u', previousId: 'old' })]);
  expect(identifiersOf(core, 'user_id', 'u')).toEqual(['user_id:u', 'anonymous_id:old']);
  await core.ingest([item('track', { userId: 'v' })]);
  const { rejected } = await core.ingest([item('alias', { userId: 'u', previousId: 'v' })]);
  expect(rejected.map(({ code }) => code)).toEqual(['merge_not_supported']);
  await core.ingest([item('alias', { userId: 'w', previousId: 'new' })]);
  expect(core.lookup({ type: 'anonymous_id', value: 'new' })?.id).toBe('w');
});

test('types of identifiers are bounded, since callers make them up', async () => {
  const core = fresh();
  for (let i = 0; i < 60; i++) {
    const externalIds = Array.from({ length: 50 }, (_, k) => ({ type: `t${i * 50 + k}`, id: 'x' }));
    await core.ingest([item('track', { userId: 'u', context: { externalIds } })]);
  }
  // Asked once an entry and before it is attached: one item may bring its 50 over the limit.
  for (const shard of core.shards) expect(shard.data.identifiers.types.length).toBeLessThan(1_050);
  await core.ingest([item('identify', { userId: 'u', traits: { email: 'late@x.org' } })]);
  expect(core.lookup({ type: 'email', value: 'late@x.org' })?.id).toBe('u');
  expect(core.reopened({ hashSeed: 4 }).state()).toEqual(core.state());
});

test('slots are spread over shards evenly, and a user id is its own key', () => {
  for (const count of [1, 2, 3, 4, 7]) {
    const slots = new SlotMap(count);
    const seen = new Array<number>(count).fill(0);
    for (let i = 0; i < 20_000; i++) {
      const bytes = Buffer.from(`user-${i}-é`);
      const shard = slots.shardOfUser(bytes, 0, bytes.length);
      expect(slots.shardOf({ type: 'user_id', value: `user-${i}-é` })).toBe(shard);
      expect(shard).toBe(count === 1 ? 0 : Math.floor(((xxh32(bytes, 0, bytes.length, 0) & 1_023) * count) / 1_024));
      seen[shard] += 1;
    }
    for (const share of seen) expect(Math.abs(share - 20_000 / count)).toBeLessThan(1_000);
  }
  expect(new SlotMap(4).shardOf({ type: 'email', value: 'ü'.repeat(5_000) })).toBeLessThan(4);
});

test('a disk that fails in the middle of a batch stops the router, and no shard logs what it did not apply', async () => {
  const core = fresh();
  const [user, anonymous] = [valueOn('user_id', 0), valueOn('anonymous_id', 1)];
  await core.ingest([item('track', { userId: valueOn('user_id', 0, 'y') })]);
  core.storages[1].failDisk();
  // Shard 0 takes the item; the forward for the device on shard 1 cannot be noted.
  await expect(core.ingest([item('track', { userId: user, anonymousId: anonymous })])).rejects.toMatchObject({
    code: 'storage_failed',
  });
  const { lastSeq } = core.storages[0].log;
  await expect(core.ingest([item('track', { userId: valueOn('user_id', 0, 'z') })])).rejects.toMatchObject({
    code: 'storage_failed',
  });
  expect(core.storages[0].log.lastSeq).toBe(lastSeq);
  expect(core.reopened({ hashSeed: 8 }).profiles()).toHaveLength(1);
});
