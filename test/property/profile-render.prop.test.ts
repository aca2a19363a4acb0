/** A rendered profile against maps that a naive merge keeps. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitPath } from '../../src/base/path.ts';
import { Core, START_MS } from '../sim/core.ts';

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type Node = Json | Map<string, Node>;

const name = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('a', 'b', 'c') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '',
      'a.b',
      '__proto__',
      'constructor',
      'ключ',
      '"quoted"',
      'tab\t\\',
      '\u0000',
      '😀',
      'first_seen',
    ),
  },
);
const scalar = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    '"',
    '\\',
    '\n\r\t\b\f',
    '\u0000\u001f\u007f',
    '\u2028\u2029',
    '</script>',
    'é€😀',
    'x'.repeat(5_000),
  ),
  fc.integer(),
  fc.constantFrom(0, 127, -128, 128, 2 ** 31, 1e9, 999_999_999, 1e21, 5e-324, -1.5, Number.MAX_VALUE),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
  fc.boolean(),
);
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    { weight: 4, arbitrary: scalar },
    { weight: 2, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 4 }) },
    { weight: 1, arbitrary: fc.constant({}) },
    { weight: 4, arbitrary: fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }) },
  ),
}));
const bag = fc.dictionary(name, value, { maxKeys: 4, noNullPrototype: true });

const isMap = (raw: unknown): raw is { [key: string]: Json } =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw);

/** Whether writing it leaves anything: a null takes away, an empty object does not. */
function leaves(raw: Json): boolean {
  if (!isMap(raw)) return raw !== null;
  const below = Object.values(raw);
  return below.length === 0 || below.some(leaves);
}

/** Objects merge, null removes, anything else replaces; an object that lost its last entry is gone. */
function merge(into: Map<string, Node>, key: string, raw: Json): void {
  const old = into.get(key);
  if (raw === null) into.delete(key);
  else if (!isMap(raw)) into.set(key, raw);
  else if (Object.keys(raw).length === 0) into.set(key, old instanceof Map ? old : new Map());
  else if (old instanceof Map || leaves(raw)) {
    const child = old instanceof Map ? old : new Map<string, Node>();
    const hadEntries = child.size > 0;
    for (const [below, entry] of Object.entries(raw)) merge(child, below, entry);
    if (child.size === 0 && hadEntries) into.delete(key);
    else into.set(key, child);
  }
}

/** Entries sorted, so that neither the order of names nor `__proto__` matters. */
function canonical(raw: unknown): unknown {
  if (Array.isArray(raw)) return raw.map(canonical);
  const entries = raw instanceof Map ? [...raw] : isMap(raw) ? Object.entries(raw) : undefined;
  if (entries === undefined) return raw;
  return { map: entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, entry]) => [key, canonical(entry)]) };
}

function pick(from: Map<string, Node>, paths: readonly string[][]): Map<string, Node> {
  const kept = new Map<string, Node>();
  for (const [key, entry] of from) {
    const below = paths.filter((path) => path[0] === key).map((path) => path.slice(1));
    if (below.length === 0) continue;
    if (below.some((path) => path.length === 0)) kept.set(key, entry);
    else if (entry instanceof Map) {
      const child = pick(entry, below);
      if (child.size > 0) kept.set(key, child);
    }
  }
  return kept;
}

test('for any writes of traits, the profile renders as the naive merge, whole and by fields, before and after a restart', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ user: fc.nat(2), traits: bag }), { minLength: 1, maxLength: 14 }),
      fc.array(fc.constantFrom('a', 'b', 'a.b', 'a.b.c', 'b.a', 'c.a', 'a\\.b', 'counts', 'identifiers', 'last_seen'), {
        maxLength: 4,
      }),
      async (writes, fields) => {
        const core = Core.fresh(1, { hashSeed: 1, isAutoFlush: true });
        const model = new Map<number, Map<string, Node>>();
        for (const { user, traits } of writes) {
          const { accepted } = await core.ingest([{ type: 'identify', userId: `u${user}`, traits }]);
          expect(accepted).toBe(1);
          const bagOf = model.get(user) ?? new Map<string, Node>();
          for (const [key, raw] of Object.entries(traits)) merge(bagOf, key, raw);
          model.set(user, bagOf);
          // Through the cache, which every write must invalidate.
          expect(canonical(core.lookup({ type: 'user_id', value: `u${user}` }, 0)?.traits)).toEqual(canonical(bagOf));
        }
        await core.shards[0].checkpoint(async () => undefined);
        for (const one of [core, core.reopened({ hashSeed: 2 })]) {
          for (const [user, traits] of model) {
            expect(canonical(one.lookup({ type: 'user_id', value: `u${user}` })?.traits)).toEqual(canonical(traits));
            expectFields(one, user, traits, fields);
          }
        }
      },
    ),
    { numRuns: 250 },
  );
});

function expectFields(core: Core, user: number, traits: Map<string, Node>, fields: string[]): void {
  const { shard, row } = core.router.locate({ type: 'user_id', value: `u${user}` })!;
  shard.renderer.render(row, { fields });
  const { bytes, start, end } = shard.renderer;
  const profile = JSON.parse(Buffer.from(bytes.subarray(start, end)).toString('utf8')) as Record<string, unknown>;
  const tops = ['counts', 'identifiers', 'last_seen'].filter((top) => fields.includes(top));
  const paths = fields.filter((field) => !tops.includes(field)).map(splitPath);
  expect(Object.keys(profile).sort()).toEqual(['id', ...tops, ...(paths.length > 0 ? ['traits'] : [])].sort());
  if (paths.length > 0) expect(canonical(profile['traits'])).toEqual(canonical(pick(traits, paths)));
}

test('for any events, in time or late, the newest come first, ties by arrival, with the properties that were sent', async () => {
  const event = fc.record({
    event: fc.constantFrom('A', 'B', 'quote " here', '__proto__'),
    at: fc.nat(8),
    user: fc.nat(1),
    properties: bag,
    context: fc.option(bag, { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 25 }),
      async (events, limit) => {
        const core = Core.fresh(1, { hashSeed: 1, isAutoFlush: true });
        const items = events.map(({ event, at, user, properties, context }, i) => ({
          type: 'track',
          userId: `u${user}`,
          event,
          properties,
          ...(context === undefined ? {} : { context }),
          messageId: `m${i}`,
          timestamp: START_MS + at * 60_000,
        }));
        const { accepted } = await core.ingest(items);
        expect(accepted).toBe(items.length);
        for (const user of new Set(items.map((item) => item.userId))) {
          const own = items.filter((item) => item.userId === user);
          const newest = own
            .map((item, arrival) => ({ item, arrival }))
            .sort((a, b) => b.item.timestamp - a.item.timestamp || b.arrival - a.arrival);
          const profile = core.lookup({ type: 'user_id', value: user }, limit)!;
          expect(profile.events!.map(({ messageId }) => messageId)).toEqual(
            newest.slice(0, limit).map(({ item }) => item.messageId),
          );
          profile.events!.forEach((rendered, i) => {
            const { item } = newest[i];
            expect(rendered.event).toBe(item.event);
            expect(rendered.timestamp).toBe(new Date(item.timestamp).toISOString());
            expect(canonical(rendered.properties)).toEqual(canonical(item.properties));
            const context = Object.keys(item.context ?? {}).length === 0 ? undefined : item.context;
            expect(canonical(rendered.context)).toEqual(canonical(context));
          });
          const counts = new Map<string, number>();
          for (const item of own) counts.set(item.event, (counts.get(item.event) ?? 0) + 1);
          expect(canonical(profile.counts)).toEqual(canonical(counts));
          expect(profile.first_seen).toBe(new Date(Math.min(...own.map((item) => item.timestamp))).toISOString());
          expect(profile.last_seen).toBe(new Date(Math.max(...own.map((item) => item.timestamp))).toISOString());
        }
      },
    ),
    { numRuns: 250 },
  );
});
