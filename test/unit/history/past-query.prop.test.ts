/**
 * Questions about traits at a past moment. The truth: the same question, as of that moment, to an engine that was never sent what came later. The
 * moments that profiles were first and last seen, which the calls that join identifiers would spoil there, are reckoned by hand.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Expression, Operator } from '../../../src/model/expression.ts';
import { ExpressionBinder } from '../../../src/query/binder/bind-expression.ts';
import { namedTraits, pastChoiceOf } from '../../../src/query/binder/named-traits.ts';
import { RowSelector } from '../../../src/query/binder/row-selector.ts';
import { compileRowTest } from '../../../src/query/evaluation/row-test.ts';
import { ShardQuery } from '../../../src/query/execution/shard-query.ts';
import { PastStore } from '../../../src/query/index/past-store.ts';
import type { Core } from '../../sim/core.ts';
import { live, type Person, type Story, story, timeOf } from './person.ts';

const RUNS = 60;
const TRAITS = ['a', 'a.x', 'a.x.y', 'b', 'b.y', 'colour', 'ruled', 'nobody'];
const trait = fc.constantFrom(...TRAITS);
const literal = fc.constantFrom<string | number | boolean>('red', 'green', 7, 7.5, 0, true, '2025-12-01', 'e');
const operand = fc.oneof(
  { weight: 4, arbitrary: literal },
  { weight: 1, arbitrary: trait.map((name) => ({ trait: name })) },
);
const leaf: fc.Arbitrary<Expression> = fc.oneof(
  fc.record({ trait, op: fc.constantFrom<Operator[]>('exists', 'not_exists') }),
  fc.record({ trait, op: fc.constantFrom<Operator[]>('eq', 'neq'), value: operand }),
  fc.record({ trait, op: fc.constantFrom<Operator[]>('gt', 'lte'), value: fc.constantFrom(0, 5, 7) }),
  fc.record({
    trait,
    op: fc.constantFrom<Operator[]>('contains', 'not_contains', 'starts_with'),
    value: fc.constantFrom('r', 'ee'),
  }),
  fc.record({ trait, op: fc.constant<Operator>('in'), value: fc.constant(['red', 7, '']) }),
  fc.record({
    event: fc.constant('Seen'),
    where: fc.tuple(
      fc.record({
        property: fc.constant('n'),
        op: fc.constantFrom<Operator[]>('gt', 'lte', 'neq'),
        value: trait.map((name) => ({ trait: name })),
      }),
    ),
  }),
  fc.constant<Expression>({ event: 'Seen', count: { op: 'gte', value: 2 } }),
);
const { condition } = fc.letrec<{ condition: Expression }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3 },
    { weight: 4, arbitrary: leaf },
    { weight: 1, arbitrary: fc.record({ not: tie('condition') }) },
    { weight: 1, arbitrary: fc.record({ and: fc.array(tie('condition'), { minLength: 2, maxLength: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ or: fc.array(tie('condition'), { minLength: 2, maxLength: 3 }) }) },
  ),
}));

const MOMENTS = [-1, 0, 3, 6.5, 9, 1_000_000].map(timeOf);

test('an answer at a moment is what an engine says that knows nothing later', async () => {
  await fc.assert(
    fc.asyncProperty(story, fc.array(condition, { minLength: 1, maxLength: 4 }), async (told, conditions) => {
      const { core } = await live(told, { isDistinct: true });
      const asked = new Asked(core);
      for (const atMs of MOMENTS) {
        const { core: early } = await live(told, { isDistinct: true, untilMs: atMs });
        const askedEarly = new Asked(early);
        for (const where of conditions) {
          const expected = await askedEarly.ids(where, atMs);
          expect(await asked.ids(where, atMs, atMs)).toEqual(expected);
          expect(oneByOne(core, where, atMs)).toEqual(expected);
        }
        askedEarly.close();
      }
      asked.close();
    }),
    { numRuns: RUNS, seed: 20_260_110 },
  );
});

test('what comes later, late, or joins people is in the next answer', async () => {
  await fc.assert(
    fc.asyncProperty(story, condition, fc.nat(), async (told, where, split) => {
      const atMs = timeOf(6.5);
      const { core } = await live(
        { ...told, sent: told.sent.slice(0, split % told.sent.length) },
        { isDistinct: true },
      );
      const asked = new Asked(core);
      await asked.ids(where, atMs, atMs);
      // More of the same people, some of it of before the moment; then other rules.
      for (const [i, { person, minute, traits }] of told.sent.slice(split % told.sent.length).entries()) {
        const timestamp = new Date(timeOf(minute) + 500 + i).toISOString();
        await core.ingest([{ type: 'identify', userId: `u${person}`, messageId: `later${i}`, timestamp, traits }]);
        await core.ingest([{ type: 'alias', userId: `u${(person + 1) % 3}`, previousId: `x${i % 2}`, timestamp }]);
        expect(await asked.ids(where, atMs, atMs)).toEqual(oneByOne(core, where, atMs));
      }
      for (const { data } of core.shards)
        data.traits.setSurvivorship([{ trait: 'colour', rule: 'oldest', sources: [] }]);
      expect(await asked.ids(where, atMs, atMs)).toEqual(oneByOne(core, where, atMs));
      asked.close();
    }),
    { numRuns: RUNS, seed: 20_260_111 },
  );
});

const seenLeaf = fc.record({
  trait: fc.constantFrom('first_seen', 'last_seen'),
  op: fc.constantFrom<Operator[]>(
    'exists',
    'not_exists',
    'gte',
    'lt',
    'eq',
    'neq',
    'contains',
    'not_contains',
    'before',
  ),
  minute: fc.integer({ min: 0, max: 12 }),
});

test('first and last seen are those of then, and missing for who was not known yet', async () => {
  await fc.assert(
    fc.asyncProperty(story, seenLeaf, async (told: Story, { trait: name, op, minute }) => {
      const { core, people } = await live(told);
      const asked = new Asked(core);
      for (const atMs of MOMENTS) {
        const text =
          op === 'contains' || op === 'not_contains'
            ? `:${String(minute).padStart(2, '0')}:`
            : new Date(timeOf(minute)).toISOString();
        const where = { trait: name, op, ...(op === 'exists' || op === 'not_exists' ? {} : { value: text }) };
        const expected = people.filter((person) => fitsSeen(seenOf(person, name, atMs), op, text)).map(({ id }) => id);
        expect(await asked.ids(where, atMs, atMs)).toEqual(expected.sort());
        expect(oneByOne(core, where, atMs)).toEqual(expected);
      }
      asked.close();
    }),
    { numRuns: RUNS, seed: 20_260_112 },
  );
});

test('the moments that are kept are few, and their memory comes back', async () => {
  const told: Story = { sent: [], rule: 'union', shardCount: 1 };
  const { core } = await live(told);
  const { data, memory } = core.shards[0];
  for (let i = 0; i < 50; i++) {
    const timestamp = new Date(timeOf(i)).toISOString();
    await core.ingest([
      {
        type: 'identify',
        userId: 'u0',
        messageId: `k${i}`,
        timestamp,
        traits: { colour: `c${i}`, ruled: [i], a: { x: i } },
      },
    ]);
  }
  const query = new ShardQuery(data, undefined, { hashSeed: 5 });
  const ask = (minute: number) =>
    query.select(
      { trait: 'colour', op: 'eq', value: `c${minute}` },
      { nowMs: timeOf(minute), atMs: timeOf(minute), traits: new Set(['ruled', 'a']) },
    );
  const before = memory.usedBytes;
  for (let i = 0; i < 40; i++) expect((await ask(i)).cardinality).toBe(1);
  const { usedBytes } = memory;
  for (let round = 0; round < 3; round++) {
    for (let i = 32; i < 40; i++) expect((await ask(i)).cardinality).toBe(1);
  }
  expect(memory.usedBytes).toBe(usedBytes);
  query.close();
  expect(memory.usedBytes).toBe(before);
  const store = new PastStore(data, 0);
  const past = store.hold({ atMs: timeOf(3), names: ['colour', 'ruled', 'a'], hasSeen: true })!;
  expect(memory.usedBytes).toBeGreaterThan(before);
  store.release(past);
  store.clear();
  expect(memory.usedBytes).toBe(before);
});

test('nothing is made when nothing came later', async () => {
  const { core } = await live({ sent: [], rule: undefined, shardCount: 1 });
  const store = new PastStore(core.shards[0].data, 1 << 20);
  const choice = pastChoiceOf(
    Date.UTC(2100, 0, 1),
    namedTraits({ where: { trait: 'colour' }, by: ['plan.x', { trait: 'first_seen' }] }),
  )!;
  expect(choice.names).toEqual(['colour', 'plan']);
  expect(choice.hasSeen).toBe(true);
  expect(store.hold(choice)).toBeUndefined();
});

/** Keeps what it made for a question for the next one, as the engine does. */
class Asked {
  readonly #core: Core;
  readonly #queries: readonly ShardQuery[];

  constructor(core: Core) {
    this.#core = core;
    this.#queries = core.shards.map(({ data, hashSeed }) => new ShardQuery(data, undefined, { hashSeed }));
  }

  async ids(where: Expression, nowMs: number, atMs?: number): Promise<string[]> {
    const lists = await Promise.all(
      this.#core.shards.map(async ({ renderer }, i) => {
        const rows = await this.#queries[i].select(where, { nowMs, atMs });
        return [...rows.rowsFrom(0, 1_000)].map((row) => renderer.idOf(row));
      }),
    );
    return lists.flat().sort();
  }

  close(): void {
    for (const query of this.#queries) query.close();
  }
}

/** With the evaluator of one profile, from an image made for it alone. */
function oneByOne(core: Core, where: Expression, atMs: number): string[] {
  const found: string[] = [];
  for (const { data, renderer } of core.shards) {
    const store = new PastStore(data, 1 << 20);
    const choice = pastChoiceOf(atMs, namedTraits(where));
    const past = choice === undefined ? undefined : store.hold(choice);
    const moment = { nowMs: atMs, atMs, past: past?.profiles };
    const fits = compileRowTest(new ExpressionBinder(data, new RowSelector(), moment).bind(where));
    for (let row = 0; row < data.profiles.count; row++) {
      if (!data.isDead(row) && fits(row)) found.push(renderer.idOf(row));
    }
    if (past !== undefined) store.release(past);
    store.clear();
  }
  return found.sort();
}

function seenOf({ calls, eventTimes }: Person, name: string, atMs: number): number | undefined {
  const times = [...calls.map(({ timeMs }) => timeMs), ...eventTimes].filter((timeMs) => timeMs <= atMs);
  if (times.length === 0) return undefined;
  return name === 'first_seen' ? Math.min(...times) : Math.max(...times);
}

function fitsSeen(timeMs: number | undefined, op: Operator, text: string): boolean {
  const value = timeMs === undefined ? undefined : new Date(timeMs).toISOString();
  switch (op) {
    case 'exists':
      return value !== undefined;
    case 'not_exists':
      return value === undefined;
    case 'eq':
      return value === text;
    case 'neq':
      return value !== text;
    case 'contains':
      return value?.includes(text) === true;
    case 'not_contains':
      return value?.includes(text) !== true;
    case 'gte':
      return value !== undefined && value >= text;
    default:
      return value !== undefined && value < text;
  }
}
