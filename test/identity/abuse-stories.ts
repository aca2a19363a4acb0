/**
 * What broken or ill-meant senders do: an address or a device of everybody, names that follow one another without end, a person with
 * thousands of devices. The right people must come of it, the work must grow with what was sent and not with its square, and journals must
 * say what happened without being filled.
 */
import { expect } from 'vitest';
import { FREE_RULES } from './commands.ts';
import { Host, identifierOf } from './host.ts';
import type { Item, Key } from './naive-world.ts';
import { type Work, workOf } from './work.ts';

const BATCH = 250;
const FROM_MS = Date.UTC(2025, 6, 1);

let serial = 0;

function item(more: Omit<Item, 'messageId' | 'timestamp'>, lateMs = 0): Item {
  serial += 1;
  return {
    ...more,
    messageId: `abuse ${serial}`,
    timestamp: new Date(FROM_MS + serial * 1_000 - lateMs).toISOString(),
  };
}

async function send(host: Host, count: number, make: (i: number) => Item, after?: () => void): Promise<void> {
  for (let from = 0; from < count; from += BATCH) {
    host.advance(1_000);
    await host.ingest(Array.from({ length: Math.min(BATCH, count - from) }, (_, i) => make(from + i)));
    after?.();
  }
}

function journalOf({ engine }: Host, key: Key): readonly { readonly kind: string; readonly reason: string }[] {
  return engine.identityGraph(identifierOf(key))!.journal;
}

function keysOf(host: Host, key: Key): string[] {
  return host
    .lookup(key)!
    .identifiers.map(({ type, value }) => `${type}:${value}`)
    .sort();
}

function commandCount({ commands }: Work): number {
  return Object.values(commands).reduce((sum, one) => sum + one, 0);
}

/** Users who all give the same address: it stays with the first, the others are told apart, and each journal says so once. */
export async function sharedAddress(users: number, shards: number): Promise<Work> {
  const host = await Host.open({ shards });
  const email = 'everybody@example.org';
  const identify = (i: number): Item => item({ type: 'identify', userId: `u${i}`, traits: { email, n: i } });
  await send(host, users, identify);
  const { commands } = workOf(host);
  await send(host, users, identify);
  expect(host.engine.stats().profiles).toBe(users);
  expect(host.engine.stats().droppedByReason['identifier_limit']).toBe(2 * (users - 1));
  expect(keysOf(host, `email:${email}`)).toEqual([`email:${email}`, 'user_id:u0']);
  for (const i of [1, Math.floor(users / 2), users - 1]) {
    expect(keysOf(host, `user_id:u${i}`)).toEqual([`user_id:u${i}`]);
    expect(host.lookup(`user_id:u${i}`)!.traits).toEqual({ email, n: i });
    expect(journalOf(host, `user_id:u${i}`)).toMatchObject([{ kind: 'refusal', reason: 'limit' }]);
  }
  expect(journalOf(host, 'user_id:u0')).toEqual([]);
  const work = workOf(host);
  // The second round says nothing new.
  expect({ ...work.commands, step: 0 }).toEqual({ ...commands, step: 0 });
  expect(work.journalRows).toBe(users - 1);
  expect(work.rows).toBe(2 * users);
  expect(commandCount(work)).toBeLessThanOrEqual(2 * users + 1);
  return work;
}

/** A device on which everybody logs in: it stays the first one's, and nobody's events become another's. */
export async function sharedDevice(users: number, shards: number): Promise<Work> {
  const host = await Host.open({ shards });
  await send(host, users, (i) => item({ type: 'track', userId: `u${i}`, anonymousId: 'kiosk', event: 'Login' }));
  await send(host, 100, () => item({ type: 'track', anonymousId: 'kiosk', event: 'Seen' }));
  expect(host.engine.stats().profiles).toBe(users);
  expect(keysOf(host, 'anonymous_id:kiosk')).toEqual(['anonymous_id:kiosk', 'user_id:u0']);
  expect(host.lookup('user_id:u0')!.counts).toEqual({ Login: 1, Seen: 100 });
  for (const i of [1, Math.floor(users / 2), users - 1]) {
    expect(keysOf(host, `user_id:u${i}`)).toEqual([`user_id:u${i}`]);
    expect(host.lookup(`user_id:u${i}`)!.counts).toEqual({ Login: 1 });
  }
  const work = workOf(host);
  expect(work.journalRows).toBe(users - 1);
  expect(work.rows).toBe(users + 100);
  expect(commandCount(work)).toBeLessThanOrEqual(2 * users + 1);
  return work;
}

/** Each name is told to have been the one before; with `areKnown` each has a profile of its own first. */
export async function aliasChain(length: number, shards: number, areKnown: boolean): Promise<Work> {
  const host = await Host.open({ shards });
  if (areKnown) await send(host, length, (i) => item({ type: 'track', userId: `u${i}`, event: 'Seen' }));
  await send(host, length - 1, (i) => item({ type: 'alias', userId: `u${i + 1}`, previousId: `u${i}` }));
  expect(host.engine.stats().profiles).toBe(1);
  for (const i of [0, Math.floor(length / 2), length - 1]) {
    const profile = host.lookup(`user_id:u${i}`)!;
    expect(profile.id).toBe(`u${length - 1}`);
    expect(profile.counts).toEqual(areKnown ? { Seen: length } : {});
  }
  // Of each old name it is not known whether it was a user's or a visitor's.
  expect(host.lookup('user_id:u0')!.identifiers).toHaveLength(2 * length - 1);
  const work = workOf(host);
  const items = areKnown ? 2 * length - 1 : length - 1;
  expect(work.journalRows).toBeLessThanOrEqual(areKnown ? length - 1 : 0);
  // Nothing of the long one moves when a short one joins it.
  expect(work.rows).toBeLessThanOrEqual(items + (areKnown ? 2 * length : 0));
  expect(commandCount(work)).toBeLessThanOrEqual(8 * length);
  expect(work.logSizeBytes).toBeLessThan(1_200 * length);
  return work;
}

/** Names that follow one another round and round. */
export async function aliasCycle(length: number, rounds: number, shards: number): Promise<Work> {
  const host = await Host.open({ shards });
  await send(host, length, (i) => item({ type: 'track', userId: `u${i}`, event: 'Seen' }));
  const count = length * rounds;
  const alias = (i: number): Item =>
    item({ type: 'alias', userId: `u${(i + 1) % length}`, previousId: `u${i % length}` });
  await send(host, count, alias);
  await send(host, 1, () => item({ type: 'alias', userId: 'u0', previousId: 'u0' }));
  expect(host.engine.stats().profiles).toBe(1);
  const profile = host.lookup('user_id:u0')!;
  expect(profile.id).toBe('u0');
  expect(profile.identifiers).toHaveLength(2 * length);
  expect(profile.counts).toEqual({ Seen: length });
  const work = workOf(host);
  expect(work.journalRows).toBeLessThanOrEqual(2 * length);
  expect(work.rows).toBeLessThanOrEqual(length + count + 1 + 3 * length);
  return work;
}

/** Somebody with thousands of devices, each a visitor first, who goes on acting on all of them, now and then late; looked up all the while. */
export async function manyDevices(devices: number, events: number, shards: number): Promise<Work> {
  const host = await Host.open({ shards, identity: FREE_RULES });
  const visit = (i: number): Item => item({ type: 'track', anonymousId: `a${i}`, event: 'Visit' });
  await send(host, devices, visit);
  const login = (i: number): Item =>
    item({ type: 'identify', userId: 'u', anonymousId: `a${i}`, traits: { device: i } });
  await send(host, devices, login);
  let visits = devices;
  let last = devices - 1;
  const traffic = (i: number): Item => {
    if (i % 5 !== 0) {
      visits += 1;
      return visit(i % devices);
    }
    const isLate = i % 50 === 0;
    if (!isLate) last = devices + i;
    return item(
      { type: 'identify', anonymousId: `a${i % devices}`, traits: { device: devices + i } },
      isLate ? 1e9 : 0,
    );
  };
  await send(host, events, traffic, () => {
    expect(host.engine.lookup({ type: 'anonymous_id', value: `a${visits % devices}` })).toMatchObject({
      traits: { device: last },
      counts: { Visit: visits },
    });
  });
  expect(host.engine.stats().profiles).toBe(1);
  expect(keysOf(host, 'user_id:u')).toHaveLength(devices + 1);
  expect(await host.count(`did "Visit" at least ${visits} times`)).toBe(1);
  const work = workOf(host);
  expect(work.journalRows).toBeLessThanOrEqual(2 * devices);
  // Each visitor moved once at most, with what one had then.
  expect(work.rows).toBeLessThanOrEqual(2 * devices + events + 2 * devices);
  expect(commandCount(work)).toBeLessThanOrEqual(6 * devices);
  return work;
}
