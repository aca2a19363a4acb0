/** A key twice in one map, which msgpack can say: the later value counts, live, after a fold, after a restart and on any shard. */
import { encode } from '@msgpack/msgpack';
import { expect, test } from 'vitest';
import { open } from '../../../src/engine/open.ts';
import { MemoryStorage } from '../../../src/storage/memory-storage.ts';
import { ScanBench } from '../../helpers/scan.ts';

/** Entries rather than keys, so that a key may come twice. */
class Entries {
  readonly list: readonly (readonly [string, unknown])[];
  constructor(...list: readonly (readonly [string, unknown])[]) {
    this.list = list;
  }
}

function bytesOf(value: unknown): Uint8Array {
  if (!(value instanceof Entries)) return encode(value);
  const parts = value.list.flatMap(([name, one]) => [encode(name), bytesOf(one)]);
  return Buffer.concat([Buffer.from([0xde, value.list.length >> 8, value.list.length & 255]), ...parts]);
}

const of = (...list: readonly (readonly [string, unknown])[]): Entries => new Entries(...list);
const A_THEN_BELOW = of(['a', 1], ['a', { b: 2 }]);
const BELOW_THEN_A = of(['a', { b: 2 }], ['a', 1]);

const CASES: readonly [traits: Entries, leaves: Record<string, unknown>][] = [
  [of(['a', 1], ['a', 2]), { a: 2 }],
  [of(['a', 1], ['a', 'text']), { a: 'text' }],
  [of(['a', 1], ['a', null]), { a: null }],
  [A_THEN_BELOW, { 'a/b': 2 }],
  [BELOW_THEN_A, { a: 1 }],
  [of(['a', { b: 2 }], ['a', {}]), { a: {} }],
  [of(['a', {}], ['a', { b: 2 }]), { 'a/b': 2 }],
  [of(['a', { b: 1 }], ['a', { c: 2 }]), { 'a/b': 1, 'a/c': 2 }],
  [of(['a', { b: { c: 1 } }], ['x', 3], ['a', { b: [4] }], ['y', 5]), { x: 3, 'a/b': [4], y: 5 }],
];

function scan(item: Entries): Record<string, unknown> {
  const scanned = new ScanBench().scanBytes(bytesOf(item));
  if (typeof scanned === 'string') throw new Error(`refused: ${scanned}`);
  return Object.fromEntries(scanned.leaves);
}

const prefixed = (root: string, leaves: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(leaves).map(([path, value]) => [`${root}/${path}`, value]));

test.each(CASES)('the later value counts, case %#', (given, leaves) => {
  expect(scan(of(['type', 'identify'], ['userId', 'u'], ['traits', given]))).toEqual(prefixed('traits', leaves));
  expect(scan(of(['type', 'track'], ['event', 'E'], ['userId', 'u'], ['properties', given]))).toEqual(
    prefixed('properties', leaves),
  );
});

test('names that are moved may meet others, in JSON too', () => {
  const track = (...more: [string, unknown][]) => of(['type', 'track'], ['event', 'E'], ['userId', 'u'], ...more);
  expect(scan(track(['context', { traits: { a: 1 } }], ['traits', { a: { b: 2 } }]))).toEqual({
    'context/traits/a/b': 2,
  });
  expect(scan(track(['context', { extra: { odd: { x: 1 }, kept: 2 } }], ['odd', 3]))).toEqual({
    'context/extra/odd': 3,
    'context/extra/kept': 2,
  });
  const group = of(
    ['type', 'group'],
    ['groupId', 'g'],
    ['userId', 'u'],
    ['properties', { traits: 1 }],
    ['traits', { a: 2 }],
  );
  expect(scan(group)).toEqual({ 'properties/traits/a': 2, 'properties/group_id': 'g' });
  const page = of(['type', 'page'], ['name', 'Home'], ['userId', 'u'], ['properties', { name: { first: 'x' } }]);
  expect(scan(page)).toEqual({ 'properties/name/first': 'x' });
});

test('external ids that come twice are the later ones', () => {
  const ids = (id: string) => [{ id, type: 'crm' }];
  const bench = new ScanBench();
  const context = of(['externalIds', ids('one')], ['x', 1], ['externalIds', ids('two')]);
  bench.scanBytes(bytesOf(of(['type', 'identify'], ['userId', 'u'], ['context', context])));
  expect(bench.tape.leafCount).toBe(2);
  expect(bench.tape.items[23]).toBe(1);
});

const START_MS = Date.UTC(2026, 0, 1);

test.each([1, 3])('a profile shows the same live, after a fold and after a restart, on %i shards', async (shards) => {
  const storages = Array.from({ length: shards }, () => new MemoryStorage({ isAutoFlush: true }));
  const opened = (from: readonly MemoryStorage[]) =>
    open({ storage: (index) => from[index], shards, workers: 1, clock: { nowMs: () => START_MS } });
  const engine = await opened(storages);
  const send = async (...batch: readonly Entries[]): Promise<void> => {
    const bytes = bytesOf(of(['op', 'batch'], ['ack', 'applied'], ['batch', []]));
    const items = Buffer.concat([Buffer.from([0x90 + batch.length]), ...batch.map(bytesOf)]);
    const outcome = engine.ingestFrame(Buffer.concat([bytes.subarray(0, bytes.length - 1), items]));
    if (outcome.kind !== 'ingest') throw new Error('not taken as a batch');
    expect((await outcome.result).accepted).toBe(batch.length);
  };
  const call = (person: readonly [string, string], minute: number, traits: unknown): Entries =>
    of(
      ['type', 'identify'],
      [person[0], person[1]],
      ['messageId', `${person[1]} ${minute}`],
      ['timestamp', new Date(START_MS - 3_600_000 + minute * 60_000).toISOString()],
      ['traits', traits],
    );
  const shown = (one: typeof engine) => CASES.map((_, i) => one.lookup({ type: 'user_id', value: `u${i}` })?.traits);
  // Columns are learned in either order beforehand.
  for (const first of [A_THEN_BELOW, BELOW_THEN_A]) await send(call(['userId', 'first'], 0, first));
  for (const [i, [traits]] of CASES.entries()) await send(call(['userId', `u${i}`], 10, traits));
  const live = shown(engine);
  expect(live[3]).toEqual({ a: { b: 2 } });
  expect(live[4]).toEqual({ a: 1 });
  // A late call of a trait of its own forces a fold.
  for (const i of CASES.keys()) await send(call(['userId', `u${i}`], 5, { late: true }));
  const folded = live.map((traits) => ({ ...traits, late: true }));
  expect(shown(engine)).toEqual(folded);
  // The user goes to where the visitor has more: by a parcel, where they live on different shards.
  for (const i of CASES.keys()) {
    for (let n = 0; n < 4; n++) await send(call(['anonymousId', `v${i}`], n, { n }));
    await send(of(['type', 'identify'], ['userId', `u${i}`], ['anonymousId', `v${i}`], ['messageId', `join ${i}`]));
  }
  const joined = folded.map((traits) => ({ ...traits, n: 3 }));
  expect(shown(engine)).toEqual(joined);
  const again = await opened(storages.map((storage) => storage.reopen()));
  expect(shown(again)).toEqual(joined);
});
