/**
 * Plain logins are told by their items alone (routes of a record); all others by commands. Whichever way it went, over any number of shards, and
 * after a replay of the log: the same people, with the same links and the same journals.
 */
import { expect, test } from 'vitest';
import type { IdentityGraph } from '../../src/model/identity-request.ts';
import { decodeRecord, RECORD_EVENTS, ROUTE_JOIN_VISITOR } from '../../src/shard/record.ts';
import type { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { Host } from './host.ts';
import type { Item, Portrait } from './naive-world.ts';

const PEOPLE = 12;
/** Not in the story; a cut pair anywhere makes the router look at each login closely. */
const STRANGERS = [
  { type: 'user_id', value: 'stranger' },
  { type: 'anonymous_id', value: 'stranger-phone' },
] as const;

interface Told {
  readonly portraits: readonly Portrait[];
  readonly graphs: readonly (Pick<IdentityGraph, 'id' | 'identifiers' | 'journal'> & { readonly links: unknown })[];
}

const user = (n: number): string => `user-${n}`;
const visitor = (n: number, visit: number): string => `visitor-${n}-${visit}`;

/** Of each person: a visitor who was there before the user, one who has more events than the user, one who is new, and all of them again. */
function* story(): Generator<object, void, void> {
  for (let n = 0; n < PEOPLE; n++) {
    let events = 0;
    const event = (who: object): object => {
      events += 1;
      // Some senders give no message id.
      const id = (n + events) % 5 === 0 ? {} : { messageId: `${n}-${events}` };
      return { ...who, ...id, type: 'track', event: `E${events % 3}`, properties: { n, text: `t${events}`, is: true } };
    };
    const both = (visit: number): object => ({ userId: user(n), anonymousId: visitor(n, visit) });
    if (n % 2 === 0) yield event({ anonymousId: visitor(n, 0) });
    yield event(both(0));
    for (let i = 0; i <= n % 4; i++) yield event({ anonymousId: visitor(n, 1) });
    if (n % 3 === 0)
      yield { anonymousId: visitor(n, 1), type: 'identify', traits: { plan: `p${n}`, n }, messageId: `${n}-i` };
    yield event(both(1));
    for (let i = 0; i < 9; i++) yield event({ anonymousId: visitor(n, 2) });
    yield event(both(2));
    yield event(both(3));
    for (let visit = 0; visit < 4; visit++) yield event(both(visit));
  }
}

async function live(shards: number, isCutSomewhere: boolean): Promise<{ readonly host: Host; readonly told: Told }> {
  const host = await Host.open({ shards });
  await host.ingest([
    { type: 'track', event: 'Seen', userId: 'stranger', anonymousId: 'stranger-phone', messageId: 's' },
  ] as Item[]);
  if (isCutSomewhere) {
    await host.engine.unmergeProfile({ profile: STRANGERS[0], identifiers: [STRANGERS[1]] });
  }
  let batch: object[] = [];
  for (const item of story()) {
    batch.push(item);
    if (batch.length < 7) continue;
    host.advance(1_500);
    expect((await host.ingest(batch as Item[])).rejected).toEqual([]);
    batch = [];
  }
  host.advance(1_500);
  await host.ingest(batch as Item[]);
  return { host, told: await tell(host) };
}

async function tell(host: Host): Promise<Told> {
  const graphs = Array.from({ length: PEOPLE }, (_, n) => {
    const graph = host.engine.identityGraph({ type: 'user_id', value: user(n) })!;
    const sorted = <T>(list: readonly T[]): T[] =>
      [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    return {
      ...graph,
      identifiers: sorted(graph.identifiers),
      // A profile that moves turns links round.
      links: sorted(graph.links.map(({ from, to, linkedAt }) => ({ ends: sorted([from, to]), linkedAt }))),
      journal: sorted(graph.journal),
    };
  });
  const all = await host.portraits();
  return { portraits: all.filter(({ identifiers }) => !identifiers.some((key) => key.includes('stranger'))), graphs };
}

/** Merges that items told by themselves, and commands. */
function countsOf(storages: readonly MemoryStorage[]): { joins: number; commands: number } {
  const counts = { joins: 0, commands: 0 };
  for (const storage of storages) {
    for (const { record } of storage.log.read(0)) {
      const decoded = decodeRecord(record);
      if (decoded.kind !== 'events') continue;
      for (const route of decoded.routes) if ((route & ROUTE_JOIN_VISITOR) !== 0) counts.joins += 1;
      for (const commands of decoded.commands.values()) counts.commands += commands.length;
    }
  }
  return counts;
}

test('a login is the same login, whichever way it is told', async () => {
  const { host, told } = await live(1, false);
  const joins = countsOf(host.storages);
  expect(joins).toEqual({ joins: 2 * PEOPLE, commands: 0 });
  expect(told.graphs[2]).toMatchObject({ id: user(2) });
  for (const { identifiers, journal } of told.graphs) {
    expect(identifiers.length).toBe(5);
    expect(journal.length).toBe(2);
    for (const { id, into, from, reason } of journal) {
      expect(id).toMatch(/^merge_[0-9a-f]{16}$/);
      expect({ into, from, reason }).toEqual({ into: from.slice('user_id:'.length), from, reason: 'event' });
    }
  }
  // Those whose message has an id tell it.
  const messages = told.graphs.flatMap(({ journal }) => journal.map(({ messageId }) => messageId));
  expect(messages.some((id) => id === undefined)).toBe(true);
  expect(messages.filter((id) => id !== undefined).every((id) => /^\d+-\d+$/.test(id))).toBe(true);
  const closely = await live(1, true);
  expect(countsOf(closely.host.storages).joins).toBe(0);
  expect(closely.told).toEqual(told);
  for (const shards of [2, 5]) expect((await live(shards, false)).told).toEqual(told);
});

test('a replay joins what was joined, and a visit can be undone afterwards', async () => {
  for (const shards of [1, 3]) {
    const { host, told } = await live(shards, false);
    const again = await host.reopened();
    expect(await tell(again)).toEqual(told);
    for (const one of [host, again]) {
      const merge = told.graphs[3].journal.find(({ to }) => to === `anonymous_id:${visitor(3, 2)}`)!;
      const { isDone, profiles } = await one.engine.unmergeProfile({
        profile: { type: 'user_id', value: user(3) },
        merge: merge.id,
      });
      expect({ isDone, count: profiles.length }).toEqual({ isDone: true, count: 2 });
    }
    expect(await tell(again)).toEqual(await tell(host));
  }
});

test('records of before there were joins are read', async () => {
  const { host, told } = await live(1, true);
  for (const { record } of host.storages[0].log.read(0)) if (record[0] === RECORD_EVENTS) record[0] = 4;
  expect((await tell(await host.reopened())).graphs).toEqual(told.graphs);
});
