import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { pack } from 'msgpackr';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import { open } from '../../../src/engine/open.ts';
import { readIdentitySettings } from '../../../src/identity/settings.ts';
import { Standardiser } from '../../../src/identity/standardiser.ts';
import type { IdentitySettings } from '../../../src/model/identity.ts';

const RULES = {
  defaultCountry: 'TR',
  standardise: [
    { trait: '*', rule: 'trim' },
    { trait: '*', rule: 'empty_to_null' },
    { trait: 'country', rule: 'country_code' },
    { trait: 'address.*', rule: 'title' },
    { trait: 'phone', rule: 'phone' },
    { trait: 'born', rule: 'date', order: 'dmy' },
    { trait: 'age', rule: 'number' },
    { trait: 'isVip', rule: 'boolean' },
  ],
};

let folder: string;
let engine: Engine;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kith-standardise-'));
  engine = await open({ data: join(folder, 'data'), shards: 2, workers: 1 });
});
afterEach(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

const traitsOf = (userId: string) => engine.lookup({ type: 'user_id', value: userId })?.traits;

const messy = {
  country: ' turkey',
  phone: '0532 123 45 67 ',
  born: '03/04/1990',
  age: ' 42 ',
  isVip: 'yes',
  note: '   ',
  address: { city: ' iSTANBUL', street: { name: 'main ST' }, lines: [' as it is '] },
  gone: null,
  member: true,
  score: 1.5,
};
const tidy = {
  country: 'TR',
  phone: '+905321234567',
  born: '1990-04-03',
  age: 42,
  isVip: true,
  address: { city: 'Istanbul', street: { name: 'Main St' }, lines: [' as it is '] },
  member: true,
  score: 1.5,
};

test('traits are kept in standard form, whichever way they come, from the next item on', async () => {
  await engine.ingest([{ type: 'identify', userId: 'before', traits: messy }]);
  await engine.setIdentitySettings(RULES);
  await engine.ingest([{ type: 'identify', userId: 'json', traits: messy }]);
  const frame = engine.ingestFrame(
    pack({ op: 'batch', batch: [{ type: 'identify', userId: 'frame', traits: messy }] }),
  );
  if (frame.kind !== 'ingest') throw new Error('not taken as ingest');
  await frame.result;
  await engine.ingest([{ type: 'alias', userId: 'alias', previousId: 'other', traits: messy }]);
  expect([traitsOf('json'), traitsOf('frame'), traitsOf('alias')]).toEqual([tidy, tidy, tidy]);
  expect(traitsOf('before')?.['country']).toBe(' turkey');
  await engine.setIdentitySettings({});
  await engine.ingest([{ type: 'identify', userId: 'json', traits: { country: ' germany' } }]);
  expect(traitsOf('json')?.['country']).toBe(' germany');
  expect(engine.stats().standardisedByRule).toMatchObject({ trim: 15, country_code: 3, title: 6, date: 3, boolean: 3 });
});

test('identifiers in traits are found in standard form', async () => {
  await engine.setIdentitySettings(RULES);
  await engine.ingest([
    { type: 'identify', userId: 'u1', traits: { phone: '0532 123 45 67' } },
    { type: 'identify', anonymousId: 'a1', traits: { phone: '+90 (532) 123-4567' } },
  ]);
  expect(engine.lookup({ type: 'phone', value: '+905321234567' })?.identifiers.map(({ value }) => value)).toEqual([
    'u1',
    '+905321234567',
    'a1',
  ]);
});

test('a group call’s traits are standardised, those beside an event are not', async () => {
  await engine.setIdentitySettings(RULES);
  await engine.ingest([
    {
      type: 'group',
      userId: 'u1',
      groupId: 'g',
      traits: messy,
      properties: { traits: { country: ' x ' }, note: ' n ' },
    },
    { type: 'track', userId: 'u1', event: 'E', traits: { country: ' a ' }, properties: { country: ' b ' } },
    { type: 'page', userId: 'u1', traits: { country: ' c ' } },
  ]);
  const events = engine.lookup({ type: 'user_id', value: 'u1' }, { events: 9 })?.events ?? [];
  const byName = Object.fromEntries(events.map((event) => [event.event, event]));
  expect(byName['Group Joined'].properties).toMatchObject({ note: ' n ', traits: { ...tidy, country: ' x ' } });
  expect(byName['E']).toMatchObject({ properties: { country: ' b ' }, context: { traits: { country: ' a ' } } });
  expect(byName['Page Viewed'].context).toEqual({ traits: { country: ' c ' } });
});

test('a restart decides nothing again: the log holds the standard form', async () => {
  await engine.setIdentitySettings(RULES);
  // Behind each other in a batch: untouched, changed, untouched, changed, with and without a message id.
  await engine.ingest([
    { type: 'identify', userId: 'u1', traits: tidy },
    { type: 'identify', userId: 'u2', traits: messy },
    { type: 'track', userId: 'u3', event: 'E', properties: { a: ' 1 ' } },
    { type: 'identify', userId: 4, messageId: 'm4', traits: { country: ' italy' }, timestamp: '2024-01-01' },
    { type: 'identify', userId: 'u5', messageId: 'm5', traits: { seen: new Date(0), country: 'FR' } },
  ]);
  const hash = engine.stateHash();
  // The log alone, without the rules: as after a crash and a change of mind.
  const data = join(folder, 'data');
  const copy = join(folder, 'copy');
  await cp(data, copy, { recursive: true });
  await rm(join(copy, 'lock'), { force: true });
  const replayed = await open({ data: copy, workers: 1, identity: readIdentitySettings({}) });
  try {
    expect(replayed.stateHash()).toBe(hash);
    expect(replayed.lookup({ type: 'user_id', value: 'u2' })?.traits).toEqual(tidy);
    expect(replayed.stats().standardisedByRule).toEqual({});
  } finally {
    await replayed.close();
  }
  await engine.close();
  engine = await open({ data, workers: 1 });
  expect(engine.stateHash()).toBe(hash);
  await engine.ingest([{ type: 'identify', userId: 'u9', traits: { country: ' japan' } }]);
  expect(traitsOf('u9')).toEqual({ country: 'JP' });
});

describe('bytes', () => {
  /** A map with its keys as given, repeated ones too. */
  const map = (...entries: [string, Uint8Array][]): Uint8Array =>
    Buffer.concat([Buffer.from([0x80 | entries.length]), ...entries.flatMap(([key, value]) => [pack(key), value])]);

  test('an odd item keeps all that counts: the later of repeated names, repeated sections, wide headers', async () => {
    await engine.setIdentitySettings(RULES);
    const wide = Buffer.from([0xdb, 0, 0, 0, 2, 0x20, 0x61]);
    const item = map(
      ['traits', map(['country', pack(' spain')], ['country', pack('x ')], ['wide', wide], ['float', pack(0.1)])],
      ['userId', pack('odd')],
      ['traits', map(['country', pack(' italy')], ['__proto__', pack(' p ')], ['when', pack(new Date(0))])],
      ['type', pack('identify')],
    );
    const frame = engine.ingestFrame(Buffer.concat([map(['op', pack('batch')], ['batch', Buffer.from([0x91])]), item]));
    if (frame.kind !== 'ingest') throw new Error('not taken as ingest');
    expect((await frame.result).rejected).toEqual([]);
    const traits = traitsOf('odd')!;
    expect(Object.entries(traits)).toEqual([
      ['wide', 'a'],
      ['float', 0.1],
      ['country', 'IT'],
      ['__proto__', 'p'],
      ['when', '1970-01-01T00:00:00.000Z'],
    ]);
  });

  test('an item that outgrows its limit by the change is refused, its neighbours are not', async () => {
    await engine.close();
    engine = await open({ data: ':memory:', workers: 1, limits: { eventSizeBytes: 100 } });
    await engine.setIdentitySettings({ standardise: [{ trait: '*', rule: 'upper' }] });
    const grown = { type: 'identify', userId: 'u1', traits: { a: '\u0390'.repeat(25) } };
    const { accepted, rejected } = await engine.ingest([grown, { type: 'identify', userId: 'u2', traits: { a: 'ß' } }]);
    expect([accepted, rejected.map(({ index, code }) => [index, code])]).toEqual([1, [[0, 'event_too_large']]]);
    expect(traitsOf('u2')).toEqual({ a: 'SS' });
  });
});

test('every leaf is what the rules make of it (property)', async () => {
  const settings: IdentitySettings = readIdentitySettings(RULES);
  const rules = new Standardiser(settings);
  await engine.setIdentitySettings(RULES);
  const key = fc.constantFrom('country', 'phone', 'born', 'age', 'isVip', 'address', 'other', 'do.t');
  const text = fc.constantFrom('', ' ', 'a', ' a ', ' germany ', '1.2.2020', ' 7', 'No', '0532 1234567', 'ßß', '😀 ');
  const leaf = fc.oneof(text, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean());
  const tree = fc.letrec<{ map: object; value: unknown }>((tie) => ({
    map: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    value: fc.oneof({ depthSize: 'small' }, leaf, fc.constant(null), fc.array(leaf, { maxLength: 2 }), tie('map')),
  })).map;
  const clean = (value: unknown, path: string): unknown => {
    if (Array.isArray(value)) return value;
    if (typeof value !== 'object' || value === null) return rules.standardise(path, value as string | number | boolean);
    return Object.fromEntries(
      Object.entries(value).map(([name, below]) => {
        const escaped = name.replaceAll('.', '\\.');
        return [name, clean(below, path === '' ? escaped : `${path}.${escaped}`)];
      }),
    );
  };
  let count = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(tree, { minLength: 1, maxLength: 5 }), async (trees) => {
      const raw = trees.map((traits) => ({ type: 'identify', userId: `p${count++}`, traits }));
      await engine.ingest(raw);
      const plain = await open({ data: ':memory:', workers: 1 });
      try {
        await plain.ingest(raw.map((item) => ({ ...item, traits: clean(item.traits, '') })));
        for (const { userId } of raw) {
          expect(traitsOf(userId)).toEqual(plain.lookup({ type: 'user_id', value: userId })?.traits);
        }
      } finally {
        await plain.close();
      }
    }),
    { numRuns: 60 },
  );
});
