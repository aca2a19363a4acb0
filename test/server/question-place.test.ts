/** Where a mistake stands: in a text by its position, in JSON by its pointer into the body as it was sent, whoever finds it: door, grammar, saved segments or data. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../src/server/server.ts';
import type { TestEngine } from '../helpers/test-engine.ts';
import { asAdmin, asReader, call, openEngine, post, serve, stream } from './harness.ts';

let engine: TestEngine;
let server: RunningServer;
let url: string;

beforeAll(async () => {
  engine = await openEngine();
  await engine.ingest([
    { type: 'identify', userId: 'u1', traits: { country: 'DE' } },
    { type: 'track', userId: 'u1', event: 'Clicked', properties: { total: 1 } },
  ]);
  server = await serve(engine);
  url = `http://127.0.0.1:${server.port}`;
});
afterAll(async () => {
  await server.close();
  await engine.close();
});

const CLICKED = { event: 'Clicked' };

describe('a mistake', () => {
  it.each<[path: string, at: string, body: object]>([
    ['/v1/query', '/at', { at: 5 }],
    ['/v1/query', '/wehre', { wehre: 'everyone' }],
    ['/v1/query', '/where', { where: [] }],
    ['/v1/query', '/where/and/0/op', { where: { and: [{ trait: 'country', op: 'eqq', value: 1 }] } }],
    ['/v1/query', '/where/not/segment', { where: { not: { segment: 'nope' } } }],
    ['/v1/query', '/where/or/0/trait', { strict: true, where: { or: [{ trait: 'contry', op: 'exists' }, CLICKED] } }],
    ['/v1/query', '/breakdown/by/0', { strict: true, as: 'breakdown', breakdown: { by: ['contry'] } }],
    [
      '/v1/query',
      '/overlap/segments/1',
      { as: 'overlap', overlap: { segments: [{ name: 'a', where: CLICKED }, 'nope'] } },
    ],
    [
      '/v1/query',
      '/overlap/segments/0/where/not/segment',
      { as: 'overlap', overlap: { segments: [{ name: 'a', where: { not: { segment: 'nope' } } }] } },
    ],
    ['/v1/query/funnel', '/steps/1', { steps: [CLICKED, 'Clicked'] }],
    ['/v1/query/funnel', '/where/segment', { steps: [CLICKED], where: { segment: 'nope' } }],
    ['/v1/query/retention', '/period', { cohort: CLICKED, period: 'year' }],
    ['/v1/query/why', '/where/op', { id: 'u1', where: { trait: 'country', op: 'eqq', value: 1 } }],
    ['/v1/query/why', '/where/segment', { id: 'u1', where: { segment: 'nope' } }],
    ['/v1/query/why', '/wehre', { id: 'u1', wehre: 'everyone' }],
  ])('in JSON to %s stands at %s', async (path, at, body) => {
    const { status, json } = await post(`${url}${path}`, body, asReader);
    expect([status, json.error?.details?.path]).toEqual([400, at]);
  });

  it.each([
    ['in segment nope', 11, 15],
    ['country = DE', 10, 12],
  ])('in the text %s stands at %i to %i', async (where, position, end) => {
    const { status, json } = await post(`${url}/v1/query`, { where }, asReader);
    expect([status, json.error.details]).toMatchObject([400, { position, end, line: 1, column: position + 1 }]);
  });

  it('in a text is shown with carets under it, by every door', async () => {
    const where = 'everyone and\ncountry = DE';
    const shown = { position: 23, line: 2, column: 11, excerpt: '2 | country = DE\n              ^^' };
    for (const [path, body] of [
      ['query', { where }],
      ['query', { where, as: 'ids' }],
      ['query/funnel', { where, steps: [CLICKED] }],
      ['query/why', { where, id: 'u1' }],
    ] as const) {
      expect((await post(`${url}/v1/${path}`, body, asReader)).json.error.details).toMatchObject(shown);
    }
    const saved = await call(`${url}/v1/segments/a`, {
      method: 'PUT',
      headers: asAdmin,
      body: JSON.stringify({ where }),
    });
    expect(saved.json.error.details).toMatchObject(shown);
    const client = await stream({ url, server }, asReader);
    expect((await client.ask({ op: 'query', ref: 1, where })).error.details).toMatchObject(shown);
  });

  it('that is only a warning stands where it is too', async () => {
    const leaf = { trait: 'contry', op: 'exists' };
    const inJson = await post(`${url}/v1/query`, { where: { not: leaf } }, asReader);
    expect(inJson.json.warnings).toMatchObject([{ name: 'contry', suggestion: 'country', path: '/where/not/trait' }]);
    const inText = await post(`${url}/v1/query`, { where: 'not contry exists' }, asReader);
    expect(inText.json.warnings).toMatchObject([{ name: 'contry', suggestion: 'country', position: 4, end: 10 }]);
    expect(inText.json.warnings[0].path).toBeUndefined();
  });
});
