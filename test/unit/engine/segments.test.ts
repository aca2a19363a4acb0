import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { open } from '../../../src/engine/open.ts';
import { SegmentStore } from '../../../src/engine/segment-store.ts';
import type { EngineError } from '../../../src/model/error.ts';
import type { Expression } from '../../../src/model/expression.ts';
import { isClusterForm, openForm, type TestEngine } from '../../helpers/test-engine.ts';

let engine: TestEngine;
let folder: string;
let nowMs = Date.parse('2026-01-01T00:00:00Z');
const clock = { nowMs: () => nowMs };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kith-segments-'));
  nowMs = Date.parse('2026-01-01T00:00:00Z');
  engine = await openForm({ data: join(folder, 'data'), shards: 2, workers: 1, clock });
  await engine.ingest([
    { type: 'identify', userId: 'ada', traits: { country: 'DE', plan: 'pro' } },
    { type: 'identify', userId: 'bob', traits: { country: 'FR', plan: 'pro' } },
    { type: 'identify', userId: 'eve', traits: { country: 'DE', plan: 'free', address: { city: 'Ulm' } } },
    { type: 'track', userId: 'ada', event: 'Order Completed', properties: { total: 5, products: [{ sku: 'A' }] } },
  ]);
});
afterEach(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

async function ids(where: string | Expression): Promise<readonly string[]> {
  const answer = await engine.query({ where, as: 'ids' });
  return 'ids' in answer ? [...answer.ids].sort() : [];
}

async function failure(work: () => Promise<unknown>): Promise<EngineError> {
  try {
    await work();
  } catch (error) {
    return error as EngineError;
  }
  throw new Error('it did not fail');
}

describe('saved segments', () => {
  it('stand for their condition, alone, negated and inside each other', async () => {
    await engine.saveSegment('german', { where: 'country = "DE"' });
    await engine.saveSegment('pro.german', {
      where: { and: [{ segment: 'german' }, { trait: 'plan', op: 'eq', value: 'pro' }] },
    });
    expect(await ids('in segment german')).toEqual(['ada', 'eve']);
    expect(await ids('not in segment german')).toEqual(['bob']);
    expect(await ids('in segment pro.german and did "Order Completed"')).toEqual(['ada']);
    await engine.saveSegment('german', { where: 'country = "FR"' });
    expect(await ids({ segment: 'pro.german' })).toEqual(['bob']);
  });

  it.skipIf(isClusterForm())('keep the AST, print it back, and outlive a restart', async () => {
    const saved = await engine.saveSegment('big', {
      name: 'Big spenders',
      description: 'Orders above 3',
      where: 'sum of total   over "Order Completed" > 3',
    });
    expect(saved).toEqual({
      key: 'big',
      name: 'Big spenders',
      description: 'Orders above 3',
      where: { event: 'Order Completed', aggregate: { fn: 'sum', property: 'total', op: 'gt', value: 3 } },
      text: 'sum of total over "Order Completed" > 3',
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
    });
    nowMs += 60_000;
    const hash = engine.stateHash();
    const changed = await engine.saveSegment('big', { where: 'sum of total over "Order Completed" > 4' });
    expect(changed).toMatchObject({ name: 'big', createdAt: saved.createdAt, updatedAt: '2026-01-01T00:01:00.000Z' });
    expect(engine.stateHash()).toBe(hash);
    await engine.close();
    engine = await openForm({ data: join(folder, 'data'), workers: 1, clock });
    expect(engine.segments()).toEqual([changed]);
    expect(await ids('in segment big')).toEqual(['ada']);
    await engine.deleteSegment('big');
    expect(engine.segment('big')).toBeUndefined();
    expect(JSON.parse(readFileSync(join(folder, 'data', 'segments.json'), 'utf8'))).toEqual({
      version: 1,
      revision: 3,
      segments: [],
    });
  });

  it('are refused, with the way, when they reach themselves', async () => {
    await engine.saveSegment('a', { where: 'everyone' });
    await engine.saveSegment('b', { where: 'in segment a' });
    const cycle = await failure(() => engine.saveSegment('a', { where: 'country = "DE" and not in segment b' }));
    expect([cycle.code, cycle.details?.['path']]).toEqual(['segment_cycle', ['a', 'b', 'a']]);
    expect(cycle.message).toContain('a → b → a');
    expect(cycle.span).toEqual({ start: 34, end: 35 });
    const self = await failure(() => engine.saveSegment('c', { where: { segment: 'c' } }));
    expect([self.code, self.details?.['path']]).toEqual(['segment_cycle', ['c', 'c']]);
    expect((await engine.segment('a'))?.text).toBe('everyone');
  });

  it('that are not there are refused, at saving and at asking, with the nearest and the place', async () => {
    await engine.saveSegment('german', { where: 'country = "DE"' });
    const text = 'plan = "pro" and in segment germn';
    for (const work of [() => engine.query({ where: text }), () => engine.saveSegment('x', { where: text })]) {
      const error = await failure(work);
      expect([error.code, error.details?.['suggestion'], error.span]).toEqual([
        'unknown_segment',
        'german',
        { start: 28, end: 33 },
      ]);
    }
    expect((await failure(() => engine.query({ where: { segment: 'nope' } }))).code).toBe('unknown_segment');
  });

  it('that others use stay', async () => {
    await engine.saveSegment('a', { where: 'everyone' });
    await engine.saveSegment('b', { where: 'in segment a' });
    await engine.saveSegment('c', { where: 'not in segment a' });
    const error = await failure(() => engine.deleteSegment('a'));
    expect([error.code, error.status, error.details]).toEqual(['segment_in_use', 409, { segments: ['b', 'c'] }]);
    await engine.deleteSegment('b');
    await engine.deleteSegment('c');
    await engine.deleteSegment('a');
    expect((await failure(() => engine.deleteSegment('a'))).code).toBe('segment_not_found');
  });

  it.each([
    ['a b', { where: 'everyone' }, 'invalid_segment'],
    ['x'.repeat(65), { where: 'everyone' }, 'invalid_segment'],
    ['x', {}, 'invalid_segment'],
    ['x', { where: 'everyone', nmae: 'x' }, 'invalid_segment'],
    ['x', { where: 'everyone', name: 5 }, 'invalid_segment'],
    ['x', { where: 'country =' }, 'query_syntax'],
    ['x', { where: { trait: 'a', op: 'gt', value: true } }, 'query_type'],
  ])('%j with %j: %s', async (key, request, code) => {
    expect((await failure(() => engine.saveSegment(key, request as never))).code).toBe(code);
  });

  it.skipIf(isClusterForm())('of a broken file stop the start, and say which', async () => {
    await engine.close();
    writeFileSync(join(folder, 'data', 'segments.json'), '{"version":1,"segments":[{"key":"a"}]}');
    const error = await failure(() => open({ data: join(folder, 'data') }));
    expect([error.code, error.message]).toEqual([
      'storage_failed',
      expect.stringContaining('the saved segments cannot be read'),
    ]);
    writeFileSync(join(folder, 'data', 'segments.json'), '{"version":1,"segments":[]}');
    engine = await openForm({ data: join(folder, 'data'), workers: 1, clock });
  });
});

describe('the size of segments in segments', () => {
  const twice = (key: string): Expression => ({ and: [{ segment: key }, { segment: key }] });

  it('is counted before it is written out', () => {
    const store = new SegmentStore();
    const save = (key: string, where: Expression): unknown =>
      store.save(key, { name: undefined, description: undefined, where }, 0);
    save('s0', { trait: 'a', op: 'exists' });
    let refused = 0;
    for (let i = 1; i <= 60 && refused === 0; i++) {
      try {
        save(`s${i}`, twice(`s${i - 1}`));
      } catch (error) {
        expect((error as EngineError).code).toBe('query_too_large');
        refused = i;
      }
    }
    // 2^13 leaves and as many connectives are past 10,000.
    expect(refused).toBe(13);
    // What makes a whole too large is refused too.
    const wide: Expression = { or: Array.from({ length: 50 }, () => ({ trait: 'b', op: 'exists' })) };
    expect(() => save('s0', wide)).toThrow('more than 10000 parts');
    expect(store.definition('s0')).toEqual({ trait: 'a', op: 'exists' });
  });

  it('is bounded in depth', () => {
    const store = new SegmentStore();
    const save = (key: string, where: Expression): unknown =>
      store.save(key, { name: undefined, description: undefined, where }, 0);
    save('s0', { trait: 'a', op: 'exists' });
    expect(() => {
      for (let i = 1; i <= 1_000; i++) save(`s${i}`, { not: { segment: `s${i - 1}` } });
    }).toThrow('nested more than 256 deep');
  });
});

describe('names that nobody ever sent', () => {
  it('are told with the nearest one and the place, and refused when strict', async () => {
    const where = 'contry = "DE" and did "Order Complete" where total > 1 and address.city exists';
    const answer = await engine.query({ where });
    expect(answer.warnings).toEqual([
      {
        code: 'unknown_name',
        message: 'nobody ever had a trait "contry"; did you mean "country"?',
        name: 'contry',
        suggestion: 'country',
        position: 0,
        end: 6,
      },
      {
        code: 'unknown_name',
        message: 'no event "Order Complete" was ever sent; did you mean "Order Completed"?',
        name: 'Order Complete',
        suggestion: 'Order Completed',
        position: 22,
        end: 38,
      },
    ]);
    const error = await failure(() => engine.query({ where, strict: true }));
    expect([error.code, error.status, error.span, error.details]).toEqual([
      'query_unknown_name',
      400,
      { start: 0, end: 6 },
      { name: 'contry', suggestion: 'country', names: ['contry', 'Order Complete'] },
    ]);
  });

  it('do not count paths below, above and through arrays, nor what the engine keeps', async () => {
    const where =
      'address exists and address.city = "Ulm" and last_seen exists and did "Order Completed" where products.sku = "A"';
    expect((await engine.query({ where, strict: true })).warnings).toBeUndefined();
    expect((await engine.query({ where: 'address.town exists or country.x exists' })).warnings).toHaveLength(2);
    const text = 'did "Order Completed" where (totl > 1 and total > trait contry)';
    expect((await engine.saveSegment('y', { where: text })).warnings).toMatchObject([
      { name: 'totl', suggestion: 'total', position: 29, end: 33 },
      { name: 'contry', suggestion: 'country', position: 56, end: 62 },
    ]);
  });

  it('are told when a segment is saved', async () => {
    const saved = await engine.saveSegment('x', { where: 'did "Signed Up"' });
    expect(saved.warnings).toMatchObject([{ name: 'Signed Up', position: 4, end: 15 }]);
    expect(engine.segment('x')).not.toHaveProperty('warnings');
  });

  it('become known when they are sent', async () => {
    expect((await engine.query({ where: 'age > 5' })).warnings).toHaveLength(1);
    await engine.ingest([{ type: 'identify', userId: 'bob', traits: { age: 7 } }]);
    expect((await engine.query({ where: 'age > 5' })).warnings).toBeUndefined();
  });
});
