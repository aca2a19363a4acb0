/**
 * The people of a crash test and what they do: a seeded stream of items, the same whatever the server does. A person's items
 * always come from one sender, in order, and nobody shares an identifier, so the end state does not depend on timing.
 */
import type { Random } from '../process/seed.ts';

export interface Item {
  readonly type: string;
  readonly messageId: string;
  readonly timestamp: string;
  readonly [field: string]: unknown;
}

export interface Person {
  readonly userId: string;
  readonly anonymousId: string;
  /** The userId was sent at least once. */
  isKnown: boolean;
}

/** An item, and who it is about. */
export interface Deed {
  readonly person: Person;
  readonly item: Item;
}

const START_MS = Date.UTC(2026, 0, 1);
const EVENTS = ['Order Completed', 'Product Viewed', '注文 完了', 'App Opened'];
const CITIES = ['Berlin', 'Łódź', '東京', 'San José', ''];
/** People who are active at the same time. */
const ACTIVE_COUNT = 12;

export class Crowd {
  readonly people: Person[] = [];
  readonly #name: string;
  readonly #random: Random;
  readonly #isPlain: boolean;
  #itemCount = 0;

  /** `isPlain`: known people and events only, so that any item may be lost without a change of the others' meaning. */
  constructor(name: string, random: Random, isPlain = false) {
    this.#name = name;
    this.#random = random;
    this.#isPlain = isPlain;
  }

  next(): Deed {
    const random = this.#random;
    if (this.people.length === 0 || random.chance(12)) return this.#arrive();
    const recent = Math.min(this.people.length, ACTIVE_COUNT);
    const person = this.people[this.people.length - 1 - random.below(recent)];
    if (this.#isPlain) return this.#event(person, { userId: person.userId });
    if (!person.isKnown) {
      return random.chance(35) ? this.#identify(person) : this.#event(person, { anonymousId: person.anonymousId });
    }
    if (random.chance(25)) return this.#identify(person);
    const { userId, anonymousId } = person;
    return this.#event(person, random.chance(40) ? { userId, anonymousId } : { userId });
  }

  #arrive(): Deed {
    const index = this.people.length;
    const person = { userId: `${this.#name}/u:${index}`, anonymousId: `${this.#name}-a${index}`, isKnown: false };
    this.people.push(person);
    if (this.#isPlain) {
      person.isKnown = true;
      return this.#event(person, { userId: person.userId });
    }
    return this.#random.chance(50) ? this.#identify(person) : this.#event(person, { anonymousId: person.anonymousId });
  }

  #identify(person: Person): Deed {
    const random = this.#random;
    const { userId, anonymousId } = person;
    // A visitor becomes known only together with the id it visited under.
    const ids = person.isKnown && random.chance(50) ? { userId } : { userId, anonymousId };
    person.isKnown = true;
    const traits: Record<string, unknown> = {
      age: random.below(90),
      score: random.below(1000) / 8,
      address: { city: random.pick(CITIES), zip: String(random.below(99_999)) },
      tags: ['a', random.pick(CITIES), random.below(5)],
      isVip: random.chance(50),
      [`rare_${random.below(40)}`]: random.chance(50) ? 'x' : random.below(10),
    };
    if (random.chance(70)) traits['email'] = `${userId.replaceAll(/[/:]/g, '.')}@example.com`;
    if (random.chance(20)) traits['address'] = null;
    const context = random.chance(30) ? { externalIds: [{ id: `x-${userId}`, type: 'crm', collection: 'users' }] } : {};
    return this.#deed(person, { type: 'identify', ...ids, traits, context });
  }

  #event(person: Person, ids: Readonly<Record<string, string>>): Deed {
    const random = this.#random;
    const properties = {
      total: random.below(100_000) / 100,
      products: [{ sku: `s${random.below(50)}`, quantity: random.below(9) }],
      note: random.chance(30) ? null : random.pick(CITIES),
    };
    const context = random.chance(40) ? { page: { path: `/p/${random.below(20)}` }, locale: 'de-DE' } : {};
    const kind = random.below(10);
    if (kind === 0) return this.#deed(person, { type: 'page', ...ids, name: 'Home', properties, context });
    if (kind === 1) return this.#deed(person, { type: 'screen', ...ids, name: 'Cart', properties });
    if (kind === 2)
      return this.#deed(person, { type: 'group', ...ids, groupId: `g${random.below(5)}`, traits: { plan: 'b' } });
    return this.#deed(person, { type: 'track', ...ids, event: random.pick(EVENTS), properties, context });
  }

  #deed(person: Person, item: { readonly type: string; readonly [field: string]: unknown }): Deed {
    this.#itemCount += 1;
    const messageId = `${this.#name}-m${this.#itemCount}`;
    const timestamp = new Date(START_MS + this.#itemCount * 1_000).toISOString();
    return { person, item: { ...item, messageId, timestamp } };
  }
}
