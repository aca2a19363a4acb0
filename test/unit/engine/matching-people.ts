/** Made-up people, some of them there twice under another user id and with slips, and which of them are one. */

import { people } from '../../../bench/linkage/people.ts';
import type { PersonField } from '../../../bench/linkage/person-field.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import type { Suggestion, SuggestionState } from '../../../src/model/matching.ts';
import type { Identifier } from '../../../src/model/profile.ts';

const FIELDS: readonly PersonField[] = ['given_name', 'surname', 'address_1', 'suburb', 'postcode', 'date_of_birth'];

export interface Crowd {
  readonly items: readonly Readonly<Record<string, unknown>>[];
  /** By user id. */
  readonly person: ReadonlyMap<string, number>;
}

export function crowd(seed: number, recordCount = 400): Crowd {
  const items: Record<string, unknown>[] = [];
  const person = new Map<string, number>();
  const options = { duplicatedShare: 0.25, copiesMax: 1, mistakesMax: 3, householdShare: 0.05 };
  for (const record of people({ ...options, seed, recordCount })) {
    const userId = `u${items.length}`;
    const traits: Record<string, unknown> = { plan: 'free' };
    for (const field of FIELDS) if (record.values[field] !== '') traits[field] = record.values[field];
    items.push({ type: 'identify', userId, messageId: `m-${userId}`, traits, timestamp: '2025-06-01T00:00:00Z' });
    person.set(userId, record.person);
  }
  return { items, person };
}

export function isTrue({ person }: Crowd, { a, b }: Suggestion): boolean {
  return person.get(a.value) === person.get(b.value);
}

/** Pairs of records that are one person. */
export function truePairCount({ person }: Crowd): number {
  const counts = new Map<number, number>();
  for (const one of person.values()) counts.set(one, (counts.get(one) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum + (count * (count - 1)) / 2, 0);
}

export function user(value: string): Identifier {
  return { type: 'user_id', value };
}

/** All of them, by pages. */
export function suggestionsOf(engine: Engine, state: SuggestionState = 'open', limit = 7): Suggestion[] {
  const found: Suggestion[] = [];
  let cursor: string | undefined;
  do {
    const page = engine.matching.suggestions(state, limit, cursor);
    found.push(...page.suggestions);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}
