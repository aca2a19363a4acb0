/** Judges a server against what the senders know: acknowledged = present exactly once, sent = at most once, else absent. */
import type { Profile } from '../../src/engine/open.ts';
import type { KithProcess } from '../process/kith-process.ts';
import type { Item, Person } from './person.ts';
import type { Sender } from './sender.ts';

const IDS_PER_REQUEST = 500;

interface Expectation {
  readonly person: Person;
  /** messageId → whether it was acknowledged. Of sent items that are events. */
  readonly events: Map<string, boolean>;
  /** Identifiers that acknowledged items brought. */
  readonly identifiers: Map<string, { readonly type: string; readonly value: string }>;
}

/** Gives the message ids of all events that were found. */
export async function judge(kith: KithProcess, senders: readonly Sender[]): Promise<ReadonlySet<string>> {
  const expectations = senders.flatMap(expectationsOf);
  const found = new Set<string>();
  for (let start = 0; start < expectations.length; start += IDS_PER_REQUEST / 2) {
    const some = expectations.slice(start, start + IDS_PER_REQUEST / 2);
    const profiles = await lookUp(
      kith,
      some.flatMap(({ person }) => [
        { type: 'user_id', value: person.userId },
        { type: 'anonymous_id', value: person.anonymousId },
      ]),
    );
    some.forEach((expectation, index) => {
      judgePerson(expectation, profiles[index * 2], profiles[index * 2 + 1], found);
    });
    await judgeIdentifiers(kith, some, profiles);
  }
  return found;
}

function expectationsOf(sender: Sender): Expectation[] {
  const byPerson = new Map<Person, Expectation>();
  for (const { deeds, isSent, isAcked } of sender.batches) {
    if (!isSent) continue;
    for (const { person, item } of deeds) {
      let expectation = byPerson.get(person);
      if (expectation === undefined) {
        expectation = { person, events: new Map(), identifiers: new Map() };
        byPerson.set(person, expectation);
      }
      if (item.type !== 'identify') expectation.events.set(item.messageId, isAcked);
      if (isAcked)
        for (const identifier of identifiersOf(item))
          expectation.identifiers.set(JSON.stringify(identifier), identifier);
    }
  }
  return [...byPerson.values()];
}

function identifiersOf(item: Item): { type: string; value: string }[] {
  const list: { type: string; value: string }[] = [];
  const add = (type: string, value: unknown): void => {
    if (typeof value === 'string') list.push({ type, value });
  };
  add('user_id', item['userId']);
  add('anonymous_id', item['anonymousId']);
  if (item.type !== 'identify') return list;
  add('email', (item['traits'] as { email?: string }).email);
  for (const { id, type } of (item['context'] as { externalIds?: { id: string; type: string }[] }).externalIds ?? []) {
    add(type, id);
  }
  return list;
}

async function lookUp(kith: KithProcess, ids: readonly object[]): Promise<(Profile | null)[]> {
  const answer = await kith.post('/v1/profiles/get', { ids, events: 10_000 });
  if (answer.status !== 200) throw new Error(`the lookup was answered ${answer.status} ${answer.text}`);
  return answer.json.profiles as (Profile | null)[];
}

function judgePerson(
  expectation: Expectation,
  known: Profile | null,
  visitor: Profile | null,
  found: Set<string>,
): void {
  const { person, events } = expectation;
  const fail = (what: string): never => {
    const seen = { known: briefOf(known), visitor: briefOf(visitor) };
    throw new Error(`${person.userId}: ${what}; ${JSON.stringify(seen)}`);
  };
  if (known !== null && visitor !== null && known.id !== visitor.id) fail('two profiles for one person');
  const profile = known ?? visitor;
  const here = new Set<string>();
  for (const { messageId } of profile?.events ?? []) {
    if (here.has(messageId)) fail(`${messageId} is there twice`);
    if (!events.has(messageId)) fail(`${messageId} was never sent for this person`);
    here.add(messageId);
    found.add(messageId);
  }
  for (const [messageId, isAcked] of events) {
    if (isAcked && !here.has(messageId)) fail(`${messageId} was acknowledged and is lost`);
  }
  const counted = Object.values(profile?.counts ?? {}).reduce((sum, count) => sum + count, 0);
  if (counted !== here.size) fail(`counts say ${counted} events, there are ${here.size}`);
}

function briefOf(profile: Profile | null): unknown {
  return profile === null ? null : { id: profile.id, identifiers: profile.identifiers, counts: profile.counts };
}

/** Every identifier that an acknowledged item brought leads to the person's profile. */
async function judgeIdentifiers(
  kith: KithProcess,
  expectations: readonly Expectation[],
  profiles: readonly (Profile | null)[],
): Promise<void> {
  const asked = expectations.flatMap(({ person, identifiers }, index) =>
    [...identifiers.values()].map((identifier) => ({
      person,
      identifier,
      id: (profiles[index * 2] ?? profiles[index * 2 + 1])?.id,
    })),
  );
  for (let start = 0; start < asked.length; start += IDS_PER_REQUEST) {
    const some = asked.slice(start, start + IDS_PER_REQUEST);
    const answer = await kith.post('/v1/profiles/get', {
      ids: some.map(({ identifier }) => identifier),
      fields: ['id'],
    });
    some.forEach(({ person, identifier, id }, index) => {
      const profile = answer.json.profiles[index] as Profile | null;
      if (profile === null || profile.id !== id) {
        throw new Error(
          `${person.userId}: ${JSON.stringify(identifier)} was acknowledged and leads to ${profile?.id}, not to ${id}`,
        );
      }
    });
  }
}
