/** How an item finds its person (src/router/resolver.ts), rule by rule, with people on different shards. */
import { expect, test } from 'vitest';
import { xxh32 } from '../../../src/base/hash.ts';
import { readIdentitySettings } from '../../../src/identity/settings.ts';
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
  for (let i = 0; ; i++) {
    const value = `${type}${salt}${i}${type === 'email' ? '@x.org' : ''}`;
    if (slots.shardOf({ type, value }) === shard) return value;
  }
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
    const phone = '+4930901820';
    const context = { externalIds: [{ type: 'crm', id: 'c1' }] };
    await core.ingest([
      item('identify', { userId: first, traits: { email, phone }, context }),
      item('identify', { userId: second, traits: { email: email.toUpperCase(), phone }, context }),
    ]);
    for (const [type, value] of [
      ['email', email],
      ['phone', phone],
      ['crm', 'c1'],
    ]) {
      expect(core.lookup({ type, value })?.id).toBe(first);
    }
    // The trait is the second one's all the same.
    expect(core.lookup({ type: 'user_id', value: second })?.traits).toEqual({
      email: email.toUpperCase(),
      phone,
    });
    expect(identifiersOf(core, 'user_id', second)).toEqual([`user_id:${second}`]);
  }
});

test('an identifier that an item names twice is attached once', async () => {
  const core = fresh();
  const externalIds = [
    { type: 'email', id: ' A@X.org' },
    { type: 'phone', id: '+49 30 901820' },
    { type: 'crm', id: 'c' },
    { type: 'crm', id: 'c' },
  ];
  await core.ingest([
    item('identify', { userId: 'u', traits: { email: 'a@x.org', phone: '+4930901820' }, context: { externalIds } }),
  ]);
  expect(identifiersOf(core, 'user_id', 'u')).toEqual(['user_id:u', 'email:a@x.org', 'phone:+4930901820', 'crm:c']);
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

test('an alias gives the user one more name, be the old one a visitor or nobody yet', async () => {
  const core = fresh();
  await core.ingest([item('track', { anonymousId: 'old' }), item('alias', { userId: 'u', previousId: 'old' })]);
  expect(core.profiles()).toHaveLength(1);
  expect(identifiersOf(core, 'user_id', 'u')).toEqual(['user_id:u', 'anonymous_id:old', 'user_id:old']);
  await core.ingest([item('alias', { userId: 'w', previousId: 'new' })]);
  // Whatever comes later under the old name is the user's, whichever it was.
  await core.ingest([item('track', { anonymousId: 'new' }), item('track', { userId: 'new' })]);
  expect(core.lookup({ type: 'user_id', value: 'new' })).toMatchObject({ id: 'w', counts: { E: 2 } });
});

test('an alias makes one of two users, whose limit of one user id it may break, and its new id names them', async () => {
  for (const [a, b] of everyPair) {
    const core = fresh();
    const [user, previous] = [valueOn('user_id', a), valueOn('user_id', b, 'x')];
    await core.ingest([
      item('track', { userId: previous }),
      item('track', { userId: previous }),
      item('track', { userId: user }),
    ]);
    const { accepted, rejected } = await core.ingest([item('alias', { userId: user, previousId: previous })]);
    expect({ accepted, rejected }).toEqual({ accepted: 1, rejected: [] });
    expect(core.profiles()).toHaveLength(1);
    expect(core.lookup({ type: 'user_id', value: previous })).toMatchObject({ id: user, counts: { E: 3 } });
    // The other way round it is the same two, under the other name.
    await core.ingest([item('alias', { userId: previous, previousId: user })]);
    expect(core.lookup({ type: 'user_id', value: user })).toMatchObject({ id: previous, counts: { E: 3 } });
  }
});

test('an alias to an id that is nobody is refused as no_identifier, one of such an id gives the user no name', async () => {
  const core = fresh();
  const { rejected } = await core.ingest([
    item('alias', { userId: 'null', previousId: 'v' }),
    item('alias', { userId: 'u', previousId: 'N/A' }),
  ]);
  expect(rejected.map(({ index, code }) => [index, code])).toEqual([[0, 'no_identifier']]);
  expect(identifiersOf(core, 'user_id', 'u')).toEqual(['user_id:u']);
  expect(core.lookup({ type: 'user_id', value: 'v' })).toBeUndefined();
});

test('an alias finds its user by the normal form of the id', async () => {
  const identity = readIdentitySettings({ types: [{ type: 'user_id', normalise: 'lower' }] });
  const core = Core.fresh(SHARDS, { hashSeed: 1, isAutoFlush: true, identity });
  await core.ingest([item('track', { userId: 'ann' }), item('alias', { userId: 'ANN', previousId: 'Visitor' })]);
  expect(identifiersOf(core, 'user_id', 'ann')?.sort()).toEqual([
    'anonymous_id:Visitor',
    'user_id:ann',
    'user_id:visitor',
  ]);
});

test('a message is known again after its profile moved, be it by that message or another, live and after a restart', async () => {
  for (const [a, b] of everyPair) {
    const core = fresh();
    const [user, visitor, email] = [valueOn('user_id', a), valueOn('anonymous_id', b), valueOn('email', b, 'e')];
    const items = [
      // It comes under the e-mail, with which the scanner of the items has nothing to do.
      item('identify', { anonymousId: visitor, traits: { email } }),
      item('track', { userId: 'null', anonymousId: visitor }),
      item('track', { userId: user }),
      item('track', { userId: user }),
      item('track', { userId: user }),
      // The visitor, who has less, moves to the user; or stays, and the user moves, where the visitor has more.
      item('identify', { userId: user, anonymousId: visitor, traits: { email } }),
    ];
    for (const each of items) await core.ingest([each]);
    expect(core.profiles()).toHaveLength(1);
    const state = core.state();
    for (const next of [core, core.reopened({ hashSeed: 2 })]) {
      expect(await next.ingest(items)).toMatchObject({ accepted: items.length, duplicates: items.length });
      expect(next.state()).toEqual(state);
    }
  }
});

test('a message whose profile moves because of it is known again where it arrived', async () => {
  for (const [a, b] of everyPair) {
    const core = fresh();
    const [user, visitor] = [valueOn('user_id', a), valueOn('anonymous_id', b)];
    for (const who of [{ userId: user }, { anonymousId: visitor }, { anonymousId: visitor }]) {
      await core.ingest([item('track', who)]);
    }
    const joining = item('track', { userId: user, anonymousId: visitor });
    await core.ingest([joining]);
    expect(await core.ingest([joining])).toMatchObject({ accepted: 1, duplicates: 1 });
    expect(core.lookup({ type: 'user_id', value: user })?.counts).toEqual({ E: 4 });
  }
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

test('when what was cut off moves home, its messages are known there, and those that the shard knew stay known', async () => {
  for (const [a, b] of everyPair) {
    // The newer half of what is remembered is just full where the visitor comes to.
    const dedup = { windowMs: 86_400_000, count: 40 };
    const core = Core.fresh(SHARDS, { hashSeed: 1, isAutoFlush: true, dedup });
    const [user, visitor, other] = [valueOn('user_id', a), valueOn('anonymous_id', b), valueOn('user_id', b, 'x')];
    const items = [
      item('track', { userId: user }),
      item('track', { userId: user }),
      item('track', { anonymousId: visitor }),
      item('identify', { userId: user, anonymousId: visitor }),
      item('track', { anonymousId: visitor }),
      ...Array.from({ length: 19 }, () => item('track', { userId: other })),
    ];
    await core.ingest(items);
    const pair = [
      { type: 'user_id', value: user },
      { type: 'anonymous_id', value: visitor },
    ] as const;
    const entry = { id: 'cut', at: core.nowMs, kind: 'cut', reason: 'request', from: user, to: visitor } as const;
    core.router.inOneStep(() => core.router.joiner.cut([pair], entry));
    const state = core.state();
    expect(core.profiles()).toHaveLength(3);
    for (const next of [core, core.reopened({ hashSeed: 2, dedup })]) {
      for (const again of [items, items]) expect((await next.ingest(again)).duplicates).toBe(items.length);
      expect(next.state()).toEqual(state);
    }
  }
});
