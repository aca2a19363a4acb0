import { expect, test } from 'vitest';
import { KNOWN, KnownNames } from '../../../src/ingest/known-name.ts';
import {
  NameInterner,
  ROOT_CONTEXT,
  ROOT_ENVELOPE,
  ROOT_PROPERTIES,
  ROOT_TRAITS,
} from '../../../src/ingest/name-interner.ts';
import { diceOf } from '../../property/memory-world.ts';

function intern(names: NameInterner, parent: number, name: string | Uint8Array): number {
  const bytes = Buffer.concat([Buffer.from('<<'), Buffer.from(name), Buffer.from('>')]);
  return names.intern(parent, bytes, 2, bytes.length - 3);
}

test('the same key under the same parent is the same path, in whatever order keys follow each other', () => {
  const names = new NameInterner(Number.POSITIVE_INFINITY);
  const model = new Map<string, number>();
  const dice = diceOf(7);
  // Short keys over few letters: followers are guessed right and wrong all the time.
  let parent = ROOT_PROPERTIES;
  for (let i = 0; i < 50_000; i++) {
    const name = ['a', 'b', 'ab', 'ba', '', 'a.b', 'ä', '__proto__', 'constructor', `k${dice(3_000)}`][dice(10)];
    const path = intern(names, parent, name);
    const key = `${parent}\u0000${name}`;
    expect(model.get(key) ?? path).toBe(path);
    model.set(key, path);
    expect(names.nameOf(path)).toBe(name);
    expect(names.parentOf(path)).toBe(parent);
    parent =
      dice(3) === 0 && names.segmentsOf(path).length < 4 ? path : [ROOT_PROPERTIES, ROOT_TRAITS, ROOT_CONTEXT][dice(3)];
  }
  expect(new Set(model.values()).size).toBe(model.size);
  expect(names.count).toBe(model.size + 4);
});

test('a name found by bytes is found by text, with its segments and root', () => {
  const names = new NameInterner(Number.POSITIVE_INFINITY);
  const address = intern(names, ROOT_TRAITS, 'address');
  const city = intern(names, address, 'Stadt ü 😀');
  expect(names.path(ROOT_TRAITS, ['address', 'Stadt ü 😀'])).toBe(city);
  expect(names.segmentsOf(city)).toEqual(['address', 'Stadt ü 😀']);
  expect(names.rootOf(city)).toBe(ROOT_TRAITS);
  expect(names.path(ROOT_PROPERTIES, ['address'])).not.toBe(address);
});

test('past the limit known names are found and new ones give −1; text lookups and moves are not bounded', () => {
  const names = new NameInterner(6);
  const a = intern(names, ROOT_PROPERTIES, 'a');
  const b = intern(names, a, 'b');
  expect(intern(names, ROOT_PROPERTIES, 'c')).toBe(-1);
  expect([intern(names, ROOT_PROPERTIES, 'a'), intern(names, a, 'b')]).toEqual([a, b]);
  const moved = names.moved(b, ROOT_PROPERTIES, ROOT_CONTEXT);
  expect(names.segmentsOf(moved)).toEqual(['a', 'b']);
  expect(names.rootOf(moved)).toBe(ROOT_CONTEXT);
  expect(names.moved(b, ROOT_PROPERTIES, ROOT_CONTEXT)).toBe(moved);
});

test('a name that is not UTF-8 gives −2 and is not learned', () => {
  const names = new NameInterner(Number.POSITIVE_INFINITY);
  const before = names.count;
  for (const bytes of [
    [0xff],
    [0xc0, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xe2, 0x82],
    [0xf4, 0x90, 0x80, 0x80],
    [0x61, 0x80],
  ]) {
    expect(intern(names, ROOT_PROPERTIES, Uint8Array.from(bytes))).toBe(-2);
  }
  expect(names.count).toBe(before);
});

test('a path moves to the same place below another parent, however deep', () => {
  const names = new NameInterner(Number.POSITIVE_INFINITY);
  const deep = names.path(ROOT_ENVELOPE, ['x', 'y', 'z']);
  const extra = names.path(ROOT_CONTEXT, ['extra']);
  expect(names.segmentsOf(names.moved(deep, ROOT_ENVELOPE, extra))).toEqual(['extra', 'x', 'y', 'z']);
});

test('the ids of envelope fields are those that the interner gives', () => {
  const names = new NameInterner(Number.POSITIVE_INFINITY);
  new KnownNames(names);
  for (const [name, path] of Object.entries(KNOWN)) {
    if (name !== 'lastDelivery') expect([name, intern(names, ROOT_ENVELOPE, name)]).toEqual([name, path]);
  }
  expect(names.nameOf(KNOWN.lastDelivery)).toBe('projectId');
});
