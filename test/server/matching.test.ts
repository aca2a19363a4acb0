import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Suggestion } from '../../src/model/matching.ts';
import { errorAnswer } from '../../src/server/openapi/ingest-schema.ts';
import { matchingState, suggestion, suggestionPage } from '../../src/server/openapi/matching-schema.ts';
import type { RunningServer } from '../../src/server/server.ts';
import type { TestEngine } from '../helpers/test-engine.ts';
import { crowd } from '../unit/engine/matching-people.ts';
import { type Answer, asAdmin, asReader, asWriter, call, openEngine, post, serve } from './harness.ts';

const SEED = 31;
let engine: TestEngine;
let server: RunningServer;
let url: string;

beforeEach(async () => {
  engine = await openEngine({ shards: 2, workers: 1 });
  server = await serve(engine);
  url = `${server.url}/v1/identity`;
  await engine.ingest(crowd(SEED, 300).items);
});
afterEach(async () => {
  await server.close();
  await engine.close();
});

const read = (path: string): Promise<Answer> => call(url + path, { headers: asReader });
const admin = (path: string, body: unknown): Promise<Answer> => post(url + path, body, asAdmin);
const cancel = (): Promise<Answer> => call(`${url}/matching`, { method: 'DELETE', headers: asAdmin });

describe('probable duplicates', () => {
  test('a run begins, is watched, refuses a second and suggests pairs that are decided', async () => {
    expect(matchingState.parse((await read('/matching')).json)).toEqual({ state: 'never' });
    const begun = await admin('/matching', { suggestFrom: 0.7, seed: 3 });
    expect([begun.status, matchingState.parse(begun.json).state]).toEqual([202, 'running']);
    const second = await admin('/matching', {});
    expect([second.status, errorAnswer.parse(second.json).error.code]).toEqual([409, 'matching_running']);
    expect(matchingState.parse((await read('/matching')).json).state).toBe('running');
    await engine.matching.settled();
    const done = matchingState.parse((await read('/matching')).json);
    expect(done).toMatchObject({ state: 'done', profiles: 300, suggested: expect.any(Number) });
    expect(done.suggested).toBeGreaterThan(15);

    const found: Suggestion[] = [];
    for (let path: string | undefined = '/suggestions?limit=10'; path !== undefined; ) {
      const page = suggestionPage.parse((await read(path)).json);
      found.push(...page.suggestions);
      path = page.cursor && `/suggestions?state=open&limit=10&cursor=${encodeURIComponent(page.cursor)}`;
    }
    expect(found).toHaveLength(done.suggested!);
    const [first, next] = found;
    const accepted = await admin(`/suggestions/${first.id}`, { decision: 'accept' });
    expect([accepted.status, suggestion.parse(accepted.json).state]).toEqual([200, 'accepted']);
    const [a, b] = await Promise.all(
      [first.a, first.b].map(({ value }) => call(`${server.url}/v1/profiles/${value}`, { headers: asReader })),
    );
    expect(a.json).toEqual(b.json);
    expect((await admin(`/suggestions/${next.id}`, { decision: 'reject' })).json.state).toBe('rejected');
    const again = await admin(`/suggestions/${next.id}`, { decision: 'accept' });
    expect([again.status, again.json.error.code]).toEqual([409, 'suggestion_decided']);
    for (const [state, id] of [
      ['accepted', first.id],
      ['rejected', next.id],
    ]) {
      const page = suggestionPage.parse((await read(`/suggestions?state=${state}`)).json);
      expect(page.suggestions.map((one) => one.id)).toEqual([id]);
    }
  });

  test('DELETE answers when the run has ended, and is no mistake without one', async () => {
    expect((await cancel()).json).toEqual({ state: 'never' });
    await admin('/matching', {});
    const { status, json } = await cancel();
    expect([status, matchingState.parse(json).state]).toEqual([200, 'cancelled']);
    expect((await admin('/matching', {})).status).toBe(202);
  });

  describe('refuses', () => {
    test.each([
      [[], 'the body must be a JSON object'],
      [{ field: ['surname'] }, 'did you mean "fields"?'],
      [{ fields: 'surname' }, '"fields" must be a list'],
      [{ fields: [1] }, '"fields" must be a list'],
      [{ fields: [] }, 'at least one trait'],
      [{ fields: ['sirname'] }, 'no profile has a trait "sirname"'],
      [{ suggestFrom: '0.8' }, '"suggestFrom" must be a number'],
      [{ suggestFrom: 1 }, '"suggestFrom" must be a probability'],
      [{ seed: -1 }, '"seed" must be a whole number'],
      [{ seed: 0.5 }, '"seed" must be a whole number'],
    ])('a run with %j', async (body, message) => {
      const { status, json } = await admin('/matching', body);
      expect([status, json.error.code, json.error.message]).toEqual([
        400,
        'invalid_request',
        expect.stringContaining(message),
      ]);
      expect((await engine.matching.state).state).toBe('never');
    });

    test.each([
      ['state=closed', '"state" must be one of open, accepted, rejected'],
      ['limit=0', '"limit" must be a whole number'],
      ['limit=1001', '"limit" must be a whole number'],
      ['limit=1&limit=2', '"limit" is there twice'],
      ['sort=a', 'there is no parameter "sort"'],
      ['cursor=x', 'the cursor is not one'],
    ])('a page with %s', async (query, message) => {
      const { status, json } = await read(`/suggestions?${query}`);
      expect([status, json.error.message]).toEqual([400, expect.stringContaining(message)]);
    });

    test.each([[{}], [{ decision: 'accepted' }], [{ decision: true }], [{ decision: 'accept', dryRun: true }]])(
      'the decision %j',
      async (body) => {
        const { status, json } = await admin('/suggestions/s_1', body);
        expect([status, json.error.code]).toEqual([400, 'invalid_request']);
      },
    );

    test('a suggestion that there is not', async () => {
      const { status, json } = await admin('/suggestions/s_1', { decision: 'accept' });
      expect([status, json.error.code]).toEqual([404, 'suggestion_not_found']);
    });

    test('whoever has no admin key', async () => {
      for (const headers of [asReader, asWriter]) {
        expect((await post(`${url}/matching`, {}, headers)).status).toBe(403);
        expect((await post(`${url}/suggestions/s_1`, { decision: 'accept' }, headers)).status).toBe(403);
        expect((await call(`${url}/matching`, { method: 'DELETE', headers })).status).toBe(403);
      }
      for (const path of ['/matching', '/suggestions']) {
        expect((await call(url + path, { headers: asWriter })).status).toBe(403);
      }
    });
  });
});
