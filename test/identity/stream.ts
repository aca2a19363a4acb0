/**
 * Streams that collide: few people, many identifiers that they fight over, aliases, late and repeated items. An item is made of small numbers, so that
 * a failing stream shrinks to a few short ones. Every item has a message id and a time of its own.
 */
import fc from 'fast-check';
import type { Item } from './naive-world.ts';

export interface ItemSeed {
  readonly kind: 'identify' | 'track' | 'alias';
  /** Which person's identifiers; undefined = does not bring one. */
  readonly user: number | undefined;
  readonly visitor: number | undefined;
  readonly email: number | undefined;
  readonly external: number | undefined;
  readonly trait: number;
  readonly value: number;
  /** Days before the others. */
  readonly late: number;
}

export interface StreamOptions {
  readonly people: number;
  /** Weak evidence goes to whom it was told of first, so the order matters where there is any. */
  readonly hasWeak: boolean;
}

const TIMES_FROM_MS = Date.UTC(2025, 10, 1);
const EXTERNAL_TYPES = ['crm_id', 'loyalty', 'fingerprint'];
const SOURCES = ['shop', 'crm', 'app', undefined];

export function itemSeed({ people, hasWeak }: StreamOptions): fc.Arbitrary<ItemSeed> {
  const person = fc.option(fc.nat(people - 1), { nil: undefined });
  return fc.record({
    kind: fc.constantFrom('identify', 'track', 'track', 'alias'),
    user: person,
    visitor: person,
    email: fc.option(fc.nat(people - 1), { nil: undefined, freq: 2 }),
    external: fc.option(fc.nat(people * (hasWeak ? 3 : 2) - 1), { nil: undefined, freq: 1 }),
    trait: fc.nat(6),
    value: fc.nat(11),
    late: fc.constantFrom(0, 0, 0, 1, 20),
  });
}

/** `index` makes the item's message id and time its own. */
export function itemOf(seed: ItemSeed, index: number): Item {
  const common = {
    messageId: index % 7 === 3 ? `m${index}` : `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`,
    timestamp: new Date(TIMES_FROM_MS + index * 61_001 - seed.late * 86_400_000).toISOString(),
  };
  const external =
    seed.external === undefined
      ? []
      : [
          {
            type: EXTERNAL_TYPES[seed.external % 3 === 2 ? 2 : seed.external % 2],
            id: `x${Math.floor(seed.external / 3)}`,
          },
        ];
  const source = SOURCES[seed.value % SOURCES.length];
  const context = {
    ...(source === undefined ? {} : { source }),
    ...(external.length > 0 ? { externalIds: external } : {}),
  };
  if (seed.kind === 'alias') {
    const previous = seed.visitor ?? seed.email ?? 0;
    const isUser = seed.value % 2 === 0;
    return { ...common, type: 'alias', userId: `u${seed.user ?? 1}`, previousId: `${isUser ? 'u' : 'a'}${previous}` };
  }
  const who = {
    ...(seed.user === undefined && seed.visitor !== undefined ? {} : { userId: userOf(seed.user ?? 0, seed.value) }),
    ...(seed.visitor === undefined ? {} : { anonymousId: `a${seed.visitor}` }),
  };
  if (seed.kind === 'identify') {
    const email = seed.email === undefined ? {} : { email: emailOf(seed.email, seed.value) };
    return { ...common, ...who, context, type: 'identify', traits: { ...email, ...traitsOf(seed) } };
  }
  return { ...common, ...who, context, type: 'track', event: `Event ${seed.trait % 3}`, properties: { n: seed.value } };
}

/** Now and then a user that is nobody. */
function userOf(person: number, value: number): string {
  return value === 11 ? 'undefined' : `u${person}`;
}

/** Now and then the same address in another spelling, or one that identifies nobody. */
function emailOf(person: number, value: number): string {
  if (value === 10) return 'not an address';
  return value === 9 ? ` E${person}@X.org` : `e${person}@x.org`;
}

function traitsOf({ trait, value }: ItemSeed): Record<string, unknown> {
  switch (trait) {
    case 0:
      return { plan: ['basic', 'pro', 'team', null][value % 4] };
    case 1:
      return { score: value % 5 === 4 ? null : value - 3 };
    case 2:
      return { tags: [['a'], ['b', 'a'], 'c', ['c', 1]][value % 4], plan: 'pro' };
    case 3:
      return { address: { city: `C${value % 3}`, zip: value % 4 === 0 ? null : value } };
    case 4:
      if (value % 4 === 1) return { address: value === 1 ? null : `Street ${value}`, score: value };
      return { address: { zip: value }, score: value };
    case 5:
      return { score: `much ${value % 2}`, vip: value % 2 === 0 };
    default:
      return {};
  }
}
