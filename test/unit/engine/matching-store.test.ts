/** Suggestions apart from what finds them: order, pages, what is kept when there are too many; and the choice of traits. */
import { describe, expect, test } from 'vitest';
import { personalRank } from '../../../src/engine/matching/personal-trait.ts';
import {
  OPEN_COUNT_MAX,
  type SuggestionRecord,
  SuggestionStore,
  suggestionId,
} from '../../../src/engine/matching/suggestion-store.ts';
import type { Suggestion } from '../../../src/model/matching.ts';
import { user } from './matching-people.ts';

const AT = '2026-01-01T00:00:00.000Z';
const now = (): Promise<void> => Promise.resolve();

function pair(name: string, weight: number): Suggestion {
  const [a, b] = [user(`${name}-1`), user(`${name}-2`)];
  const base = {
    probability: 1 / (1 + 2 ** -weight),
    weight,
    priorWeight: -5,
    crowdWeight: 0,
    evidence: [],
    suggestedAt: AT,
  };
  return { id: suggestionId(a, b), state: 'open', a, b, ...base };
}

function memoryRecord(lines: unknown[] = []): SuggestionRecord & { lines: unknown[] } {
  const record = {
    lines,
    read: () => record.lines.map((line) => JSON.parse(JSON.stringify(line)) as unknown),
    append: (line: unknown) => void record.lines.push(line),
    rewrite: async (next: Iterable<unknown>, pause: () => Promise<void>) => {
      const draft = [...next];
      await pause();
      record.lines = draft;
    },
  };
  return record;
}

describe('the store', () => {
  test('is the same after a restart, decisions and all', async () => {
    const record = memoryRecord();
    const store = new SuggestionStore(record);
    const pairs = [pair('low', 3.000_000_000_1), pair('high', 12.5), pair('mid', -0.25), pair('tied', 12.5)];
    expect(await store.replaceOpen(pairs, now)).toBe(4);
    store.decide(pairs[0].id, 'rejected', AT);
    store.decide(pairs[3].id, 'accepted', AT);
    const again = new SuggestionStore(record);
    for (const state of ['open', 'accepted', 'rejected'] as const) {
      expect(again.page(state, 10)).toEqual(store.page(state, 10));
    }
    expect(again.page('open', 10).suggestions.map(({ a }) => a.value)).toEqual(['high-1', 'mid-1']);
    expect(again.rejectedWith(user('low-2'))).toEqual([user('low-1')]);
    expect(again.rejectedWith(user('tied-2'))).toEqual([]);
    // A run brings decided pairs again.
    expect(await again.replaceOpen([...pairs.slice(2), pair('new', 1)], now)).toBe(2);
    expect(again.page('open', 10).suggestions.map(({ a }) => a.value)).toEqual(['new-1', 'mid-1']);
    expect(new SuggestionStore(record).page('rejected', 10).suggestions).toHaveLength(1);
  });

  test('pages of any size put together are the whole', async () => {
    const store = new SuggestionStore(undefined);
    const pairs = Array.from({ length: 23 }, (_, i) => pair(`p${i}`, [1 / 3, 1e-7, 40, -2.5][i % 4]));
    await store.replaceOpen(pairs, now);
    const whole = store.page('open', 100).suggestions;
    expect(whole.map(({ weight }) => weight)).toEqual(pairs.map(({ weight }) => weight).sort((a, b) => b - a));
    for (const limit of [1, 2, 5, 22, 23, 24]) {
      const found: Suggestion[] = [];
      let cursor: string | undefined;
      do {
        const page = store.page('open', limit, cursor);
        expect(page.suggestions.length).toBeGreaterThan(0);
        found.push(...page.suggestions);
        cursor = page.cursor;
      } while (cursor !== undefined);
      expect(found).toEqual(whole);
    }
    const odd = store.page('open', 100, undefined, ({ a }) => /[13579]-1$/.test(a.value)).suggestions;
    expect(odd).toHaveLength(11);
  });

  test('keeps the likeliest of too many', async () => {
    const record = memoryRecord();
    const store = new SuggestionStore(record);
    const pairs = Array.from({ length: OPEN_COUNT_MAX + 5 }, (_, i) => pair(`p${i}`, i / 1_000));
    expect(await store.replaceOpen(pairs, now)).toBe(OPEN_COUNT_MAX);
    expect(record.lines).toHaveLength(OPEN_COUNT_MAX + 1);
    expect(store.get(pairs[4].id)).toBeUndefined();
    expect(store.get(pairs[5].id)).toEqual(pairs[5]);
  });

  test('a write that fails changes nothing', async () => {
    const record = memoryRecord();
    const store = new SuggestionStore(record);
    const [one, other] = [pair('one', 1), pair('other', 2)];
    await store.replaceOpen([one], now);
    const full = (): never => {
      throw new Error('the disk is full');
    };
    record.append = full;
    record.rewrite = async () => full();
    expect(() => store.decide(one.id, 'rejected', AT)).toThrow('full');
    await expect(store.replaceOpen([other], now)).rejects.toThrow('full');
    expect(store.page('open', 5).suggestions).toEqual([one]);
    expect(store.rejectedWith(one.a)).toEqual([]);
  });

  test('a pair has one id, whichever comes first', () => {
    expect(suggestionId(user('a'), user('b'))).toBe(suggestionId(user('b'), user('a')));
    expect(suggestionId(user('a'), user('b'))).not.toBe(suggestionId(user('a'), { type: 'email', value: 'b' }));
  });
});

describe('traits that look like personal data', () => {
  test.each([
    'firstName',
    'last_name',
    'email',
    'dateOfBirth',
    'address.street',
    'homePhone',
    'Post-Code',
    'zip',
    'SSN',
  ])('%s does', (name) => expect(personalRank(name.split('.'))).toBeDefined());
  test.each([
    'plan',
    'campaign_name',
    'fileName',
    'capacity',
    'velocity',
    'last_login_country',
    'first_seen',
    'order.total',
    'statement',
    'email_verified',
  ])('%s does not', (name) => expect(personalRank(name.split('.'))).toBeUndefined());
  test('the birthday goes before the country', () => {
    expect(personalRank(['birthday'])!).toBeLessThan(personalRank(['country'])!);
  });
});
