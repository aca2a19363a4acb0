/**
 * What clients send, from a seed. _Confluent_ traffic has one outcome whatever the order it comes in: every timestamp is another, nobody's limits are broken, every person
 * has one user id that all of theirs hangs on. _Contested_ traffic fights over identifiers: shared devices, shared mailboxes, aliases of users, so that
 * order decides and only what holds of any order can be asked.
 */
import type { SeededWorld } from '../../unit/link/seeded-world.ts';
import { START_MS } from '../core.ts';

export interface SimItem {
  readonly type: 'track' | 'identify' | 'alias';
  readonly messageId: string;
  readonly timestamp: string;
  readonly userId?: string;
  readonly anonymousId?: string;
  readonly previousId?: string;
  readonly event?: string;
  readonly traits?: Readonly<Record<string, unknown>>;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly context?: Readonly<Record<string, unknown>>;
}

export type TrafficKind = 'confluent' | 'contested';

export function itemsOf(world: SeededWorld, kind: TrafficKind, people: number, count: number): SimItem[] {
  const items: SimItem[] = [];
  for (let n = 0; n < count; n++) {
    const head = { messageId: `m${n}`, timestamp: new Date(START_MS - 86_400_000 + n * 1_000).toISOString() };
    items.push(kind === 'confluent' ? confluent(world, head, people, n) : contested(world, head, people, n));
  }
  if (kind === 'confluent') items.push(...bonds(people, count));
  return shuffled(world, items);
}

type Head = Pick<SimItem, 'messageId' | 'timestamp'>;

const VISITORS = 3;

function confluent(world: SeededWorld, head: Head, people: number, n: number): SimItem {
  const person = world.below(people);
  const userId = `u${person}`;
  const anonymousId = `a${person}-${world.below(VISITORS)}`;
  const email = `p${person}@x.org`;
  switch (world.below(8)) {
    case 0:
    case 1:
      return { ...head, type: 'track', anonymousId, event: `Seen ${n % 3}`, properties: { n } };
    case 2:
    case 3:
      return { ...head, type: 'track', userId, event: `Bought ${n % 3}`, properties: { n } };
    case 4:
      return { ...head, type: 'identify', userId, anonymousId, traits: { last: n } };
    case 5:
      return { ...head, type: 'identify', userId, traits: { email, plan: n % 4 } };
    case 6:
      return { ...head, type: 'identify', anonymousId, traits: { email, [`t${n % 3}`]: n } };
    default:
      return { ...head, type: 'track', userId, anonymousId, event: 'Both', properties: { n } };
  }
}

/** In the end everybody is known by their user id. */
function bonds(people: number, count: number): SimItem[] {
  const items: SimItem[] = [];
  for (let person = 0; person < people; person++) {
    for (let visitor = 0; visitor < VISITORS; visitor++) {
      const n = count + items.length;
      const head = { messageId: `m${n}`, timestamp: new Date(START_MS - 86_400_000 + n * 1_000).toISOString() };
      const userId = `u${person}`;
      const visitorId = `a${person}-${visitor}`;
      items.push(
        visitor === 0
          ? { ...head, type: 'alias', userId, previousId: visitorId }
          : { ...head, type: 'identify', userId, anonymousId: visitorId, traits: { email: `p${person}@x.org` } },
      );
    }
  }
  return items;
}

function contested(world: SeededWorld, head: Head, people: number, n: number): SimItem {
  const userId = `u${world.below(people)}`;
  const anonymousId = `a${world.below(people * 2)}`;
  const email = `p${world.below(people)}@x.org`;
  const context =
    world.below(5) === 0 ? { context: { externalIds: [{ type: 'crm_id', id: `c${world.below(people)}` }] } } : {};
  switch (world.below(10)) {
    case 0:
    case 1:
      return { ...head, ...context, type: 'track', anonymousId, event: `Seen ${n % 3}`, properties: { n } };
    case 2:
    case 3:
      return { ...head, ...context, type: 'track', userId, event: `Bought ${n % 3}`, properties: { n } };
    case 4:
      return { ...head, ...context, type: 'identify', userId, anonymousId, traits: { last: n } };
    case 5:
      return { ...head, type: 'identify', userId, traits: { email } };
    case 6:
      return { ...head, type: 'identify', anonymousId, traits: { email, plan: n % 3 } };
    case 7:
      return {
        ...head,
        type: 'alias',
        userId,
        previousId: world.below(4) === 0 ? `u${world.below(people)}` : anonymousId,
      };
    default:
      return { ...head, ...context, type: 'track', userId, anonymousId, event: 'Both', properties: { n } };
  }
}

export function shuffled<T>(world: SeededWorld, given: readonly T[]): T[] {
  const all = [...given];
  for (let i = all.length - 1; i > 0; i--) {
    const j = world.below(i + 1);
    [all[i], all[j]] = [all[j], all[i]];
  }
  return all;
}
