/** The scanner against a naive flattening of the same item. */
import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ScanBench, type Scanned } from '../helpers/scan.ts';

type Json = unknown;
type JsonMap = Record<string, Json>;

const name = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('a', 'b', 'c', 'name', 'email', 'phone', 'traits', 'externalIds', 'a.b', '', 'ü😀'),
  },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', 'type', 'userId') },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 20 }) },
);
const scalar = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
  fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    { weight: 4, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 4 }) },
    { weight: 2, arbitrary: fc.dictionary(name, tie('value'), { maxKeys: 5, noNullPrototype: true }) },
  ),
}));
const section = fc.oneof(
  { weight: 5, arbitrary: fc.dictionary(name, value, { maxKeys: 6, noNullPrototype: true }) },
  { weight: 1, arbitrary: fc.constant(null) },
);
const id = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  fc.integer(),
  fc.constantFrom(null, ''),
);
const moment = fc.oneof(
  fc
    .date({ min: new Date(-62_167_219_200_000), max: new Date(253_402_300_799_999), noInvalidDate: true })
    .map((date) => date.toISOString()),
  fc.integer({ min: -1e12, max: 4e12 }),
  fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }),
  fc.constant(null),
);
const item = fc
  .record(
    {
      type: fc.constantFrom('track', 'identify', 'page', 'screen', 'group', 'alias'),
      userId: id,
      anonymousId: id,
      messageId: id,
      previousId: id,
      groupId: id,
      event: fc.oneof(fc.string({ minLength: 1, maxLength: 12 }), fc.constantFrom(null, '')),
      properties: section,
      traits: section,
      context: section,
      timestamp: moment,
      originalTimestamp: moment,
      sentAt: moment,
      name: fc.oneof(fc.string({ maxLength: 5 }), fc.constant(null)),
      category: fc.oneof(fc.string({ maxLength: 5 }), fc.constant(null)),
      integrations: value,
      writeKey: value,
      colour: value,
      shape: value,
    },
    { requiredKeys: ['type'], noNullPrototype: true },
  )
  .chain((made) => fc.shuffledSubarray(Object.entries(made), { minLength: Object.keys(made).length }))
  .map((entries) => withoutClash(Object.fromEntries(entries) as JsonMap));

/** Where moved traits and unknown fields land beside fields of the same name, the order on the wire decides: not asked here. */
function withoutClash(made: JsonMap): JsonMap {
  const cut = (section: unknown, keys: readonly string[]): unknown =>
    typeof section !== 'object' || section === null
      ? section
      : Object.fromEntries(Object.entries(section).filter(([key]) => !keys.includes(key)));
  const [properties, context] = [cut(made['properties'], ['traits']), cut(made['context'], ['traits', 'extra'])];
  return Object.fromEntries(
    Object.entries(made).map(([key, raw]) => [
      key,
      key === 'properties' ? properties : key === 'context' ? context : raw,
    ]),
  );
}

const KINDS = ['', 'track', 'identify', 'page', 'screen', 'group', 'alias'];

test('for any item with its fields in any order, the tape holds what a naive flattening finds', () => {
  const bench = new ScanBench();
  fc.assert(
    fc.property(item, (made) => {
      const expected = naive(made);
      const scanned = bench.scan(made);
      if (typeof expected === 'string' || typeof scanned === 'string') {
        expect(scanned).toBe(expected);
        return;
      }
      const { leaves, ...rest } = scanned;
      const { leaves: expectedLeaves, ...expectedRest } = expected;
      expect(rest).toEqual(expectedRest);
      expect(new Map(leaves)).toEqual(new Map(expectedLeaves));
      expect(leaves.length).toBe(expectedLeaves.length);
    }),
    { numRuns: 3_000 },
  );
});

function idOf(raw: unknown): string | undefined {
  return raw === undefined || raw === null || raw === '' ? undefined : String(raw);
}

function timeOf(raw: unknown): number {
  if (raw === undefined || raw === null) return Number.NaN;
  return typeof raw === 'number' ? raw : new Date(raw as string | Date).getTime();
}

function own(map: JsonMap, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

function flatten(path: string, raw: unknown, into: [string, unknown][]): void {
  if (raw instanceof Date) into.push([path, raw.toISOString()]);
  else if (Array.isArray(raw)) into.push([path, JSON.parse(JSON.stringify(raw))]);
  else if (raw === 0)
    into.push([path, 0]); // The encoder writes −0 as the integer 0.
  else if (typeof raw !== 'object' || raw === null) into.push([path, raw]);
  else if (Object.keys(raw).length === 0) into.push([path, {}]);
  else for (const [key, below] of Object.entries(raw)) flatten(`${path}/${key}`, below, into);
}

function naive(made: JsonMap): Scanned | string {
  const type = made['type'] as string;
  const [user, anonymous, previous, group] = ['userId', 'anonymousId', 'previousId', 'groupId'].map((key) =>
    idOf(made[key]),
  );
  const rawEvent = made['event'];
  let event = typeof rawEvent === 'string' ? rawEvent : undefined;
  if (user === undefined && anonymous === undefined) return 'missing_user';
  if (type === 'track' && (event ?? '') === '') return 'missing_event';
  if (type === 'alias' && previous === undefined) return 'missing_previous_id';
  if (type === 'alias' && user === undefined) return 'missing_user';
  if (type === 'group' && group === undefined) return 'missing_group_id';
  if (type === 'page') event = 'Page Viewed';
  if (type === 'screen') event = 'Screen Viewed';
  if (type === 'group') event = 'Group Joined';
  const leaves: [string, unknown][] = [];
  const traitsRoot =
    { track: 'context/traits', page: 'context/traits', screen: 'context/traits', group: 'properties/traits' }[type] ??
    'traits';
  const add = (root: string, raw: unknown): void => {
    for (const [key, below] of Object.entries((raw ?? {}) as JsonMap)) flatten(`${root}/${key}`, below, leaves);
  };
  add('properties', made['properties']);
  add(traitsRoot, made['traits']);
  add('context', made['context']);
  for (const key of ['colour', 'shape']) if (key in made) flatten(`context/extra/${key}`, made[key], leaves);
  // What the properties say of the name counts, be it a value or something below it.
  const unlessThere = (path: string, raw: unknown): void => {
    if (!leaves.some(([taken]) => taken === path || taken.startsWith(`${path}/`))) leaves.push([path, raw]);
  };
  if (type === 'page' || type === 'screen') {
    for (const key of ['name', 'category'])
      if (typeof own(made, key) === 'string') unlessThere(`properties/${key}`, made[key]);
  }
  if (type === 'group') unlessThere('properties/group_id', group);
  const original = timeOf(made['originalTimestamp']);
  return {
    kind: KINDS.indexOf(type),
    user,
    anonymous: type === 'alias' ? previous : anonymous,
    previous,
    group,
    event,
    messageId: idOf(made['messageId']),
    timeMs: timeOf(made['timestamp']),
    originalTimeMs: original,
    sentAtMs: timeOf(made['sentAt']),
    leaves,
  };
}

test('for any item with one byte changed, the scanner gives an item or a code, or ends with malformed_msgpack', () => {
  fc.assert(
    fc.property(item, fc.nat(), fc.nat(255), (made, at, byte) => {
      const bench = new ScanBench();
      const whole = Uint8Array.from(encode(made));
      whole[at % whole.length] = byte;
      bench.tape.reset();
      bench.tape.append(whole);
      try {
        expect(bench.scanner.scan(0, whole.length, 0, 0)).toBeLessThanOrEqual(whole.length);
      } catch (error) {
        expect(error).toMatchObject({ name: 'EngineError', code: 'malformed_msgpack' });
      }
    }),
    { numRuns: 2_000 },
  );
});
