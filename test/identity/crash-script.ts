/**
 * A client and an engine that crashes: steps are given, each shard's log keeps a prefix of its own, and after the restart the client gives
 * every step again that was not acknowledged, in order. What comes of it must be what no crash would have led to.
 */
import { expect } from 'vitest';
import { SlotMap } from '../../src/router/slot-map.ts';
import type { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { OPEN_RULES } from './commands.ts';
import { Host, type HostOptions, identifierOf } from './host.ts';
import { expectGraph, expectWhole } from './invariants.ts';
import type { Item, Key, Portrait } from './naive-world.ts';

export type Step =
  | { readonly kind: 'items'; readonly items: readonly Item[] }
  | { readonly kind: 'merge'; readonly into: Key; readonly from: Key }
  /** Separates `side` from the rest of its profile. */
  | { readonly kind: 'separate'; readonly side: readonly Key[] };

/** A value of the type whose slot is on the shard, for that number of shards. */
export function keyOn(type: string, shard: number, shards: number, salt = ''): Key {
  const slots = new SlotMap(shards);
  const letter = type === 'user_id' ? 'u' : type === 'anonymous_id' ? 'a' : 'e';
  for (let i = 0; ; i++) {
    const value = type === 'email' ? `${letter}${salt}${i}@x.org` : `${letter}${salt}${i}`;
    if (slots.shardOf({ type, value }) === shard) return `${type}:${value}`;
  }
}

let serial = 0;

/** An item that brings the identifiers; each has a message id and a time of its own. */
export function bring(keys: readonly Key[], more: Partial<Item> = {}): Item {
  serial += 1;
  const value = (type: string): string | undefined => {
    const key = keys.find((one) => one.startsWith(`${type}:`));
    return key?.slice(type.length + 1);
  };
  const [userId, anonymousId, email] = [value('user_id'), value('anonymous_id'), value('email')];
  return {
    type: email === undefined ? 'track' : 'identify',
    messageId: `message ${serial}`,
    timestamp: new Date(Date.UTC(2025, 11, 1) + serial * 1_000).toISOString(),
    ...(userId === undefined ? {} : { userId }),
    ...(anonymousId === undefined ? {} : { anonymousId }),
    ...(email === undefined ? { event: 'Seen', properties: { n: serial } } : { traits: { email, score: serial } }),
    ...more,
  };
}

export function items(...list: readonly Item[]): Step {
  return { kind: 'items', items: list };
}

/** Gives the step, and says whether it was acknowledged so far. A request that finds nothing left to do counts as done. */
export function give(host: Host, step: Step): { isAcknowledged: boolean; readonly done: Promise<unknown> } {
  host.advance(1_000);
  const { engine } = host;
  const given =
    step.kind === 'items'
      ? engine.ingest(step.items)
      : step.kind === 'merge'
        ? engine.mergeProfiles({ into: identifierOf(step.into), from: identifierOf(step.from) })
        : engine.unmergeProfile({ profile: identifierOf(step.side[0]), identifiers: step.side.map(identifierOf) });
  const state = { isAcknowledged: false, done: Promise.resolve() as Promise<unknown> };
  state.done = given.then(
    () => {
      state.isAcknowledged = true;
    },
    (error: { readonly code?: string }) => {
      if (!['merge_refused', 'invalid_request', 'profile_not_found'].includes(error.code ?? '')) throw error;
      state.isAcknowledged = true;
    },
  );
  state.done.catch(() => undefined);
  return state;
}

export async function openHost(shards: number, options: Partial<HostOptions> = {}): Promise<Host> {
  return Host.open({ shards, identity: OPEN_RULES, ...options });
}

/** What the steps lead to when nothing goes wrong. */
export async function calmPortraits(shards: number, steps: readonly Step[]): Promise<Portrait[]> {
  const host = await openHost(shards);
  for (const step of steps) await give(host, step).done;
  await expectWhole(host);
  return host.portraits();
}

/** What a shard's disk holds if the last record that reached it were `lastSeq`. */
export function cutAt(storage: MemoryStorage, lastSeq: number): MemoryStorage {
  const { durableSeq } = storage.log;
  const count = storage.log.lastSeq - durableSeq + 1;
  return storage.crash({ loseUnflushed: true, random: () => (lastSeq - durableSeq + 0.5) / count });
}

/** The restart after a crash, and the client's second attempt. */
export async function recoverAndFinish(
  storages: readonly MemoryStorage[],
  nowMs: number,
  again: readonly Step[],
  acknowledged: readonly Step[],
  expected: readonly Portrait[],
): Promise<void> {
  await finish(await openHost(storages.length, { storages, nowMs }), again, acknowledged, expected);
}

/** Of an engine that was opened after a crash. Gives the one that was opened last. */
export async function finish(
  host: Host,
  again: readonly Step[],
  acknowledged: readonly Step[],
  expected: readonly Portrait[],
): Promise<Host> {
  const events = await expectWhole(host);
  for (const step of acknowledged) {
    if (step.kind !== 'items') continue;
    for (const { type, messageId } of step.items) {
      if (type === 'track' && !events.has(messageId)) throw new Error(`the acknowledged event ${messageId} is lost`);
    }
  }
  for (const storage of host.storages) storage.flush();
  for (const step of again) {
    const given = give(host, step);
    for (const storage of host.storages) storage.flush();
    await given.done;
  }
  expect(await host.portraits()).toEqual(expected);
  await expectWhole(host);
  for (const { identifiers } of expected) expectGraph(host, identifiers[0]);
  // The next start finds the same, and has nothing to mend.
  const hash = host.engine.stateHash();
  const next = await host.reopened();
  await expectWhole(next);
  expect(next.engine.stateHash()).toBe(hash);
  return next;
}
