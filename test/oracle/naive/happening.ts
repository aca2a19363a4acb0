/**
 * What an item does to people, by name: for tests that want to know that their worlds have it all, and for nothing else. Told
 * before it is done.
 */
import type { Brought } from './identifier-reader.ts';
import { type IdentityGraph, itemsOf, type Person, wasMerged } from './identity-graph.ts';
import type { ReadItem } from './item.ts';

/** Each of them is to occur in a run of many worlds. */
export const HAPPENINGS = [
  'an item of nobody',
  'a duplicate',
  'a duplicate after a merge',
  'a blocked identifier beside another',
  'a visitor becomes a customer',
  'a visitor who is known logs in as a user who is known',
  'two visitors become one',
  'three become one',
  'an e-mail in another spelling brings people together',
  'a device brings people together',
  'a phone brings people together',
  'a shared device stays with its first user',
  'a shared e-mail stays with its first user',
  'a window lets in what the limit alone would not',
  'an alias makes one of two users',
  'an alias of a visitor',
  'an alias within one person',
  'a weak identifier of somebody else',
  'a call that comes late',
  'a call that comes late after a merge',
  'people of equal size become one',
] as const;
export type Happening = (typeof HAPPENINGS)[number];

export interface Circumstance {
  readonly item: ReadItem;
  readonly primary: Brought;
  /** Companions that are linked, and all that came. */
  readonly kept: readonly Brought[];
  readonly companions: readonly Brought[];
  readonly canMerge: (type: string) => boolean;
  readonly graph: IdentityGraph;
}

export function happeningsOf(circumstance: Circumstance): readonly Happening[] {
  const { item, primary, kept, companions, canMerge, graph } = circumstance;
  const own = graph.find(primary);
  const person = own === undefined ? [] : graph.personOf(own);
  const known = kept.flatMap((each) => {
    const node = graph.find(each);
    return node === undefined ? [] : [{ ...each, person: graph.personOf(node) }];
  });
  const others = known.filter((each) => !each.person.includes(person[0]));
  const persons = new Set(
    [...(own === undefined ? [] : [person]), ...others.map((each) => each.person)].map(([first]) => first),
  );
  const dropped = companions.filter((each) => !kept.includes(each));
  const isMerge = persons.size > 1;
  const joinsBy = (types: RegExp): boolean => isMerge && others.some(({ type }) => types.test(type));
  const hasUser = (one: Person): boolean => one.some(({ identifier }) => identifier.type === 'user_id');
  const lost = (type: RegExp): boolean =>
    dropped.some((each) => type.test(each.type) && graph.find(each) !== undefined);
  const isWeakElsewhere = dropped.some((each) => !canMerge(each.type));
  const findings: readonly (readonly [Happening, boolean])[] = [
    ['a blocked identifier beside another', item.brought.hasBlocked],
    [
      'a visitor becomes a customer',
      primary.isUser && own === undefined && others.some((each) => !hasUser(each.person)),
    ],
    [
      'a visitor who is known logs in as a user who is known',
      primary.isUser && own !== undefined && !item.isAlias && others.some((each) => each.type === 'anonymous_id'),
    ],
    ['two visitors become one', isMerge && !hasUser(person) && others.every((each) => !hasUser(each.person))],
    ['three become one', persons.size > 2],
    [
      'an e-mail in another spelling brings people together',
      isMerge && others.some((each) => each.type === 'email' && each.isRespelt),
    ],
    ['a device brings people together', joinsBy(/^(ios|android)\./)],
    ['a phone brings people together', joinsBy(/^phone$/)],
    ['a shared device stays with its first user', lost(/^(anonymous_id|ios\..*|android\..*)$/)],
    ['a shared e-mail stays with its first user', lost(/^email$/)],
    ['an alias makes one of two users', item.isAlias && hasUser(person) && others.some((each) => hasUser(each.person))],
    ['an alias of a visitor', item.isAlias && others.some((each) => !hasUser(each.person))],
    ['an alias within one person', item.isAlias && others.length === 0 && known.length > 0],
    ['a weak identifier of somebody else', isWeakElsewhere],
    ['a call that comes late', isLate(item, person)],
    ['a call that comes late after a merge', isLate(item, person) && wasMerged(person)],
    [
      'people of equal size become one',
      isMerge && others.some((each) => own !== undefined && itemsOf(each.person).length === itemsOf(person).length),
    ],
  ];
  return findings.flatMap(([name, isSo]) => (isSo ? [name] : []));
}

function isLate({ traits, timeMs }: ReadItem, person: Person): boolean {
  return traits !== undefined && itemsOf(person).some((each) => each.traits !== undefined && each.timeMs > timeMs);
}
