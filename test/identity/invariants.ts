/** What must hold of any engine at any moment: nobody is in two profiles, nothing is there twice, and every door gives the same answer. */
import { type Host, identifierOf, keyOf, portraitOf } from './host.ts';
import type { Key } from './naive-world.ts';

function check(isTrue: boolean, message: () => string): void {
  if (!isTrue) throw new Error(message());
}

/** Gives the message ids of all events. */
export async function expectWhole(host: Host): Promise<Set<string>> {
  const owners = new Map<Key, string>();
  const messages = new Set<string>();
  const counts = new Map<string, number[]>();
  const profiles = await host.profiles();
  for (const profile of profiles) {
    const portrait = JSON.stringify(portraitOf(profile));
    for (const key of profile.identifiers.map(keyOf)) {
      check(!owners.has(key), () => `${key} is in the profiles ${owners.get(key)} and ${profile.id}`);
      owners.set(key, profile.id);
      const found = host.lookup(key);
      check(found !== undefined, () => `${key} of ${profile.id} finds nobody`);
      const other = JSON.stringify(portraitOf(found!));
      check(other === portrait, () => `${key} finds ${other}, but is in ${portrait}`);
    }
    const [name] = profile.identifiers;
    check(
      profile.id === (name.type === 'user_id' ? name.value : keyOf(name)),
      () => `${keyOf(name)} names ${profile.id}`,
    );
    const hasUser = profile.identifiers.some(({ type }) => type === 'user_id');
    check(hasUser === (name.type === 'user_id'), () => `${profile.id} has a user id and another name`);
    for (const { messageId } of profile.events ?? []) {
      check(!messages.has(messageId), () => `the event ${messageId} is there twice, once in ${profile.id}`);
      messages.add(messageId);
    }
    const total = Object.values(profile.counts).reduce((sum, one) => sum + one, 0);
    check(total === (profile.events ?? []).length, () => `${profile.id} counts ${total} events`);
    for (const [event, count] of Object.entries(profile.counts))
      counts.set(event, [...(counts.get(event) ?? []), count]);
  }
  const stats = host.engine.stats();
  check(
    stats.profiles === profiles.length,
    () => `${stats.profiles} profiles are counted, ${profiles.length} are there`,
  );
  check(stats.events === messages.size, () => `${stats.events} events are counted, ${messages.size} are there`);
  await expectCounted(host, counts);
  return messages;
}

/** Counts by query are counts by profile. `windows`: how often to ask for a window; more than a few make the engine build runs, on threads. */
async function expectCounted(host: Host, counts: ReadonlyMap<string, readonly number[]>, windows = [1]): Promise<void> {
  for (const [event, each] of counts) {
    for (const least of [1, 2, 4]) {
      const expected = each.filter((count) => count >= least).length;
      const ever = `did ${JSON.stringify(event)} at least ${least} times`;
      for (const question of [ever, ...(windows.includes(least) ? [`${ever} in last 3650d`] : [])]) {
        const count = await host.count(question);
        check(count === expected, () => `${question}: ${count}, by profiles ${expected}`);
      }
    }
  }
}

/** Links join identifiers of one profile, and hold all of them together. */
export function expectGraph(host: Host, key: Key): void {
  const graph = host.engine.identityGraph(identifierOf(key));
  check(graph !== undefined, () => `${key} has no graph`);
  const names = graph!.identifiers.map(keyOf);
  const links = graph!.links.map(({ from, to }) => [keyOf(from), keyOf(to)]);
  check(
    links.flat().every((end) => names.includes(end)),
    () => `a link of ${key} leads out of its profile`,
  );
  const reached = new Set([names[0]]);
  for (const at of reached) {
    for (const [a, b] of links) if (a === at || b === at) reached.add(a).add(b);
  }
  check(
    reached.size === names.length,
    () => `${names.join()} are one profile, but links hold only ${[...reached].join()}`,
  );
}
