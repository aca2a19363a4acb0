import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completionPlace } from '../../../src/query/parser/completion-place.ts';
import { openForm, type TestEngine } from '../../helpers/test-engine.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await openForm({ data: ':memory:', shards: 2, workers: 1 });
  await engine.ingest([
    ...Array.from({ length: 20 }, (_, i) => ({
      type: 'identify',
      userId: `u${i}`,
      traits: {
        country: i % 4 === 0 ? 'FR' : 'DE',
        plan: 'pro "max"',
        'odd name': 1,
        age: i % 3,
        isStaff: true,
        email: `p${i}@example.com`,
        address: { city: 'Ulm' },
      },
    })),
    ...Array.from({ length: 6 }, (_, i) => ({
      type: 'track',
      userId: `u${i}`,
      event: i < 4 ? 'Order Completed' : 'Order Refunded',
      properties: { total: i, products: [{ sku: `S${i}` }] },
    })),
    { type: 'page', userId: 'u1', properties: { path: '/' } },
  ]);
  await engine.saveSegment('newsletter', { where: 'everyone' });
  await engine.saveSegment('2nd', { where: 'everyone' });
});
afterAll(() => engine.close());

/** `|` is the cursor. What is inserted, in order. */
async function inserts(marked: string, limit = 100): Promise<string[]> {
  const position = marked.indexOf('|');
  const { completions } = await engine.complete({ text: marked.replace('|', ''), position, limit });
  return completions.map(({ insert }) => insert);
}

/** The text after the first completion was taken. */
async function taken(marked: string): Promise<string> {
  const position = marked.indexOf('|');
  const text = marked.replace('|', '');
  const { start, end, completions } = await engine.complete({ text, position });
  return text.slice(0, start) + completions[0].insert + text.slice(end);
}

describe('completion', () => {
  it('begins with traits and the words that begin a condition', async () => {
    const all = await inserts('|');
    expect(all).toEqual(
      expect.arrayContaining([
        'country',
        '`odd name`',
        'address.city',
        'last_seen',
        'did',
        'did not',
        'sum of',
        'in segment',
      ]),
    );
    expect(all.indexOf('country')).toBeLessThan(all.indexOf('did'));
    expect(await inserts('cou|')).toEqual(['country', 'count distinct of']);
    expect(await inserts('not (cit|')).toEqual(['address.city']);
  });

  it('knows events after did, over, then and without', async () => {
    for (const before of [
      'did ',
      'did not ',
      'sum of total over ',
      'did "Page Viewed" then ',
      'did "A" then "B" without ',
    ]) {
      expect(await inserts(`${before}|`)).toEqual(
        expect.arrayContaining(['"Order Completed"', '"Order Refunded"', '"Page Viewed"']),
      );
    }
    expect(await inserts('did "Ord|')).toEqual(['"Order Completed"', '"Order Refunded"']);
    expect(await inserts('did "oc|')).toEqual(['"Order Completed"']);
    expect(await taken('did "Ref|" and age > 5')).toBe('did "Order Refunded" and age > 5');
    const { completions } = await engine.complete({ text: 'did ' });
    expect(completions[0]).toEqual({ insert: '"Order Completed"', label: 'Order Completed', kind: 'event', count: 4 });
  });

  it('knows the properties of that event', async () => {
    const properties = await inserts('did "Order Completed" where |');
    expect(properties).toEqual(expect.arrayContaining(['total', 'products', 'products.sku']));
    expect(properties).not.toContain('path');
    expect(await inserts('did "Page Viewed" where (path = "/" and |')).toEqual(['path']);
    expect(await inserts('did "Order Completed" where products.|')).toEqual(['products.sku']);
    expect(await inserts('sum of |')).toEqual(expect.arrayContaining(['total', 'path']));
  });

  it('says how many have a trait or a property', async () => {
    const counted = async (text: string): Promise<unknown> => {
      const { completions } = await engine.complete({ text });
      return completions.slice(0, 2).map(({ label, count, isEstimate }) => [label, count, isEstimate]);
    };
    expect(await counted('cou')).toEqual([
      ['country', 20, undefined],
      ['count distinct of', undefined, undefined],
    ]);
    expect(await counted('did "Order Completed" where tot')).toEqual([['total', 4, undefined]]);
    expect(await counted('did "Order Completed" where products.')).toEqual([['products.sku', 4, true]]);
    expect(await counted('last_s')).toEqual([['last_seen', undefined, undefined]]);
  });

  it('knows values with how often they are met', async () => {
    const { completions } = await engine.complete({ text: 'country = ' });
    expect(completions.slice(0, 2)).toEqual([
      { insert: '"DE"', label: 'DE', kind: 'value', count: 15 },
      { insert: '"FR"', label: 'FR', kind: 'value', count: 5 },
    ]);
    expect(await inserts('country = "d|')).toEqual(['"DE"']);
    expect(await inserts('country in ("DE", |')).toEqual(['"DE"', '"FR"']);
    expect(await taken('plan = |')).toBe('plan = "pro \\"max\\""');
    expect(await inserts('isStaff = |')).toEqual(['true', 'trait', 'property']);
    expect((await inserts('age = |')).slice(0, 3).sort()).toEqual(['0', '1', '2']);
    expect(await inserts('email = "p1@|')).toEqual(['"p1@example.com"']);
    expect((await inserts('did "Order Completed" where products.sku = "|')).sort()).toEqual([
      '"S0"',
      '"S1"',
      '"S2"',
      '"S3"',
    ]);
    await engine.ingest([
      { type: 'identify', userId: 'u0', traits: { tags: ['new', 'vip', 'vip'] } },
      { type: 'identify', userId: 'u1', traits: { tags: ['vip'] } },
    ]);
    expect((await engine.complete({ text: 'tags contains ', limit: 2 })).completions).toEqual([
      { insert: '"vip"', label: 'vip', kind: 'value', count: 2 },
      { insert: '"new"', label: 'new', kind: 'value', count: 1 },
    ]);
    expect((await inserts('country = trait |')).slice(0, 3)).toContain('country');
  });

  it('knows operators, what may follow, durations and segments', async () => {
    expect(await inserts('country |')).toEqual(
      expect.arrayContaining(['=', '!=', '>=', 'in (', 'not exists', 'starts with', 'within last']),
    );
    expect(await inserts('country = "DE" |')).toEqual(['and', 'or']);
    expect(await inserts('(country = "DE" |')).toEqual(expect.arrayContaining(['and', 'or', ')']));
    expect(await inserts('did "Order Completed" |')).toEqual(
      expect.arrayContaining(['where', 'at least', 'in last', 'then', 'and']),
    );
    expect(await inserts('did "Order Completed" in l|')).toEqual(['last']);
    expect(await inserts('did "Order Completed" in last 3|')).toEqual(['30d']);
    expect(await inserts('in segment |')).toEqual(['"2nd"', 'newsletter']);
    expect(await inserts('in segment "n|')).toEqual(['"newsletter"']);
  });

  it('replaces the word around the cursor, and says nothing where the text before is wrong', async () => {
    expect(await taken('co|untry = "DE"')).toBe('country = "DE"');
    expect(await taken('`odd|')).toBe('`odd name`');
    expect(await inserts('country country |')).toEqual([]);
    expect(await inserts('did ??? |')).toEqual([]);
  });

  it('offers only what the grammar takes, wherever the cursor stands', async () => {
    const texts = [
      'country = "DE" and (age between 1 and 2 or not plan does not exist) or isStaff = true',
      'did "Order Completed" where (total >= 2 and products.sku = "S1") at least 3 times in last 30d',
      'did "Page Viewed" first then "Order Completed" where total > trait age within 15m without "Order Refunded" in last 9d',
      'sum of total over "Order Completed" in calendar month -1 in "Europe/Berlin" >= 2 and in segment newsletter',
      'did not "Order Completed" between 90d and 30d ago and `odd name` within last 7d',
      'random "exp" from 0 to 0.1 or country in ("DE", "FR") or no one',
    ];
    const wrong = new Set<string>();
    for (const text of texts) {
      for (let position = 0; position <= text.length; position++) {
        const head = text.slice(0, position);
        const { start, end, completions } = await engine.complete({ text: head, limit: 200 });
        expect(start <= position && end >= position).toBe(true);
        for (const { insert } of completions) {
          const whole = `${head.slice(0, start)}${insert} `;
          // Still right up to its end: more may follow.
          if (completionPlace(whole, whole.length) === undefined) wrong.add(whole);
        }
      }
    }
    expect([...wrong]).toEqual([]);
  });

  it('refuses what is no place', async () => {
    await expect(engine.complete({ text: 'a', position: 2 })).rejects.toMatchObject({ code: 'query_invalid' });
    await expect(engine.complete({ text: 'a', limit: 0 })).rejects.toMatchObject({ code: 'query_invalid' });
  });
});
