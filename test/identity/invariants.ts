/** What must hold of any engine at any moment: nobody is in two profiles, nothing is there twice, and every door gives the same answer. */
import { expect } from 'vitest';
import { type Host, identifierOf, keyOf, portraitOf } from './host.ts';

/** Gives the message ids of all events. */
export async function expectWhole(host: Host): Promise<Set<string>> {
  const owners = new Map<string, string>();
  const messages = new Set<string>();
  const counts = new Map<string, number[]>();
  const profiles = await host.profiles();
  for (const profile of profiles) {
    for (const identifier of profile.identifiers) {
      const key = keyOf(identifier);
      if (owners.has(key)) throw new Error(`${key} is in the profiles ${owners.get(key)} and ${profile.id}`);
      owners.set(key, profile.id);
      const found = host.engine.lookup(identifier, { events: 1_000_000 });
      if (found === undefined) throw new Error(`${key} of ${profile.id} finds nobody`);
      expect(portraitOf(found)).toEqual(portraitOf(profile));
    }
    const names = profile.identifiers.map((identifier) =>
      identifier.type === 'user_id' ? identifier.value : keyOf(identifier),
    );
    expect(names[0]).toBe(profile.id);
    if (!profile.identifiers.some(({ type }) => type === 'user_id')) expect(profile.id).toContain(':');
    else expect(profile.identifiers[0].type).toBe('user_id');
    for (const { messageId } of profile.events ?? []) {
      if (messages.has(messageId)) throw new Error(`the event ${messageId} is there twice, once in ${profile.id}`);
      messages.add(messageId);
    }
    const total = Object.values(profile.counts).reduce((sum, one) => sum + one, 0);
    expect(total).toBe(profile.events?.length ?? 0);
    for (const [event, count] of Object.entries(profile.counts)) counts.set(event, [...(counts.get(event) ?? []), count]);
  }
  const stats = host.engine.stats();
  expect(stats.profiles).toBe(profiles.length);
  expect(stats.events).toBe(messages.size);
  await expectCounted(host, counts);
  return messages;
}

/** Counts by query are counts by profile. */
async function expectCounted(host: Host, counts: ReadonlyMap<string, readonly number[]>): Promise<void> {
  for (const [event, each] of counts) {
    for (const least of [1, 2, 4]) {
      const expected = each.filter((count) => count >= least).length;
      const question = `did ${JSON.stringify(event)} at least ${least} times`;
      expect([question, await host.count(question)]).toEqual([question, expected]);
      const since = `${question} in last 3650d`;
      expect([since, await host.count(since)]).toEqual([since, expected]);
    }
  }
}

export function expectGraph(host: Host, key: string): void {
  const graph = host.engine.identityGraph(identifierOf(key));
  expect(graph).toBeDefined();
  const names = new Set(graph!.identifiers.map(keyOf));
  // Links hold all of it together.
  const reached = new Set([graph!.identifiers.map(keyOf)[0]]);
  for (const at of reached) {
    for (const { from, to } of graph!.links) {
      const [a, b] = [keyOf(from), keyOf(to)];
      expect(names.has(a) && names.has(b)).toBe(true);
      if (a === at) reached.add(b);
      if (b === at) reached.add(a);
    }
  }
  expect([...reached].sort()).toEqual([...names].sort());
}
