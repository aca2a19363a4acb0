/**
 * Questions made to break something: refused with a code and a place, in work that the limits bound, with the process up afterwards.
 * Work is counted by the reads of what was sent, not by a clock.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenOptions, open } from '../../src/engine/open.ts';
import { EngineError, type ErrorCode } from '../../src/model/error.ts';
import { DEFAULT_QUERY_LIMITS } from '../../src/model/limits.ts';
import type { QueryRequest } from '../../src/model/query.ts';
import { checkRequest } from '../../src/query/parser/check-request.ts';
import { openCluster, type TestEngine } from '../helpers/test-engine.ts';
import { temporaryFolder } from '../process/kith-process.ts';
import { BAD_QUESTIONS, GOOD_REQUESTS, GOOD_TEXTS, nested } from './query-case.ts';
import { GARBAGE, mutatedJson, mutatedText, seededRandom, withGarbage } from './query-mutation.ts';
import { expectProper, expectRefused, SteadyServer } from './steady.ts';

/** What a caller's mistake may be called. */
const CALLERS_CODES: readonly ErrorCode[] = [
  'query_syntax',
  'query_invalid',
  'query_type',
  'query_too_large',
  'query_unsupported',
  'query_unknown_name',
  'query_timeout',
  'invalid_cursor',
  'invalid_segment',
  'unknown_segment',
  'segment_cycle',
];
/** The door has its own words for bodies that are no request at all. */
const DOOR_CODES: readonly ErrorCode[] = ['malformed_json', 'invalid_request', 'payload_too_large', 'query_invalid'];
/** Written by hand: JSON.stringify itself gives up at such depths. */
const DEEP_BODIES = ['{"not":', '{"and":[', '[', '{"trait":"x","op":"eq","value":'].map(
  (open) => `{"where":${open.repeat(50_000)}`,
);
const SEED = 20_240_315;
const MUTATION_COUNT = 1_500;

let engine: TestEngine;

/** Answers, or the error: an answer is fine as well unless `isBad`. */
async function refusalOf(run: () => Promise<unknown>): Promise<EngineError | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw new Error(`not an error of the engine: ${error instanceof Error ? error.stack : String(error)}`);
  }
}

function ask(request: unknown): Promise<EngineError | undefined> {
  return refusalOf(() => engine.query(request as QueryRequest));
}

function expectPlaced(error: EngineError): void {
  expect(CALLERS_CODES, error.message).toContain(error.code);
  expect(error.message.length).toBeGreaterThan(10);
  expect(error.message.length).toBeLessThan(2_000);
}

describe.each<[name: string, openEngine: (options: OpenOptions) => Promise<TestEngine>]>([
  ['one process', open],
  ['a cluster', openCluster],
])('%s', (_name, openEngine) => {
  beforeAll(async () => {
    engine = await openEngine({ data: temporaryFolder(true), shards: 2, workers: 1, checkpointIntervalMs: 0 });
    const items = Array.from({ length: 60 }, (_, i) => [
      { type: 'identify', userId: `u${i}`, traits: { plan: i % 2 === 0 ? 'pro' : 'free', age: i, tags: [i % 3, 'x'] } },
      { type: 'track', userId: `u${i}`, event: 'Order Completed', properties: { total: i, sku: `A${i % 4}` } },
      { type: 'track', userId: `u${i}`, event: 'Clicked', properties: { total: i, sku: 'A1' } },
    ]).flat();
    await engine.ingest(items, { ack: 'applied' });
    await engine.saveSegment('plain', { where: 'plan = "pro"' });
  });

  afterAll(() => engine.close());

  describe('a bad question', () => {
    it.each(BAD_QUESTIONS)('is refused with its place: $name', async ({ request, codes }) => {
      const error = await ask(request);
      expect(error, 'it was answered').toBeDefined();
      expectPlaced(error!);
      expect(codes).toContain(error!.code);
      const isPlaced = error!.span !== undefined || typeof error!.details?.['path'] === 'string';
      expect(isPlaced, `no place: ${JSON.stringify(error)}`).toBe(true);
    });

    it('is read only so far as the limits go', () => {
      const most = 20 * DEFAULT_QUERY_LIMITS.nodeCount;
      for (const { request } of BAD_QUESTIONS) {
        const counter = { reads: 0 };
        // Some are refused only where the data is known; here the reads count.
        expect(() => checkRequest(counted(request, counter))).toSatisfy(endsProperly);
        expect(counter.reads).toBeLessThan(most);
      }
    });
  });

  function endsProperly(run: () => unknown): boolean {
    try {
      run();
      return true;
    } catch (error) {
      return error instanceof EngineError;
    }
  }

  /** The same JSON, whose every read of a member is counted. */
  function counted(json: unknown, counter: { reads: number }): unknown {
    if (typeof json !== 'object' || json === null) return json;
    return new Proxy(json, {
      get(target, key) {
        counter.reads += 1;
        return counted(Reflect.get(target, key), counter);
      },
    });
  }

  describe('a pattern that takes minutes elsewhere', () => {
    beforeAll(async () => {
      const items = Array.from({ length: 20 }, (_, i) => ({
        type: 'identify',
        userId: `u${i}`,
        traits: { blob: `${'a'.repeat(50_000 + i)}${i % 2 === 0 ? '!' : 'X'}` },
      }));
      await engine.ingest(items, { ack: 'applied' });
    });

    it.each([
      ['(a+)+$', 0],
      ['^(([a-z])+.)+[A-Z]$', 10],
      [`${'(.*a)'.repeat(150)}X`, 10],
      [`${'(a?a?a?a?)*'.repeat(80)}!$`, 10],
      [`${'[a-z]*'.repeat(160)}b`, 0],
      [`${'(.*)'.repeat(200)}X$`, 10],
    ])('is answered on long texts: %s', async (value, count) => {
      expect(await engine.query({ where: { trait: 'blob', op: 'matches', value } })).toMatchObject({ count });
    });
  });

  describe('segments', () => {
    it('that reach themselves are refused with the way', async () => {
      await engine.saveSegment('c1', { where: 'everyone' });
      for (const [key, to] of [
        ['c2', 'c1'],
        ['c3', 'c2'],
        ['c4', 'c3'],
      ])
        await engine.saveSegment(key, { where: { segment: to } });
      const error = await refusalOf(() => engine.saveSegment('c1', { where: { not: { segment: 'c4' } } }));
      expect(error?.code).toBe('segment_cycle');
      expect(error?.details?.['path']).toEqual(expect.arrayContaining(['c1', 'c2', 'c3', 'c4']));
      expect((await refusalOf(() => engine.saveSegment('self', { where: { segment: 'self' } })))?.code).toMatch(
        /segment_cycle|unknown_segment/,
      );
      expect(await ask({ where: { segment: 'c4' } })).toBeUndefined();
    });

    it('that are not there are refused, with the nearest one that is', async () => {
      const error = await ask({ where: 'in segment plian' });
      expect(error).toMatchObject({ code: 'unknown_segment', details: { suggestion: 'plain' } });
      expect(error?.span).toBeDefined();
    });

    it('that double at every step are refused by their size, before anybody walks them', async () => {
      await engine.saveSegment('d0', { where: 'age > 10' });
      let refused: EngineError | undefined;
      let depth = 0;
      while (refused === undefined && depth < 60) {
        depth += 1;
        const below = { segment: `d${depth - 1}` };
        refused = await refusalOf(() => engine.saveSegment(`d${depth}`, { where: { and: [below, { not: below }] } }));
      }
      expect(refused?.code).toBe('query_too_large');
      expect(await ask({ where: { segment: `d${depth - 1}` } })).toBeUndefined();
    });

    it('of segments of segments are refused where they go too deep', async () => {
      await engine.saveSegment('n0', { where: 'age > 10' });
      let refused: EngineError | undefined;
      let count = 0;
      while (refused === undefined && count < 50) {
        count += 1;
        const where = nested(30, (not) => ({ not }), { segment: `n${count - 1}` }) as { segment: string };
        refused = await refusalOf(() => engine.saveSegment(`n${count}`, { where }));
      }
      expect(refused?.code).toBe('query_too_large');
    });

    it.each(['', 'a b', 'ü', '../x', 'x'.repeat(65), '__proto__ '])(
      'have keys of plain characters, not %j',
      async (key) => {
        const error = await refusalOf(() => engine.saveSegment(key, { where: 'everyone' }));
        expect(error?.code).toBe('invalid_segment');
      },
    );

    it('with garbage in any field are refused or taken, never a mistake of ours', async () => {
      for (const field of ['name', 'description', 'where', 'key']) {
        for (const value of GARBAGE) {
          const error = await refusalOf(() =>
            engine.saveSegment('garbage', { where: 'everyone', [field]: value } as never),
          );
          if (error !== undefined) expectPlaced(error);
        }
      }
    });
  });

  describe('strictness', () => {
    it.each([
      [{ where: 'plam = "pro"' }, 'plan'],
      [{ where: 'did "Order Complete"' }, 'Order Completed'],
      [{ where: 'did "Clicked" where totl > 1' }, 'total'],
      [{ as: 'breakdown', breakdown: { by: ['plam'] } }, 'plan'],
      [{ as: 'funnel', funnel: { steps: [{ event: 'Cliked' }, { event: 'Order Completed' }] } }, 'Clicked'],
    ])('refuses a name that nobody ever sent: %j', async (request, suggestion) => {
      const error = await ask({ ...request, strict: true });
      expect(error).toMatchObject({ code: 'query_unknown_name', details: { suggestion } });
    });
  });

  describe('garbage', () => {
    it('in any field of any request is refused or answered, never a mistake of ours', async () => {
      let count = 0;
      for (const request of GOOD_REQUESTS) {
        for (const broken of withGarbage(request)) {
          const error = await ask(broken);
          if (error !== undefined) expectPlaced(error);
          count += 1;
        }
      }
      expect(count).toBeGreaterThan(1_000);
    });

    it('by mutation of requests and texts too', async () => {
      const random = seededRandom(SEED);
      for (let i = 0; i < MUTATION_COUNT; i++) {
        const request = mutatedJson(GOOD_REQUESTS[i % GOOD_REQUESTS.length], GOOD_REQUESTS, random);
        const text = mutatedText(GOOD_TEXTS[i % GOOD_TEXTS.length], GOOD_TEXTS, random);
        for (const each of [request, { where: text }]) {
          const error = await ask(each).catch((cause: unknown) => {
            throw new Error(`seed ${SEED}, ${JSON.stringify(each)}`, { cause });
          });
          if (error !== undefined) expectPlaced(error);
        }
      }
    });
  });
});

describe('over the wire', () => {
  it('the server stands after every blow', async () => {
    const server = await SteadyServer.start();
    for (const { request, codes } of BAD_QUESTIONS.filter(({ isDeep }) => isDeep !== true)) {
      const answer = await server.kith.post('/v1/query', JSON.stringify(request));
      expectRefused(answer, [...codes, ...DOOR_CODES]);
    }
    for (const text of DEEP_BODIES) expectRefused(await server.kith.post('/v1/query', text));
    for (const request of GOOD_REQUESTS) expectProper(await server.kith.post('/v1/query', request));
    await server.expectSteady();
  });
});
