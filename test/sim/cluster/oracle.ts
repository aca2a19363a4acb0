/** What must hold when all is quiet: nobody is in two profiles, every acknowledged event is in one, and every identifier leads there through any router. */
import type { ClusterEngine } from '../../../src/cluster/cluster-engine.ts';
import { open } from '../../../src/engine/open.ts';
import type { Profile } from '../../../src/model/profile.ts';
import { START_MS } from '../core.ts';
import { lacksOf, primaryOf } from './client.ts';
import type { SimItem } from './traffic.ts';

const EVENTS_MAX = 1_000_000;

export async function profilesOf(pages: AsyncIterable<Uint8Array>): Promise<Profile[]> {
  const profiles: Profile[] = [];
  for await (const json of pages) profiles.push(JSON.parse(Buffer.from(json).toString('utf8')) as Profile);
  return profiles;
}

export function exported(engine: Pick<ClusterEngine, 'exportProfiles'>): Promise<Profile[]> {
  return profilesOf(engine.exportProfiles({ events: EVENTS_MAX }));
}

const keyOf = ({ type, value }: { readonly type: string; readonly value: string }): string => `${type}:${value}`;

/** All that is known, in an order of its own. */
export function stateOf(profiles: readonly Profile[]): string[] {
  return profiles
    .map((profile) =>
      JSON.stringify(
        inOrder({
          ...profile,
          identifiers: profile.identifiers.map(keyOf).sort(),
          events: [...(profile.events ?? [])].sort((a, b) => (a.messageId < b.messageId ? -1 : 1)),
        }),
      ),
    )
    .sort();
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, entry]) => [key, inOrder(entry)]);
}

/** What is wrong with the profiles, given what was acknowledged; nothing in the best case. */
export function faultsOf(profiles: readonly Profile[], items: readonly SimItem[]): string[] {
  const faults: string[] = [];
  const owners = new Map<string, Profile>();
  const seen = new Map<string, string>();
  const sent = new Set(items.map(({ messageId }) => messageId));
  for (const profile of profiles) {
    if (profile.identifiers.length === 0) faults.push(`${profile.id} has no identifiers`);
    for (const identifier of profile.identifiers) {
      const key = keyOf(identifier);
      const other = owners.get(key);
      if (other !== undefined) faults.push(`${key} is in ${other.id} and in ${profile.id}`);
      owners.set(key, profile);
    }
    for (const { messageId } of profile.events ?? []) {
      const other = seen.get(messageId);
      if (other !== undefined) faults.push(`${messageId} is in ${other} and in ${profile.id}`);
      if (!sent.has(messageId)) faults.push(`nobody sent ${messageId} of ${profile.id}`);
      seen.set(messageId, profile.id);
    }
    const counted = Object.values(profile.counts).reduce((sum, count) => sum + count, 0);
    if (counted !== (profile.events ?? []).length) faults.push(`${profile.id} counts ${counted} events`);
  }
  for (const item of items) {
    const fault = lacksOf(item, owners.get(keyOf(primaryOf(item))));
    if (fault !== undefined) faults.push(fault);
  }
  return faults;
}

/** Every identifier leads to its profile. */
export async function lookupFaults(engine: ClusterEngine, profiles: readonly Profile[]): Promise<string[]> {
  const faults: string[] = [];
  for (const profile of profiles) {
    const found = await engine.lookupMany!(profile.identifiers, { fields: ['counts'] });
    const expected = JSON.stringify({ id: profile.id, counts: profile.counts });
    found.forEach((json, i) => {
      const key = keyOf(profile.identifiers[i]);
      if (json === undefined) faults.push(`${key} of ${profile.id} leads nowhere`);
      else {
        const { id, counts } = JSON.parse(Buffer.from(json).toString('utf8')) as Profile;
        const other = JSON.stringify({ id, counts });
        if (other !== expected) faults.push(`${key} of ${expected} leads to ${other}`);
      }
    });
  }
  return faults;
}

/** What one engine in one process makes of the items. */
export async function singleState(items: readonly SimItem[]): Promise<string[]> {
  const engine = await open({
    data: ':memory:',
    shards: 1,
    workers: 1,
    cacheSizeBytes: 1 << 16,
    checkpointIntervalMs: 0,
    clock: { nowMs: () => START_MS },
    random: { nextUint32: () => 7 },
  });
  await engine.ingest(items, { isImport: true });
  const state = stateOf(await profilesOf(engine.exportProfiles({ events: EVENTS_MAX })));
  await engine.close();
  return state;
}
